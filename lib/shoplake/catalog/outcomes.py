"""Each rule's outcome in each batch of its table, from `governance.rule_metrics`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from shoplake.catalog.facts import SHOWN, Table, rows_of, utc
from shoplake.catalog.phrases import is_about_batch
from shoplake.contracts.model import Rule
from shoplake.runtime.settings import Settings


@dataclass(frozen=True)
class Outcome:
    """One batch: rows that broke the rule of those judged, or the value it bounds."""

    at: datetime
    judged: int
    broken: int
    value: float | None = None
    minimum: float | None = None
    maximum: float | None = None


@dataclass(frozen=True)
class RuleHistory:
    """A rule and its outcomes, oldest first; empty where none was recorded."""

    table: str
    rule: Rule
    outcomes: tuple[Outcome, ...]

    @property
    def last(self) -> Outcome | None:
        """The last batch's."""
        return self.outcomes[-1] if self.outcomes else None

    @property
    def is_broken(self) -> bool:
        """In the last batch."""
        return self.last is not None and self.last.broken > 0


def histories(settings: Settings, found: Sequence[Table]) -> dict[str, tuple[RuleHistory, ...]]:
    """By table, the history of every rule of its contract.

    The first release recorded only rules that were broken: in a batch of which no unbroken rule is
    recorded, silence means that nothing broke the rule. Otherwise that it was not there yet.
    """
    rows = rows_of(settings, "governance.rule_metrics")
    seen: dict[tuple[str, str, str], dict[str, object]] = {}
    for row in sorted(rows, key=lambda r: utc(r["finished_at"])):
        seen[row["table_name"], row["batch_id"], row["rule"]] = row
    whole = {key[:2] for key, row in seen.items() if not row["rows_broken"]}
    return {
        table.name: tuple(
            RuleHistory(table.name, rule, _outcomes(table, rule, seen, whole))
            for rule in (table.contract.rules if table.contract else ())
        )
        for table in found
    }


def _outcomes(
    table: Table,
    rule: Rule,
    seen: dict[tuple[str, str, str], dict[str, object]],
    whole: set[tuple[str, str]],
) -> tuple[Outcome, ...]:
    out = []
    for batch in table.batches[-SHOWN:]:
        row = seen.get((table.name, batch.batch_id, rule.name))
        if row is None:
            if (table.name, batch.batch_id) not in whole and not is_about_batch(rule):
                out.append(Outcome(batch.finished, batch.good + batch.held, 0))
            continue
        out.append(
            Outcome(
                at=batch.finished,
                judged=int(row["rows_judged"]),  # type: ignore[call-overload]
                broken=int(row["rows_broken"]),  # type: ignore[call-overload]
                **{k: row.get(k) for k in ("value", "minimum", "maximum")},  # type: ignore[arg-type]
            )
        )
    return tuple(out)
