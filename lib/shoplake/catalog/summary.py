"""The lake in a few numbers: what the home page begins with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from shoplake.catalog.facts import Batch, Table
from shoplake.catalog.outcomes import RuleHistory
from shoplake.catalog.samples import Held
from shoplake.contracts.book import ContractBook

_RUNS = 12


@dataclass(frozen=True)
class Run:
    """One run of one step, from its ledger lines."""

    run_id: str
    step: str
    batches: tuple[Batch, ...]

    @property
    def finished(self) -> datetime:
        """When its last batch was."""
        return max(b.finished for b in self.batches)

    @property
    def took(self) -> timedelta:
        """From its first batch's start."""
        return self.finished - min(b.started for b in self.batches)


@dataclass(frozen=True)
class Summary:
    """The home page's numbers.

    Attributes:
        rows: of tables of data, so without governance.
        rules: under the tables' contracts.
        broken: those that the last batch of their table broke, most rows first.
        held: rows in quarantine.
        balanced: batches whose rows add up.
        late, limits: tables that were late at the last run, of those that have a limit.
        waiting: tables under contract that the lake does not have.
        runs: newest first.
    """

    rows: int
    rules: int
    broken: tuple[RuleHistory, ...]
    held: int
    balanced: int
    late: int
    limits: int
    waiting: tuple[str, ...]
    runs: tuple[Run, ...]


def summary(
    book: ContractBook,
    found: Sequence[Table],
    batches: Sequence[Batch],
    rules: Mapping[str, Sequence[RuleHistory]],
    held: Mapping[str, Held],
    as_of: datetime | None,
) -> Summary:
    """The numbers of a lake."""
    there = {t.name for t in found}
    broken = [h for histories in rules.values() for h in histories if h.is_broken]
    late = [v for t in found if (v := t.late_at(as_of)) is not None]
    return Summary(
        rows=sum(t.rows for t in found if t.layer != "governance"),
        rules=sum(len(h) for h in rules.values()),
        broken=tuple(sorted(broken, key=lambda h: (-_rows(h), h.table, h.rule.name))),
        held=sum(h.rows for h in held.values()),
        balanced=sum(b.balanced for b in batches),
        late=sum(late),
        limits=len(late),
        waiting=tuple(sorted(c.table for c in book if c.table not in there)),
        runs=_runs(batches),
    )


def _rows(history: RuleHistory) -> int:
    return history.last.broken if history.last else 0


def _runs(batches: Sequence[Batch]) -> tuple[Run, ...]:
    mine: dict[tuple[str, str], list[Batch]] = {}
    for batch in batches:
        mine.setdefault((batch.run_id, batch.step), []).append(batch)
    runs = [Run(run, step, tuple(found)) for (run, step), found in mine.items()]
    return tuple(sorted(runs, key=lambda r: (r.finished, r.run_id), reverse=True)[:_RUNS])
