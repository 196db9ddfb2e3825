"""Whose a shop's ids were at two states of the lake, and which of them became somebody else's."""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import Window
from pyspark.sql import functions as F

from shoplake.governance.run import Run
from shoplake.refine.identify import raw_person
from shoplake.refine.records import in_shop, with_shop
from shoplake.refine.vault import VAULT
from shoplake.runtime.appended import readable

PEOPLE, IDENTITIES = "bronze.people", "silver.identities"
#: Ids that are kept on the driver.
MOST = 500_000

#: `<shop>:<id>` or `<shop>:<pseudonym>` -> person_key.
Names = dict[str, str]


class Persons:
    """The ids that are not persons of their own, at versions of `silver.identities`.

    Args:
        run: whose lake is read; of folders.
    """

    def __init__(self, run: Run) -> None:
        self.run = run
        self._found: dict[int | None, Names | None] = {None: {}}

    def known(self, *states: Mapping[str, int]) -> list[Names]:
        """The ids of each state; once where they are the same. `changed` is to be asked first."""
        found: list[Names] = []
        for state in states:
            names = self._at(state.get(IDENTITIES)) or {}
            if names not in found:
                found.append(names)
        return found

    def changed(self, then: Mapping[str, int], now: Mapping[str, int]) -> set[str] | None:
        """Ids and persons of whom something else is known now, if it is only who they are.

        Returns:
            Ids as in `Names` and the `person_key` they had and have; None where it cannot be told.
        """
        before, after = (self._at(state.get(IDENTITIES)) for state in (then, now))
        named = self._newly_named(then, now)
        if before is None or after is None or named is None:
            return None
        moved = {i for i in before.keys() | after.keys() if before.get(i) != after.get(i)}
        if moved and self._has_retired(now):
            return None
        persons = {known[i] for known in (before, after) for i in moved if i in known}
        return moved | persons | named

    def _at(self, version: int | None) -> Names | None:
        if version not in self._found:
            assert version is not None
            self._found[version] = self._read(version)
        return self._found[version]

    def _read(self, version: int) -> Names | None:
        lake = self.run.lake
        if not readable(lake, IDENTITIES, version) or not lake.exists(PEOPLE):
            return None
        rows = lake.read(IDENTITIES, version)
        shared = F.count("*").over(Window.partitionBy("person_key")) > 1
        rows = rows.withColumn("_shared", shared | (F.col("person_key") != F.col("identity_key")))
        rows = rows.where("_shared OR own_key IS NOT NULL")
        said = with_shop(lake.read(PEOPLE)).select("row_id", in_shop(raw_person()).alias("_id"))
        named = rows.join(said, "row_id", "left").select(
            "person_key",
            "_id",
            in_shop(F.col("identity_key")).alias("_identity"),
            in_shop(F.col("own_key")).alias("_own"),
        )
        table = named.limit(MOST + 1).toArrow()
        if table.num_rows > MOST or table.column("_id").null_count:
            return None
        found: Names = {}
        for row in table.to_pylist():
            for name in (row["_id"], row["_identity"], row["_own"]):
                if name is not None:
                    found[name] = row["person_key"]
        return found

    def _newly_named(self, then: Mapping[str, int], now: Mapping[str, int]) -> set[str] | None:
        """Pseudonyms that the vault did not know: a record may have named one before."""
        if then.get(VAULT) == now.get(VAULT):
            return set()
        lake = self.run.lake
        if VAULT not in then or VAULT not in now or not readable(lake, VAULT, then[VAULT]):
            return None
        if self._has_retired(now):
            return None
        before, after = (lake.read(VAULT, state[VAULT]) for state in (then, now))
        unknown = after.join(before, "pseudonym", "left_anti")
        new = unknown.select(in_shop(F.col("pseudonym")))
        found = {row[0] for row in new.limit(MOST + 1).collect()}
        return None if len(found) > MOST else found

    def _has_retired(self, now: Mapping[str, int]) -> bool:
        """Whether a record may name a person by a pseudonym of an earlier key, none of `Names`.

        Only of a table that reads the vault; in others such a pseudonym is nobody.
        """
        if VAULT not in now:
            return False
        return not self.run.lake.read(VAULT, now[VAULT]).where("retired").isEmpty()
