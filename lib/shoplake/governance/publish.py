"""Publishing: rows are judged once; good ones enter the table, held ones the quarantine."""

from __future__ import annotations

from datetime import UTC, datetime

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from shoplake.contracts.ddl import schema
from shoplake.contracts.model import MASKED, Contract
from shoplake.errors import GovernanceError
from shoplake.governance.judge import (
    CAST_FAILURES,
    DUPLICATE_OF,
    breaks,
    judge,
    reasons,
    rule_broken,
)
from shoplake.governance.ledger import Counts, Ledger, ensure, insert
from shoplake.governance.mirror import mirror
from shoplake.governance.quarantine import quarantine_contract
from shoplake.runtime.lake import Lake

Transaction = tuple[str, int]


def publish(
    lake: Lake,
    ledger: Ledger,
    candidate: DataFrame,
    contract: Contract,
    *,
    step: str,
    batch: str,
    inputs: dict[str, int],
    rows_in: int | None = None,
    collapsed: int = 0,
    transaction: Transaction | None = None,
) -> Counts:
    """Bring a batch into its table under its contract; doing it again changes nothing.

    A table with a `sliceBy` clause or none is made to hold exactly the batch's rows (of the slice);
    an `appendOnly` table gets them added once per `transaction`.

    Args:
        lake, ledger: where to write.
        candidate: the contract's columns, with `_cast_failures` and `_duplicate_of` if refined.
        contract: the table's contract.
        step: name of the step, for the ledger.
        batch: identity of the batch (`ledger.batch_id`).
        inputs: Delta versions read.
        rows_in: rows the batch was made from, counted at their source; default: the candidate's.
        collapsed: duplicates that were dropped before `candidate` was made.
        transaction: (application id, version) of an append; Delta skips one it has seen.

    Returns:
        Counts as recorded.

    Raises:
        GovernanceError: conservation or a rule with `onBreach: stop` is broken; nothing is written.
    """
    done = ledger.find(contract, batch)
    if done is not None:
        return done
    started = datetime.now(UTC)
    judged = judge(_conform(candidate, contract), contract, lake.read)
    with lake.held(judged) as rows:
        held = breaks(contract, having=("quarantine", "stop")) | _cast_failed(rows)
        repeated = F.col(DUPLICATE_OF).isNotNull() if DUPLICATE_OF in rows.columns else F.lit(False)
        counts, broken = _count(rows, contract, held, repeated, rows_in, collapsed)
        _stop(contract, broken, rows)
        counts.check(contract.table)
        ensure(lake, contract)
        good = rows.where(~held & ~repeated).select(*contract.column_names)
        _write(lake, contract, good, _slice(rows, contract), transaction)
        target = quarantine_contract(contract)
        if counts.quarantined or lake.exists(target.table):
            record = _held_rows(rows.where(held & ~repeated), contract, batch)
            ensure(lake, target)
            _write(lake, target, record, _slice(rows, contract), transaction)
    ledger.record(
        step=step,
        contract=contract,
        batch=batch,
        inputs=inputs,
        counts=counts,
        broken=broken,
        started=started,
    )
    return counts


def _conform(candidate: DataFrame, contract: Contract) -> DataFrame:
    """The contract's columns in order and type; a missing column is an error of the code."""
    missing = [c for c in contract.column_names if c not in candidate.columns]
    if missing:
        raise GovernanceError(f"columns {', '.join(missing)} are missing", where=contract.table)
    extra = [c for c in (CAST_FAILURES, DUPLICATE_OF) if c in candidate.columns]
    columns = [F.col(f.name).cast(f.dataType).alias(f.name) for f in schema(contract)]
    return candidate.select(*columns, *extra)


def _cast_failed(rows: DataFrame) -> Column:
    if CAST_FAILURES not in rows.columns:
        return F.lit(False)
    return F.coalesce(F.size(CAST_FAILURES) > 0, F.lit(False))


def _count(
    rows: DataFrame,
    contract: Contract,
    held: Column,
    repeated: Column,
    rows_in: int | None,
    collapsed: int,
) -> tuple[Counts, dict[str, int]]:
    """All counts of the batch in one job."""
    one = rows.agg(
        F.count("*").alias("rows"),
        F.count_if(repeated).alias("repeated"),
        F.count_if(held & ~repeated).alias("held"),
        *[F.count_if(rule_broken(i)).alias(f"r{i}") for i in range(len(contract.rules))],
    ).first()
    assert one is not None
    good = one["rows"] - one["held"] - one["repeated"]
    repeats = one["repeated"] + collapsed
    counted = one["rows"] + collapsed if rows_in is None else rows_in
    counts = Counts(counted, good, one["held"], repeats)
    return counts, {rule.name: one[f"r{i}"] for i, rule in enumerate(contract.rules)}


def _stop(contract: Contract, broken: dict[str, int], rows: DataFrame) -> None:
    stopping = [r for r in contract.rules if r.on_breach == "stop" and broken[r.name]]
    if not stopping:
        return
    example = rows.where(breaks(contract, having=("stop",))).select(reasons(contract, rows.columns))
    first = example.first()
    raise GovernanceError(
        "; ".join(f"rule {r.name} is broken by {broken[r.name]} row(s)" for r in stopping),
        where=f"{contract.table}, e.g. {[tuple(x) for x in first[0]] if first else ''}",
        remedy="; ".join(r.description for r in stopping if r.description) or None,
    )


def _slice(rows: DataFrame, contract: Contract) -> list[tuple[object, ...]] | None:
    """The values of the slice columns that this batch replaces; None: the whole table."""
    if not contract.slice_by:
        return None
    return [tuple(r) for r in rows.select(*contract.slice_by).distinct().collect()]


def _write(
    lake: Lake,
    contract: Contract,
    rows: DataFrame,
    slices: list[tuple[object, ...]] | None,
    transaction: Transaction | None,
) -> None:
    if contract.append_only:
        writer = rows.write.format("delta").mode("append")
        if transaction is not None:
            writer = writer.option("txnAppId", transaction[0]).option("txnVersion", transaction[1])
        insert(lake, contract, writer)
    else:
        mirror(lake, contract, rows, slices)


def _held_rows(rows: DataFrame, contract: Contract, batch: str) -> DataFrame:
    """Rows as the quarantine keeps them: reasons, and the record with personal values masked."""
    shown = [
        F.lit("***").alias(c.name)
        if c.classification in MASKED
        else F.col(c.name).cast("string").alias(c.name)
        for c in contract.columns
    ]
    record = F.to_json(F.struct(*shown))
    origin = "_row_id" if "_row_id" in rows.columns else "row_id"
    row_id = F.col(origin) if origin in rows.columns else F.sha2(record, 256).substr(1, 32)
    return rows.select(
        row_id.alias("row_id"),
        F.lit(batch).alias("batch_id"),
        reasons(contract, rows.columns).alias("reasons"),
        record.alias("record"),
        *contract.slice_by,
    )
