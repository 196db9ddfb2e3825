"""What is wrong now, from the evidence that every run leaves: no table is read again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import median
from typing import Any, Literal

from shoplake.contracts.model import BATCH_KINDS, Contract
from shoplake.governance.monitor.settings import MonitorSettings

Row = Mapping[str, Any]
Severity = Literal["warning", "critical"]

#: The constant that makes the median absolute deviation comparable to a standard deviation.
_NORMAL = 0.6745


@dataclass(frozen=True)
class Finding:
    """Something that someone should look at; table, topic and name are its identity."""

    table: str
    topic: Literal["freshness", "volume", "held", "rule", "files"]
    name: str
    severity: Severity
    message: str


@dataclass(frozen=True)
class Evidence:
    """Lines of the governance tables within the history looked at, oldest first, replays left out.

    Attributes:
        ledger: table_name, batch_id, rows_in, rows_good, rows_quarantined.
        rules: table_name, batch_id, rule, kind, rows_judged, rows_broken, value, minimum, maximum.
        newest: newest value of a table's freshness column, in seconds since 1970 UTC.
        files: shop, file, reason: files that are held now.
    """

    ledger: Sequence[Row]
    rules: Sequence[Row]
    newest: Mapping[str, float]
    files: Sequence[Row]


def findings(
    evidence: Evidence, contracts: Iterable[Contract], settings: MonitorSettings, now: datetime
) -> list[Finding]:
    """Everything that is late, odd or broken at `now`."""
    known = {c.table: c for c in contracts}
    return [
        *_late(evidence, known, now),
        *_volumes(evidence, known, settings),
        *_held(evidence, settings),
        *_rules(evidence, settings),
        *_files(evidence),
    ]


def _late(evidence: Evidence, known: dict[str, Contract], now: datetime) -> Iterator[Finding]:
    for table, seconds in evidence.newest.items():
        contract = known.get(table)
        if contract is None or contract.freshness is None:
            continue
        newest = datetime.fromtimestamp(seconds, UTC)
        age = now - newest
        if age > contract.freshness:
            yield Finding(
                table,
                "freshness",
                contract.freshness_column or "",
                "critical" if age > 2 * contract.freshness else "warning",
                f"the newest {contract.freshness_column} is {newest:%Y-%m-%d %H:%M} UTC, "
                f"{_days(age.total_seconds())} ago; the contract allows "
                f"{_days(contract.freshness.total_seconds())}",
            )


def _volumes(
    evidence: Evidence, known: dict[str, Contract], settings: MonitorSettings
) -> Iterator[Finding]:
    for table, lines in _by(evidence.ledger, "table_name").items():
        contract = known.get(table)
        if contract is None:
            continue
        *before, last = [line["rows_good"] for line in lines]
        if contract.append_only:
            if len(before) < settings.min_batches:
                continue
            usual, z = median(before), _modified_z(last, before)
            if abs(z) > settings.volume_z:
                yield Finding(
                    *(table, "volume", "", "critical" if not last else "warning"),
                    f"the last batch brought {last:,} rows, usual are {usual:,.0f} "
                    f"(modified z-score {z:.1f}, limit {settings.volume_z:g})",
                )
        elif before and before[-1] and last < before[-1] * (1 - settings.shrink):
            yield Finding(
                *(table, "volume", "", "warning" if last else "critical"),
                f"the table went from {before[-1]:,} rows to {last:,}; "
                f"it may lose {settings.shrink:.0%} at once",
            )


def _held(evidence: Evidence, settings: MonitorSettings) -> Iterator[Finding]:
    for table, lines in _by(evidence.ledger, "table_name").items():
        last = lines[-1]
        share = last["rows_quarantined"] / last["rows_in"] if last["rows_in"] else 0.0
        if share > settings.held_share:
            yield Finding(
                *(table, "held", "", "critical" if share > 0.5 else "warning"),
                f"{last['rows_quarantined']:,} of {last['rows_in']:,} rows are held back "
                f"({share:.1%}, limit {settings.held_share:.0%}): "
                f"`shoplake quarantine show {table}`",
            )


def _rules(evidence: Evidence, settings: MonitorSettings) -> Iterator[Finding]:
    newest = {table: lines[-1] for table, lines in _by(evidence.rules, "table_name").items()}
    for (table, rule), lines in _by(evidence.rules, "table_name", "rule").items():
        *before, last = lines
        # A rule that the contract no longer has was not judged with the table's last batch.
        if last["batch_id"] != newest[table]["batch_id"] or not last["rows_broken"]:
            continue
        if last["kind"] in BATCH_KINDS:
            yield Finding(
                *(table, "rule", rule, "warning"),
                f"{last['kind']} {_number(last['value'])} is outside "
                f"{_number(last['minimum'])} to {_number(last['maximum'])}",
            )
            continue
        share = _share(last)
        usual = median(map(_share, before)) if before else 0.0
        if (
            len(before) >= settings.min_batches
            and share > settings.rule_share
            and share > 3 * usual
        ):
            yield Finding(
                *(table, "rule", rule, "warning"),
                f"broken by {last['rows_broken']:,} of {last['rows_judged']:,} rows "
                f"({share:.1%}), usual are {usual:.1%}",
            )


def _files(evidence: Evidence) -> Iterator[Finding]:
    for shop, held in _by(evidence.files, "shop").items():
        yield Finding(
            *(shop, "files", "", "warning"),
            f"{len(held)} file(s) of {shop} are held, e.g. {held[0]['file']}: {held[0]['reason']}",
        )


def _by(rows: Iterable[Row], *columns: str) -> dict[Any, list[Row]]:
    groups: dict[Any, list[Row]] = defaultdict(list)
    for row in rows:
        key = tuple(row[c] for c in columns)
        groups[key if len(columns) > 1 else key[0]].append(row)
    return groups


def _modified_z(value: float, past: Sequence[float]) -> float:
    """Distance from the median in robust deviations; of a constant past, at least 5% of it."""
    usual = median(past)
    spread = median(abs(x - usual) for x in past)
    return _NORMAL * (value - usual) / max(spread, 0.05 * usual, 1.0)


def _share(line: Row) -> float:
    return float(line["rows_broken"] / line["rows_judged"]) if line["rows_judged"] else 0.0


def _days(seconds: float) -> str:
    return f"{seconds / 86_400:.1f} d" if seconds >= 86_400 else f"{seconds / 3600:.1f} h"


def _number(value: float | None) -> str:
    return "any" if value is None else f"{value:g}"
