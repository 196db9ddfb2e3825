"""Which files have been taken: each is planned before its rows are written and closed after.

A batch is the set of files planned together. Its number is the transaction version of every bronze
append, so a batch that was interrupted is finished with the same files and no row comes twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from shoplake.contracts.model import Contract
from shoplake.governance.ledger import append
from shoplake.runtime.lake import Lake


@dataclass(frozen=True)
class SeenFile:
    """One file's content: `sha` is the SHA-256 of its bytes, `modified_at` naive UTC."""

    file: str
    sha: str
    bytes: int
    modified_at: datetime


@dataclass(frozen=True)
class Outcome:
    """What became of a planned file: `reason` is set when it is held."""

    file: str
    records: int
    reason: str | None = None


class FileRegistry:
    """`governance.files` of one shop."""

    def __init__(self, lake: Lake, contract: Contract, shop: str, mapping: str) -> None:
        self._lake = lake
        self._contract = contract
        self._shop = shop
        self._mapping = mapping
        self._latest: dict[tuple[str, str], tuple[int, str, str, int, datetime]] = {}
        lines = lake.rows(contract.table, where={"shop": shop})
        # By what follows what, and not by time alone: a clock may have been put back.
        for r in sorted(
            lines, key=lambda r: (r["batch"], r["state"] != "planned", r["recorded_at"])
        ):
            last = (r["batch"], r["state"], r["mapping"], r["bytes"], r["modified_at"])
            self._latest[r["file"], r["file_sha"]] = last

    @property
    def pending(self) -> tuple[int, list[SeenFile]] | None:
        """The batch that was planned and not closed, with its files; None when there is none."""
        planned = {k: v for k, v in self._latest.items() if v[1] == "planned"}
        if not planned:
            return None
        number = min(v[0] for v in planned.values())
        files = [SeenFile(f, s, v[3], v[4]) for (f, s), v in planned.items() if v[0] == number]
        return number, sorted(files, key=lambda f: f.file)

    def looks_known(self, file: str, size: int, modified_at: datetime) -> bool:
        """Whether a file of this path, size and time has been dealt with, without reading it."""
        return any(
            name == file and last[3:] == (size, modified_at) and self._settled(last)
            for (name, _), last in self._latest.items()
        )

    def is_known(self, file: str, sha: str) -> bool:
        """Whether this content has been dealt with under this mapping."""
        last = self._latest.get((file, sha))
        return last is not None and self._settled(last)

    def _settled(self, last: tuple[int, str, str, int, datetime]) -> bool:
        # A held file is tried again once its mapping has changed.
        return last[1] == "ingested" or (last[1] == "quarantined" and last[2] == self._mapping)

    def plan(self, files: Iterable[SeenFile]) -> int:
        """Write the next batch's plan; returns its number."""
        number = 1 + max((v[0] for v in self._latest.values()), default=0)
        self._record(number, [(f, "planned", None, None) for f in files])
        return number

    def close(
        self,
        number: int,
        files: Iterable[SeenFile],
        outcomes: Iterable[Outcome],
        mapping: str | None = None,
    ) -> None:
        """Write what became of each file of a batch; a file without an outcome is gone.

        `mapping` is the fingerprint of the one it was read under, if that is an earlier one: what
        was held under it is tried again.
        """
        found = {o.file: o for o in outcomes}
        gone = Outcome("", 0, "the file changed or went away while it was being read")
        lines = []
        for f in files:
            outcome = found.get(f.file, gone)
            state = "ingested" if outcome.reason is None else "quarantined"
            lines.append((f, state, outcome.records, outcome.reason))
        self._record(number, lines, mapping)

    def rewritten(self, file: str, old_sha: str, new_sha: str, size: int, records: int) -> None:
        """A file that was dealt with gets other bytes; they count as dealt with in its place."""
        last = self._latest.get((file, old_sha))
        if last is None or (file, new_sha) in self._latest:
            return
        now = datetime.now(UTC).replace(tzinfo=None)
        self._record(last[0], [(SeenFile(file, new_sha, size, now), last[1], records, None)])

    def _record(
        self,
        number: int,
        lines: Sequence[tuple[SeenFile, str, int | None, str | None]],
        mapping: str | None = None,
    ) -> None:
        mapping = self._mapping if mapping is None else mapping
        now = datetime.now(UTC).replace(tzinfo=None)
        append(
            self._lake,
            self._contract,
            [
                (
                    *(self._shop, f.file, f.sha, f.bytes, f.modified_at, number),
                    *(state, records, reason, mapping, now),
                )
                for f, state, records, reason in lines
            ],
        )
        for f, state, _, _ in lines:
            self._latest[f.file, f.sha] = (number, state, mapping, f.bytes, f.modified_at)
