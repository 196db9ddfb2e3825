"""Which messages have been taken: `governance.offsets`, so that a lost checkpoint loses nothing.

Spark's checkpoint says where a stream goes on. Should it be lost or damaged, this table says the
same: batches that were taken whole are passed over, and one that died half way is done again from
the very same offsets under its old identity, so that no table gets its rows twice.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from shoplake.contracts.model import Contract
from shoplake.errors import SourceError
from shoplake.governance.ledger import append
from shoplake.runtime.lake import Lake

TABLE = "governance.offsets"
#: How a stream's name begins: with the time of its first start.
_BEGAN = "%Y%m%dT%H%M%S"
#: A partition: its topic and its number.
Place = tuple[str, int]


@dataclass(frozen=True, order=True, slots=True)
class Range:
    """Messages of one partition, both ends included.

    Attributes:
        sent_at: Kafka's time of the last one, naive and in UTC; a topic made anew has another one
            at that offset. None: noted before that was kept.
    """

    topic: str
    partition: int
    first: int
    last: int
    records: int
    sent_at: datetime | None = field(default=None, compare=False)

    @property
    def place(self) -> Place:
        """The partition."""
        return self.topic, self.partition


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
        # Batches that were closed here, and not read from the table.
        self._done: dict[tuple[str, int], tuple[Range, ...]] = {}
        rows = lake.rows(TABLE, contract.column_names, where={"shop": shop})
        for r in sorted(rows, key=lambda r: r["recorded_at"]):
            states = self._states.setdefault((r["stream"], r["batch"]), {})
            found = (r["topic"], r["partition"], r["first_offset"], r["last_offset"])
            states.setdefault(r["state"], []).append(Range(*found, r["records"], r["sent_at"]))

    def next_name(self) -> str:
        """A name for a new stream; after all others, also where the clock was put back."""
        now = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
        for name, _ in self._states:
            with suppress(ValueError):
                earlier = datetime.strptime(name.partition("-")[0], _BEGAN)
                now = max(now, earlier + timedelta(seconds=1))
        return f"{now:{_BEGAN}}-{uuid.uuid4().hex[:8]}"

    def check(self, taking: Taking, where: str) -> None:
        """Whether a batch may be taken: one on record is the very same one, done again.

        Args:
            taking: the batch as it came.
            where: the checkpoint, for the reader.

        Raises:
            SourceError: another batch was taken under its name.
        """
        planned = self._states.get((taking.stream, taking.batch), {}).get("planned")
        if planned is not None and set(planned) != set(taking.ranges):
            raise SourceError(
                f"the checkpoint is older than {TABLE}: its batch {taking.batch} has"
                f" {_text(taking.ranges)}, but {_text(planned)} was taken under that number",
                where=where,
                remedy="move that folder away and start the stream; messages that were taken are"
                " not taken again",
            )

    def is_planned(self, stream: str, batch: int) -> bool:
        """Whether a batch was begun before, and maybe finished: Spark repeats its last one."""
        return "planned" in self._states.get((stream, batch), {})

    def plan(self, taking: Taking) -> None:
        """Note what a batch is about to take, once."""
        self._note(taking, "planned")

    def close(self, taking: Taking) -> None:
        """Note that a batch is in every table."""
        self._note(taking, "taken")
        self._done[taking.stream, taking.batch] = taking.ranges
        self._forget(taking.stream)

    def _forget(self, stream: str) -> None:
        """Keep of the batches done here those that end or begin a partition's: months are many."""
        done = {key: ranges for key, ranges in self._done.items() if key[0] == stream}
        ends: dict[tuple[Place, bool], tuple[int, tuple[str, int]]] = {}
        for key, ranges in done.items():
            for r in ranges:
                for end, offset in ((r.place, False), -r.first), ((r.place, True), r.last):
                    ends[end] = max(ends.get(end, (offset, key)), (offset, key))
        for key in done.keys() - {key for _, key in ends.values()}:
            del self._done[key], self._states[key]

    def unfinished(self, stream: str) -> list[Taking]:
        """Batches that were planned and not finished, but those of `stream`, which finishes its."""
        return [
            Taking(name, batch, tuple(sorted(set(states["planned"]))))
            for (name, batch), states in sorted(self._states.items())
            if "taken" not in states and name != stream
        ]

    def planned(self, stream: str) -> list[Range]:
        """The last that a stream was to take of each topic and partition."""
        return list(self._last(stream, "planned").values())

    def begun(self, stream: str) -> dict[Place, int]:
        """The first offset that a stream was to take of each topic and partition."""
        begun: dict[Place, int] = {}
        for r in self._ranges(stream, "planned"):
            begun[r.place] = min(r.first, begun.get(r.place, r.first))
        return begun

    def reached(self, stream: str) -> list[Range]:
        """The last that streams before this one took of each topic and partition.

        Of the newest that took any: an earlier stream may have gone further in a topic that was
        made anew since, and so began at 0 again.
        """
        reached: dict[Place, Range] = {}
        # A stream's name begins with the time of its first start.
        for name in sorted({name for name, _ in self._states} - {stream}):
            reached |= self._last(name, "taken")
        return list(reached.values())

    def _last(self, stream: str, state: str) -> dict[Place, Range]:
        last: dict[Place, Range] = {}
        for r in self._ranges(stream, state):
            if r.place not in last or r.last > last[r.place].last:
                last[r.place] = r
        return last

    def _ranges(self, stream: str, state: str) -> Iterator[Range]:
        for (name, _), states in self._states.items():
            if name == stream:
                yield from states.get(state, ())

    def _note(self, taking: Taking, state: str) -> None:
        states = self._states.setdefault((taking.stream, taking.batch), {})
        if state in states:
            return
        states[state] = list(taking.ranges)
        now = datetime.now(UTC).replace(tzinfo=None)
        rows: Sequence[tuple[object, ...]] = [
            (
                *(self._shop, taking.stream, taking.batch, r.topic, r.partition),
                *(r.first, r.last, r.records, state, now, r.sent_at),
            )
            for r in taking.ranges
        ]
        append(self._lake, self._contract, list(rows))


def _text(ranges: Sequence[Range]) -> str:
    said = [f"{r.topic}/{r.partition} {r.first} to {r.last}" for r in sorted(ranges)]
    return ", ".join(said[:3]) + (f" and {len(said) - 3} more" if said[3:] else "") or "nothing"
