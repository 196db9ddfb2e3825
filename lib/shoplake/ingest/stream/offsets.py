"""Which messages have been taken: `governance.offsets`, so that a lost checkpoint loses nothing.

Spark's checkpoint says where a stream goes on. Should it be lost or damaged, this table says the
same: batches that were taken whole are passed over, and one that died half way is done again from
the very same offsets under its old identity, so that no table gets its rows twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from shoplake.contracts.model import Contract
from shoplake.governance.ledger import append
from shoplake.runtime.lake import Lake

TABLE = "governance.offsets"


@dataclass(frozen=True, order=True)
class Range:
    """Messages of one partition, both ends included."""

    topic: str
    partition: int
    first: int
    last: int
    records: int


@dataclass(frozen=True)
class Taking:
    """One batch of one stream, and what it takes."""

    stream: str
    batch: int
    ranges: tuple[Range, ...]


class Offsets:
    """`governance.offsets` of one shop."""

    def __init__(self, lake: Lake, contract: Contract, shop: str) -> None:
        self._lake = lake
        self._contract = contract
        self._shop = shop
        self._states: dict[tuple[str, int], dict[str, list[Range]]] = {}
        rows = lake.rows(TABLE, where={"shop": shop})
        for r in sorted(rows, key=lambda r: r["recorded_at"]):
            states = self._states.setdefault((r["stream"], r["batch"]), {})
            found = (r["topic"], r["partition"], r["first_offset"], r["last_offset"])
            states.setdefault(r["state"], []).append(Range(*found, r["records"]))

    def plan(self, taking: Taking) -> None:
        """Note what a batch is about to take, once."""
        self._note(taking, "planned")

    def close(self, taking: Taking) -> None:
        """Note that a batch is in every table."""
        self._note(taking, "taken")

    def unfinished(self, stream: str) -> list[Taking]:
        """Batches that were planned and not finished, but those of `stream`, which finishes its."""
        return [
            Taking(name, batch, tuple(sorted(set(states["planned"]))))
            for (name, batch), states in sorted(self._states.items())
            if "taken" not in states and name != stream
        ]

    def reached(self, stream: str) -> dict[tuple[str, int], int]:
        """The highest offset of each topic and partition that other streams than this one took."""
        reached: dict[tuple[str, int], int] = {}
        for (name, _), states in self._states.items():
            for r in states.get("taken", ()) if name != stream else ():
                place = (r.topic, r.partition)
                reached[place] = max(r.last, reached.get(place, -1))
        return reached

    def _note(self, taking: Taking, state: str) -> None:
        states = self._states.setdefault((taking.stream, taking.batch), {})
        if state in states:
            return
        states[state] = list(taking.ranges)
        now = datetime.now(UTC).replace(tzinfo=None)
        rows: Sequence[tuple[object, ...]] = [
            (
                *(self._shop, taking.stream, taking.batch, r.topic, r.partition),
                *(r.first, r.last, r.records, state, now),
            )
            for r in taking.ranges
        ]
        append(self._lake, self._contract, list(rows))
