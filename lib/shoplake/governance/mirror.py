"""Making a keyed table hold exactly the given rows, touching only rows that differ."""

from __future__ import annotations

from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from shoplake.contracts.model import Contract
from shoplake.governance.ledger import insert
from shoplake.governance.passes import NOT_COMPARED, NOTHING, Digest, comparable, digest
from shoplake.runtime.lake import Lake


def mirror(
    lake: Lake,
    contract: Contract,
    rows: DataFrame,
    slices: list[tuple[object, ...]] | None,
    found: Digest | None = None,
    held: Digest | None = None,
) -> None:
    """MERGE `rows` into the table: insert new keys, update changed rows, delete keys that are gone.

    Args:
        lake: where the table is; it exists.
        contract: its key identifies a row.
        rows: unique by the key.
        slices: when given, only rows of the table whose `slice_by` columns hold one of these
            values are compared and deleted.
        found: the digest of `rows` where it is known.
        held: the digest of all that the table holds where it is known.
    """
    target = lake.read(contract.table)
    scope = _scope(contract, slices)
    if held is None or slices is not None:
        held = NOTHING if lake.is_empty(contract.table) else digest(target.where(scope), contract)
    if held[0] == 0:
        insert(lake, contract, rows.write.format("delta").mode("append"))
        return
    # A MERGE that changes nothing would still commit a version.
    if held == (found or digest(rows, contract)):
        return
    compared = [c for c in contract.columns if c.name not in (*contract.key, *NOT_COMPARED)]
    pairs = ((comparable(c, "t"), comparable(c, "s")) for c in compared)
    differs = " OR ".join(f"NOT ({old} <=> {new})" for old, new in pairs) or "false"
    same_key = " AND ".join(f"t.`{c}` = s.`{c}`" for c in contract.key)
    delete_where = scope if slices is None else _scope(contract, slices, "t")
    (
        lake.delta(contract.table)
        .alias("t")
        .merge(rows.alias("s"), same_key)
        .whenMatchedUpdateAll(condition=differs)
        .whenNotMatchedInsertAll()
        .whenNotMatchedBySourceDelete(condition=delete_where)
        .execute()
    )


def _scope(contract: Contract, slices: list[tuple[object, ...]] | None, alias: str = "") -> Column:
    if slices is None:
        return F.lit(True)
    prefix = f"{alias}." if alias else ""
    one = [
        reduce(
            lambda a, b: a & b,
            [
                F.col(f"{prefix}{c}") == F.lit(v)
                for c, v in zip(contract.slice_by, values, strict=True)
            ],
        )
        for values in slices
    ]
    return reduce(lambda a, b: a | b, one, F.lit(False))
