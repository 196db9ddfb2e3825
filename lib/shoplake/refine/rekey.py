"""After the key has changed: pseudonyms of the old one become those of the new one, in place.

Silver is rebuilt from bronze, since its batches are named by the key. Gold keeps days that are not
made again, so its pseudonyms are exchanged through the vault; the old key is not needed for that.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from shoplake.contracts.model import Contract
from shoplake.governance.amend import Change
from shoplake.governance.quarantine import quarantine_contract
from shoplake.governance.run import Run
from shoplake.refine.pseudonym import Secret, key_id
from shoplake.refine.vault import SOURCES, VAULT, renamed, vault
from shoplake.runtime.appended import appended
from shoplake.runtime.console import say


def keep_vault(run: Run, key: Secret) -> None:
    """Bring the vault up to date with bronze; if the key has changed, gold's pseudonyms first.

    The vault is written last, so that a run that was killed is noticed by the next one.
    """
    lake = run.lake
    tables = [t for t in SOURCES if lake.exists(t)]
    if not tables:
        return
    if key_changed(run, key):
        rekey(run, key)
    run.build(
        VAULT,
        lambda read: vault(tables, read, lake.read(VAULT) if lake.exists(VAULT) else None, key),
        inputs=tables,
        params=[key_id(key)],
        change=partial(_grown, run, key),
    )


def _grown(run: Run, key: Secret, then: Mapping[str, int], now: Mapping[str, int]) -> Change | None:
    """What records that were added since say of people; None where some were also taken away."""
    lake = run.lake
    news = {table: appended(lake, table, then.get(table), now[table]) for table in now}
    found = {table: rows for table, rows in news.items() if rows is not None}
    if then.keys() - now.keys() or len(found) < len(news):
        return None
    fresh = vault(tuple(found), found.__getitem__, None, key)
    known = lake.read(VAULT).where("NOT retired")
    before = known.join(fresh, "pseudonym", "left_semi")
    earlier = before.select("pseudonym", F.col("first_seen").alias("_before"))
    first = F.least("first_seen", "_before")
    after = fresh.join(earlier, "pseudonym", "left").withColumn("first_seen", first)
    return Change(before, after.drop("_before"))


def key_changed(run: Run, key: Secret) -> bool:
    """Whether the vault is of another key than this one."""
    if not run.lake.exists(VAULT):
        return False
    now = run.lake.read(VAULT).where("NOT retired").select("key_id").distinct().collect()
    return {row[0] for row in now} not in ({key_id(key)}, set())


def rekey(run: Run, key: Secret) -> dict[str, int]:
    """Exchange every pseudonym in gold and its quarantines; doing it again changes nothing.

    Returns:
        The tables that held some, and their new Delta version.
    """
    names = renamed(run.lake.read(VAULT), key)
    changed: dict[str, int] = {}
    with run.lake.held(names) as exchanged:
        for contract in run.contracts:
            columns = [c.name for c in contract.columns if c.classification == "pseudonym"]
            if not contract.table.startswith("gold.") or not columns:
                continue
            for column in columns:
                _exchange(run, contract, column, exchanged, changed)
                _exchange_held(run, contract, column, exchanged, changed)
    for table, version in changed.items():
        say(run.step, f"{table:<24} pseudonyms of the new key, version {version}")
    return changed


def _exchange(
    run: Run, contract: Contract, column: str, names: DataFrame, changed: dict[str, int]
) -> None:
    if run.lake.exists(contract.table):
        new = {f"t.`{column}`": F.col("n.new")}
        _merge(run, contract.table, F.col(f"t.`{column}`"), new, names, changed)


def _exchange_held(
    run: Run, contract: Contract, column: str, names: DataFrame, changed: dict[str, int]
) -> None:
    """In a held row the pseudonym stands in the record's JSON and maybe among the reasons."""
    table = quarantine_contract(contract).table
    if not run.lake.exists(table):
        return
    new = {
        "t.record": F.replace(F.col("t.record"), F.col("n.old"), F.col("n.new")),
        "t.reasons": F.transform(
            "t.reasons",
            lambda r: r.withField("value", F.replace(r["value"], F.col("n.old"), F.col("n.new"))),
        ),
    }
    _merge(run, table, F.get_json_object("t.record", f"$.{column}"), new, names, changed)


def _merge(
    run: Run,
    table: str,
    value: Column,
    new: dict[str, Column],
    names: DataFrame,
    changed: dict[str, int],
) -> None:
    old, mapping = run.lake.read(table).alias("t"), names.alias("n")
    if old.join(mapping, value == F.col("n.old"), "left_semi").isEmpty():
        return  # a MERGE that matches nothing would still be a version
    target = run.lake.delta(table).alias("t")
    target.merge(mapping, value == F.col("n.old")).whenMatchedUpdate(set=new).execute()  # type: ignore[arg-type]
    version = run.lake.version(table)
    assert version is not None
    changed[table] = version
