"""Publishing: rows are judged once; good ones enter the table, held ones the quarantine.

Nothing may be written when a rule stops the run or rows went missing, and both are known only when
all rows were seen. So there are two ways, and the counts come from one job on either:

- Counted while written. Where nothing can stop the run (no such rule, nobody else counted the rows)
  and the rows are only added, the good rows are written at once and counted as they pass.
- Counted first, by one job over all rules and metrics, then written. Any other batch, as also a
  MERGE wants its rows twice. To write first and RESTORE would show readers rows that the law says
  were never there.

Held rows are written by a second pass, and only if there are any. Rows that are cheap to make again
(a scan, no shuffle, no Python) are made again; others are kept in memory meanwhile: measured in
tests/bench/bench_rules.py.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from shoplake.contracts.ddl import schema
from shoplake.contracts.model import Contract
from shoplake.errors import GovernanceError
from shoplake.governance.drift import bins_for
from shoplake.governance.history import read_history
from shoplake.governance.judge import CAST_FAILURES, DUPLICATE_OF, breaks, judge, reasons, suspected
from shoplake.governance.ledger import Counts, Ledger, ensure
from shoplake.governance.metrics import wanted
from shoplake.governance.outcomes import Outcome, outcomes
from shoplake.governance.passes import Counted, Pass
from shoplake.governance.quarantine import held_rows, quarantine_contract
from shoplake.governance.target import Target, Transaction
from shoplake.governance.watch import is_cheap, watched
from shoplake.runtime.alone import writing
from shoplake.runtime.console import say
from shoplake.runtime.few import Few
from shoplake.runtime.lake import Lake
from shoplake.runtime.trouble import retried


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
    few: bool = False,
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
        few: the rows may be taken to the driver.

    Returns:
        Counts as recorded.

    Raises:
        GovernanceError: conservation or a rule with `onBreach: stop` is broken; nothing is written.
    """
    done = ledger.find(contract, batch)
    if done is not None:
        return done

    before = None if contract.append_only else lake.version(contract.table)
    tries = 0

    def wrote() -> None:
        nonlocal before
        before = None if contract.append_only else lake.version(contract.table)

    def write() -> Counts:
        nonlocal tries
        tries += 1
        if tries > 1:
            newer = ledger.told_by_others(contract)
            if (there := ledger.find(contract, batch)) is not None:
                return there
            # Who writes tells of it last, so that one who has not told yet may have written.
            newer |= before is not None and before != lake.version(contract.table)
            if newer and not contract.append_only:
                # What was read for this batch may be older than what the table holds now.
                raise GovernanceError(
                    "another process made the table meanwhile",
                    where=contract.table,
                    remedy="run the step again: it begins with what there is now",
                )
        with writing(lake.settings, contract.table, quarantine_contract(contract).table):
            return _publish(
                *(lake, ledger, candidate, contract, step, batch, inputs, rows_in, collapsed),
                *(transaction, few, wrote),
            )

    return retried(write, partial(say, step))


def _publish(
    lake: Lake,
    ledger: Ledger,
    candidate: DataFrame,
    contract: Contract,
    step: str,
    batch: str,
    inputs: dict[str, int],
    rows_in: int | None,
    collapsed: int,
    transaction: Transaction | None,
    few: bool,
    wrote: Callable[[], None],
) -> Counts:
    started = datetime.now(UTC)
    judged = judged_rows(lake, contract, candidate)
    past = read_history(lake, contract, batch)
    kept = quarantine_contract(contract)
    is_new = not (lake.exists(contract.table) or lake.exists(kept.table))
    stoppable = rows_in is not None or any(r.on_breach == "stop" for r in contract.rules)
    at_once = not stoppable and (contract.append_only or is_new)
    table = Target(lake, contract, transaction, few)
    cheap = is_cheap(judged)
    if few and not at_once and not cheap:
        brought = Few.of(judged)
        judged, cheap = brought.frame, brought.rows is not None
    with nullcontext(judged) if cheap else lake.held(judged) as rows:
        count = Pass(
            contract,
            wanted(contract, bins_for(rows, contract, past.bins())),
            judged.columns,
            digested=not contract.append_only,
        )
        if at_once:
            ensure(lake, contract)
            passed = count.aggregate(held_apart=True)
            text = watched(rows, passed, lambda df: table.add(good_rows(df, count)))
            counted = count.decode(text)
        else:
            counted = count.decode(rows.agg(count.aggregate()).first()[0])  # type: ignore[index]
        counts = _counts(counted, rows_in, collapsed)
        before = ledger.good_before(contract, batch)
        found = outcomes(contract, counted, past, before)
        if not at_once:
            stop(contract, found, rows)
            counts.check(contract.table)
            ensure(lake, contract)
            good = good_rows(rows, count)
            table.put(good, counted.slices, counted.digest, ledger.digest(contract))
            wrote()  # so that a further try does not take it for another's
        quarantine = Target(lake, kept, transaction, few)
        held = rows.where(count.held)
        if at_once and cheap:
            narrow = suspected(_conform(candidate, contract), contract, counted.suspects)
            held = _judged(lake, contract, narrow).where(count.held)
        broken = _quarantine(quarantine, count, held, counted, batch, apart=at_once)
        if broken:
            counted = replace(counted, broken={**counted.broken, **broken})
            found = outcomes(contract, counted, past, before)
    ledger.record(
        step=step,
        contract=contract,
        batch=batch,
        inputs=inputs,
        counts=counts,
        outcomes=found,
        states=counted.states,
        started=started,
        digest=None if contract.append_only or contract.slice_by else counted.digest,
    )
    return counts


def judged_rows(lake: Lake, contract: Contract, candidate: DataFrame) -> DataFrame:
    """The candidate in the contract's columns and types, judged: `judge` has the result."""
    return _judged(lake, contract, _conform(candidate, contract))


def _judged(lake: Lake, contract: Contract, rows: DataFrame) -> DataFrame:
    return judge(rows, contract, lambda table: lake.read(table) if lake.exists(table) else None)


def verdicts(lake: Lake, contract: Contract, candidate: DataFrame) -> DataFrame:
    """The judged rows with `_held: boolean` and `_reasons`, as `publish` would hold them."""
    judged = judged_rows(lake, contract, candidate)
    held = Pass(contract, [], judged.columns).held
    return judged.withColumns({"_held": held, "_reasons": reasons(contract, judged.columns)})


def good_rows(rows: DataFrame, count: Pass) -> DataFrame:
    """The judged rows that enter the table, in its columns."""
    return rows.where(count.good).select(*count.contract.column_names)


def _quarantine(
    target: Target, count: Pass, held: DataFrame, counted: Counted, batch: str, *, apart: bool
) -> dict[str, int]:
    """Write the held rows, judged; if they were left `apart`, count them by rule."""
    lake, kept = target.lake, target.contract
    if not counted.held and (kept.append_only or not lake.exists(kept.table)):
        return {}
    ensure(lake, kept)
    if not apart:
        target.put(held_rows(held, count.contract, batch), counted.slices)
        return {}

    def write(df: DataFrame) -> bool:
        return target.add(held_rows(df, count.contract, batch))

    return count.decode_held(watched(held, count.held_aggregate(), write))


def _conform(candidate: DataFrame, contract: Contract) -> DataFrame:
    """The contract's columns in order and type; a missing column is an error of the code."""
    missing = [c for c in contract.column_names if c not in candidate.columns]
    if missing:
        raise GovernanceError(f"columns {', '.join(missing)} are missing", where=contract.table)
    extra = [c for c in (CAST_FAILURES, DUPLICATE_OF) if c in candidate.columns]
    columns = [F.col(f.name).cast(f.dataType).alias(f.name) for f in schema(contract)]
    return candidate.select(*columns, *extra)


def _counts(counted: Counted, rows_in: int | None, collapsed: int) -> Counts:
    came = counted.rows + collapsed if rows_in is None else rows_in
    return Counts(came, counted.good, counted.held, counted.repeated + collapsed)


def stop(contract: Contract, found: list[Outcome], rows: DataFrame) -> None:
    """Raises GovernanceError where a rule that stops the run is broken by one of the rows."""
    stopping = [o for o in found if o.rule.on_breach == "stop" and o.broken]
    if not stopping:
        return
    example = rows.where(breaks(contract, having=("stop",))).select(reasons(contract, rows.columns))
    first = example.first()
    raise GovernanceError(
        "; ".join(map(str, stopping)),
        where=f"{contract.table}, e.g. {[tuple(x) for x in first[0]]}" if first else contract.table,
        remedy="; ".join(o.rule.description for o in stopping if o.rule.description) or None,
    )
