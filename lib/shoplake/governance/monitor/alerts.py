"""Alerts: a finding that is new opens one, one that is gone closes it, and each is told once.

Events are recorded before they are sent and marked delivered after, by channel. A monitor that is
killed in between sends them again next time, under the same `event_id`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

from shoplake.contracts.model import Contract
from shoplake.governance.ledger import append
from shoplake.governance.monitor.findings import Finding
from shoplake.runtime.lake import Lake

#: Sends events; raises OSError when the other side cannot be reached.
Send = Callable[[Sequence["Event"]], None]


@dataclass(frozen=True)
class Event:
    """One thing that happened to an alert, as `governance.alerts` has it."""

    event_id: str
    alert_id: str
    event: str
    channel: str | None
    table_name: str
    topic: str
    name: str
    severity: str
    message: str
    at: datetime

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        said = {k: v for k, v in asdict(self).items() if v is not None}
        return {**said, "at": self.at.replace(tzinfo=UTC).isoformat()}

    def text(self) -> str:
        """One line for people."""
        what = f"{self.table_name} {self.name}".strip()
        head = {"closed": "over", "worse": f"now {self.severity}"}.get(self.event, self.severity)
        return f"{head}: {what}: {self.message}"


def alert_id(finding: Finding) -> str:
    """Identity of a finding's alert, 16 hex digits."""
    return _digest(finding.table, finding.topic, finding.name)


def news(past: Iterable[Event], found: Iterable[Finding], at: datetime) -> list[Event]:
    """What has changed: alerts that open, get worse or close.

    Args:
        past: events so far, oldest first.
        found: what is wrong now, all of it.
        at: now, naive UTC.
    """
    still_open = _open(past)
    events = []
    present = {alert_id(f): f for f in found}
    for identity, finding in present.items():
        before = still_open.get(identity)
        if before is None:
            events.append(_event("opened", identity, finding, at))
        elif (before.severity, finding.severity) == ("warning", "critical"):
            events.append(_event("worse", identity, finding, at))
    for identity, before in still_open.items():
        if identity not in present:
            event_id = _digest(identity, "closed", at.isoformat())
            events.append(replace(before, event_id=event_id, event="closed", at=at))
    return events


def pending(past: Iterable[Event], channel: str) -> list[Event]:
    """Events that the channel has not been told."""
    past = list(past)
    told = {e.event_id for e in past if e.event == "delivered" and e.channel == channel}
    return [e for e in past if e.event != "delivered" and e.event_id not in told]


class AlertLog:
    """`governance.alerts`."""

    def __init__(self, lake: Lake, contract: Contract) -> None:
        self._lake = lake
        self._contract = contract
        rows = lake.rows(contract.table)
        rows.sort(key=lambda r: (r["at"], r["event_id"]))
        self.events = [Event(**r) for r in rows]

    def update(self, found: Iterable[Finding], at: datetime) -> list[Event]:
        """Record what has changed; returns it."""
        events = news(self.events, found, at)
        self._append(events)
        return events

    def deliver(self, channel: str, send: Send, at: datetime) -> int:
        """Tell a channel what it does not know yet; returns the number of events.

        Raises:
            OSError: it could not be told; it will be next time.
        """
        events = pending(self.events, channel)
        if events:
            send(events)
            self._append([replace(e, event="delivered", channel=channel, at=at) for e in events])
        return len(events)

    @property
    def still_open(self) -> list[Event]:
        """The event that opened, or last worsened, each alert that is not over."""
        return list(_open(self.events).values())

    def _append(self, events: list[Event]) -> None:
        rows = [tuple(asdict(e)[c] for c in self._contract.column_names) for e in events]
        append(self._lake, self._contract, rows)
        self.events += events


def _open(past: Iterable[Event]) -> dict[str, Event]:
    found: dict[str, Event] = {}
    for event in past:
        if event.event in ("opened", "worse"):
            found[event.alert_id] = event
        elif event.event == "closed":
            found.pop(event.alert_id, None)
    return found


def _event(what: str, identity: str, finding: Finding, at: datetime) -> Event:
    return Event(
        event_id=_digest(identity, what, at.isoformat()),
        alert_id=identity,
        event=what,
        channel=None,
        table_name=finding.table,
        topic=finding.topic,
        name=finding.name,
        severity=finding.severity,
        message=finding.message,
        at=at,
    )


def _digest(*parts: str) -> str:
    return hashlib.sha256("|".join(parts).encode()).hexdigest()[:16]
