"""Publishing a change: some of a table's rows were made anew, and the others are known to stay.

What is said of the whole table afterwards (counts, digest, states of columns, outcomes of rules) is
what was said of it before, less that of the rows as they were, plus that of the rows as they are.
Both are judged from the same inputs as the table was, so the sum is the one that judging all rows
would give; the rows that the table really holds are checked against those that it should.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from shoplake.contracts.model import BATCH_KINDS, RELATION_KINDS, Contract, Rule
from shoplake.governance.history import States, read_history, states_of
from shoplake.governance.ledger import Counts, Ledger, Line, ensure
from shoplake.governance.metrics import wanted
from shoplake.governance.mirror import exchange
from shoplake.governance.outcomes import outcomes
from shoplake.governance.passes import Counted, Digest, Pass, digest
from shoplake.governance.publish import good_rows, judged_rows, stop
from shoplake.governance.quarantine import held_rows, quarantine_contract
from shoplake.runtime.alone import writing
from shoplake.runtime.lake import Lake

RULES = "governance.rule_metrics"
#: Whether a row is as it was before the change.
_WAS = "_was_before"
#: What a pass says of no rows.
_NOTHING = '{"rows": 0, "held": 0}'


@dataclass(frozen=True)
class Change:
    """Rows that a change of the inputs may have touched, as `Run.build` wants candidates.

    Attributes:
        before: made from the inputs that the table was made from.
        after: made from the inputs as they are now.
        few: the rows are few: one task makes them sooner than several that have to exchange them.
        together: columns beside the key; rows that agree in one are all of the change, or none is.

    No candidate outside of these is another than it was, and none has a key in common with them.
    """

    before: DataFrame
    after: DataFrame
    few: bool = False
    together: tuple[str, ...] = ()


#: Delta versions of the inputs then and now -> what changed; None where that cannot be told.
FindChange = Callable[[Mapping[str, int], Mapping[str, int]], Change | None]


def amend(
    lake: Lake,
    ledger: Ledger,
    change: Change,
    contract: Contract,
    *,
    step: str,
    batch: str,
    inputs: dict[str, int],
    rows_in: int | None,
) -> Counts | None:
    """Bring a change into its table under its contract; doing it again changes nothing.

    Args:
        lake, ledger: where to write.
        change: what is other than in the table's last batch.
        contract: the table's contract.
        step, batch, inputs: as in `publish`.
        rows_in: rows that the whole table is made from, counted at their source; default: the
            candidates, also those that did not change.

    Returns:
        Counts of the whole table as recorded; None where it has to be built whole, and nothing was
        written then.

    Raises:
        GovernanceError: a rule with `onBreach: stop` is broken; nothing is written.
    """
    last = ledger.last(contract)
    if last is None or not amendable(contract, change.together):
        return None
    started = datetime.now(UTC)
    before, after = (judged_rows(lake, contract, rows) for rows in (change.before, change.after))
    both = before.withColumn(_WAS, F.lit(True)).unionByName(after.withColumn(_WAS, F.lit(False)))

    def packed(rows: DataFrame) -> DataFrame:
        return rows.coalesce(1) if change.few else rows

    count = Pass(contract, wanted(contract, {}), before.columns, digested=True)
    kept = quarantine_contract(contract)
    with writing(lake.settings, contract.table, kept.table), lake.held(packed(both)) as rows:
        text = {row[0]: row[1] for row in rows.groupBy(_WAS).agg(count.aggregate()).collect()}
        was, now = (count.decode(text.get(key, _NOTHING)) for key in (True, False))
        whole = _whole(lake, contract, last, was, now)
        if whole is None:
            return None
        counts = _counts(last.counts, was, now, rows_in)
        if counts.rows_in != counts.good + counts.quarantined + counts.deduplicated:
            return None
        is_now, held = ~F.col(_WAS), rows.where(count.held)
        keys = rows.select(*contract.key).distinct()
        part = lake.read(contract.table).join(keys, list(contract.key), "left_semi")
        with lake.held(packed(part)) as known:
            if digest(known, contract) != was.digest:
                return None
            told = held_rows(held, contract, batch)
            # Also what was not held: a run that was killed may have put it there already.
            aside = _held_part(lake, kept, told) if was.held or now.held else None
            if (0 if aside is None else aside.count()) != was.held:
                return None
            past = read_history(lake, contract, batch)
            found = outcomes(contract, whole, past, ledger.good_before(contract, batch))
            stop(contract, found, rows.where(is_now))
            ensure(lake, contract)
            mine = good_rows(rows.where(is_now), count)
            exchange(lake, contract, known, mine, few=change.few)
            if was.held or now.held:
                ensure(lake, kept)
                fresh = held_rows(held.where(is_now), contract, batch)
                part = fresh.limit(0) if aside is None else packed(aside)
                exchange(lake, kept, part, fresh, few=change.few)
    ledger.record(
        step=step,
        contract=contract,
        batch=batch,
        inputs=inputs,
        counts=counts,
        outcomes=found,
        states=whole.states,
        started=started,
        digest=whole.digest,
    )
    return counts


def amendable(contract: Contract, together: Collection[str] = ()) -> bool:
    """Whether what is said of a whole table under this contract can be said from a change alone.

    Not where a rule looks at another table, which may have changed too, or at rows that need not be
    of the change.

    Args:
        contract: of the table.
        together: as in `Change`.
    """
    near = {*together, *contract.key}

    def is_plain(rule: Rule) -> bool:
        if rule.kind in BATCH_KINDS:
            return rule.kind == "freshness" and rule.over != "table"
        if rule.kind not in RELATION_KINDS:
            return True
        own = not rule.reference or rule.reference[0] == contract.table
        return own and rule.kind != "near_duplicate" and bool(near & {*(rule.per or rule.columns)})

    return all(map(is_plain, contract.rules)) and not (contract.append_only or contract.slice_by)


def _whole(
    lake: Lake, contract: Contract, last: Line, was: Counted, now: Counted
) -> Counted | None:
    """What a pass over all candidates would find; None where it cannot be told."""
    states: States = {}
    known = states_of(lake, contract, last.batch)
    for key, state in now.states.items():
        found = known[key].replaced(was.states[key], state) if key in known else None
        if found is None:
            return None
        states[key] = found
    broken = _broken(lake, contract, last.batch)
    if broken.keys() != now.broken.keys():
        return None
    old = last.counts
    total = old.good + old.quarantined + old.deduplicated
    return replace(
        now,
        rows=total - was.rows + now.rows,
        repeated=old.deduplicated - was.repeated + now.repeated,
        held=old.quarantined - was.held + now.held,
        broken={r: n - was.broken[r] + now.broken[r] for r, n in broken.items()},
        states=states,
        digest=_exchanged(last.digest, was.digest, now.digest),
    )


def _exchanged(whole: Digest, was: Digest, now: Digest) -> Digest:
    """Count, sum and xor of hashes, without those of some rows and with those of others."""
    rows = whole[0] - was[0] + now[0]
    if rows == 0:
        return 0, None, None
    total = (whole[1] or 0) - (was[1] or 0) + (now[1] or 0)
    return rows, total, (whole[2] or 0) ^ (was[2] or 0) ^ (now[2] or 0)


def _counts(old: Counts, was: Counted, now: Counted, rows_in: int | None) -> Counts:
    return Counts(
        old.rows_in - was.rows + now.rows if rows_in is None else rows_in,
        old.good - was.good + now.good,
        old.quarantined - was.held + now.held,
        old.deduplicated - was.repeated + now.repeated,
    )


def _broken(lake: Lake, contract: Contract, batch: str) -> dict[str, int]:
    """How many rows broke each rule about rows in a batch, as it was judged last."""
    rows = lake.rows(RULES, where={"table_name": contract.table, "batch_id": batch})
    rows.sort(key=lambda r: r["finished_at"])
    ones = {rule.name for rule in contract.rules if rule.kind not in BATCH_KINDS}
    return {row["rule"]: row["rows_broken"] for row in rows if row["rule"] in ones}


def _held_part(lake: Lake, kept: Contract, held: DataFrame) -> DataFrame | None:
    """Rows of the quarantine that come from the same records."""
    if not lake.exists(kept.table):
        return None
    keys = held.select(*kept.key).distinct()
    return lake.read(kept.table).join(keys, list(kept.key), "left_semi")
