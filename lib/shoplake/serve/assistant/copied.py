"""The assistant's reader of a catalog: Spark copies its few tables to this machine.

The role policies are then applied to the copies by the code that reads a lake of folders, so that
an answer is the same there and here. Tables are copied whole when they have changed: the orders of
a large shop take memory and disk of the driver. The copies go with the process.
"""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Iterable

import sqlglot
from sqlglot import expressions as exp

from shoplake.errors import ShoplakeError
from shoplake.governance.policies.model import Policies
from shoplake.runtime.lake import Lake
from shoplake.runtime.sql import table_folder
from shoplake.serve.assistant.lake import GUEST, QUERIES, ROLE, Reader, Rows


class CopyReader(Reader):
    """Reads a catalog under the role `assistant`, or `public` for guests.

    Args:
        lake: of a catalog.
        shop: products and orders of this shop alone.
        policies: the roles (default: `conf/policies.yml`).

    Raises:
        ShoplakeError: the library that reads the copies is not installed.
    """

    def __init__(
        self, lake: Lake, shop: str | None = None, policies: Policies | None = None
    ) -> None:
        _need_deltalake()
        self._lake = lake
        self._folder = tempfile.TemporaryDirectory(prefix="shoplake-assistant-")
        here = {"lake": self._folder.name, "catalog": None, "schema_prefix": ""}
        super().__init__(dataclasses.replace(lake.settings, **here), shop, policies)  # type: ignore[arg-type]
        self._wanted = sorted({*QUERIES, *_looked_at(self._policies)})
        self._copied: dict[str, int] = {}

    def at_once(self) -> Reader:
        """A reader of the tables as they are now."""
        self._catch_up()
        other = super().at_once()
        assert isinstance(other, CopyReader)
        other._copied = dict(self._copied)
        return other

    def _rows(self, subject: str | None, wanted: tuple[str, ...]) -> Rows:
        if self._opened is None:
            self._catch_up()
        return super()._rows(subject, wanted)

    def _versions(self, names: Iterable[str]) -> dict[str, int]:
        """The version in the catalog of each table that was copied."""
        if self._opened is None:
            self._catch_up()
        return {name: self._copied[name] for name in names}

    def _catch_up(self) -> None:
        from deltalake import write_deltalake

        for table in self._wanted:
            version = self._lake.version(table)
            if version is None or version == self._copied.get(table):
                continue
            rows = self._lake.arrow(table, self._book[table].column_names, version)
            folder = str(table_folder(self.settings, table))
            write_deltalake(folder, rows, mode="overwrite", schema_mode="overwrite")
            self._copied[table] = version


def _need_deltalake() -> None:
    try:
        import deltalake  # noqa: F401
    except ImportError:
        raise ShoplakeError(
            "the assistant reads its copies of a catalog's tables with deltalake, which is missing",
            remedy="add the library deltalake, of the version in setup.py, to the task",
        ) from None


def _looked_at(policies: Policies) -> set[str]:
    """Tables that the row filters of the two roles look at."""
    filters = [where for role in (ROLE, GUEST) for where in policies.roles[role].rows.values()]
    found = (t for where in filters for t in sqlglot.parse_one(
        f"SELECT 1 WHERE ({where})", dialect="databricks").find_all(exp.Table))  # fmt: skip
    return {f"{table.db}.{table.name}" for table in found}
