"""Making a keyed table hold exactly the given rows, writing no more files than differ.

Delta rewrites every file in which a row of the source finds its key, whether or not the row is then
updated: given all rows, a MERGE writes the whole table again. So what differs is found first, by
one join on key and hash, and only that is merged: tests/bench/bench_merge.py. A little table is
written anew, in one commit: looking for what differs would take several times as long.
"""

from __future__ import annotations

from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from shoplake.contracts.model import Contract
from shoplake.governance.ledger import add_few, insert
from shoplake.governance.passes import NOT_COMPARED, NOTHING, Digest, comparable, digest
from shoplake.runtime.lake import Lake

_IS, _WAS, _GONE, _NEW = "_is", "_was", "_gone", "_new"
#: Bytes up to which a table is little.
LITTLE = 16_000_000


def mirror(
    lake: Lake,
    contract: Contract,
    rows: DataFrame,
    slices: list[tuple[object, ...]] | None,
    found: Digest | None = None,
    held: Digest | None = None,
    little: int = LITTLE,
    *,
    few: bool = False,
) -> None:
    """Bring `rows` into the table: new keys, changed rows, and no more of what is gone.

    Args:
        lake: where the table is; it exists.
        contract: its key identifies a row.
        rows: unique by the key.
        slices: when given, only rows of the table whose `slice_by` columns hold one of these
            values are compared and deleted.
        found: the digest of `rows` where it is known.
        held: the digest of all that the table holds where it is known.
        little: bytes up to which the whole table is written anew.
        few: the rows may be taken to the driver.
    """
    scope, size = _scope(contract, slices), lake.size(contract.table)
    if held is None or slices is not None:
        held = NOTHING if size == 0 else digest(lake.read(contract.table).where(scope), contract)
    if held[0] == 0:
        insert(lake, contract, rows.write.format("delta").mode("append"))
        return
    # Writing what is there already would still commit a version.
    if held == (found or digest(rows, contract)):
        return
    if slices is None and size is not None and size <= little:
        if few and add_few(lake, contract, rows.toArrow(), instead=True):
            return
        # Whatever the session says, partitions without rows of the new go too.
        whole = rows.write.format("delta").option("partitionOverwriteMode", "static")
        insert(lake, contract, whole.mode("overwrite"))
        return
    target = lake.read(contract.table).where(scope)
    with lake.held(_differing(rows, target, contract)) as keys:
        keys.count()  # so that its size is known, and a few keys are sent round
        _merge(lake, contract, rows, keys.drop(_NEW))


def exchange(
    lake: Lake, contract: Contract, part: DataFrame, rows: DataFrame, *, few: bool = False
) -> None:
    """Bring `rows` into the table in place of `part`; the other rows stay as they are.

    Args:
        lake: where the table is; it exists.
        contract: its key identifies a row.
        part: rows of the table.
        rows: unique by the key; none has that of a row outside of `part`.
        few: all these may be compared by one task and taken to the driver.
    """
    with lake.held(_differing(rows, part, contract, few)) as keys:
        found = keys.agg(F.count("*"), F.count_if(_NEW)).first()
        assert found is not None
        if found[0] == 0:
            return
        size = lake.size(contract.table)
        fresh = rows.join(keys.where(~F.col(_GONE)), list(contract.key), "left_semi")
        if found[0] == found[1]:
            if not (few and add_few(lake, contract, fresh.toArrow())):
                insert(lake, contract, fresh.write.format("delta").mode("append"))
        elif size is not None and size <= LITTLE:
            others = lake.read(contract.table).join(keys, list(contract.key), "left_anti")
            whole = others.unionByName(fresh).write.format("delta").mode("overwrite")
            insert(lake, contract, whole.option("partitionOverwriteMode", "static"))
        else:
            _merge(lake, contract, rows, keys.drop(_NEW))


def _merge(lake: Lake, contract: Contract, rows: DataFrame, keys: DataFrame) -> None:
    """MERGE the rows of these keys, as `_differing` gives them."""
    same_key = " AND ".join(f"t.`{c}` = s.`{c}`" for c in contract.key)
    changed = rows.join(keys.where(~F.col(_GONE)), list(contract.key))
    gone = keys.where(_GONE)
    with lake.held(changed.unionByName(gone, allowMissingColumns=True)) as few:
        (
            lake.delta(contract.table)
            .alias("t")
            .merge(few.alias("s"), same_key)
            .whenMatchedDelete(condition=f"s.`{_GONE}`")
            .whenMatchedUpdateAll()
            .whenNotMatchedInsertAll(condition=f"NOT s.`{_GONE}`")
            .execute()
        )


def _differing(
    rows: DataFrame, target: DataFrame, contract: Contract, few: bool = False
) -> DataFrame:
    """Keys of rows that are new (`_new: boolean`), changed or gone (`_gone: boolean`).

    Changes are told by a hash of 64 bits: that one goes unseen has a chance of 2^-64.
    """
    compared = [c for c in contract.columns if c.name not in (*contract.key, *NOT_COMPARED)]
    hashed = F.xxhash64(*(F.expr(comparable(c)) for c in compared)) if compared else F.lit(0)
    now = rows.select(*contract.key, hashed.alias(_IS), F.lit(None).cast("bigint").alias(_WAS))
    before = target.select(*contract.key, F.lit(None).cast("bigint").alias(_IS), hashed.alias(_WAS))
    # A join would sort both sides.
    both = (
        (now.unionAll(before).coalesce(1) if few else now.unionAll(before))
        .groupBy(*contract.key)
        .agg(F.max(_IS).alias(_IS), F.max(_WAS).alias(_WAS))
    )
    differs = ~F.col(_IS).eqNullSafe(F.col(_WAS))
    is_gone, is_new = F.col(_IS).isNull().alias(_GONE), F.col(_WAS).isNull().alias(_NEW)
    return both.where(differs).select(*contract.key, is_gone, is_new)


def _scope(contract: Contract, slices: list[tuple[object, ...]] | None) -> Column:
    if slices is None:
        return F.lit(True)
    one = [
        reduce(
            lambda a, b: a & b,
            [F.col(c) == F.lit(v) for c, v in zip(contract.slice_by, values, strict=True)],
        )
        for values in slices
    ]
    return reduce(lambda a, b: a | b, one, F.lit(False))
