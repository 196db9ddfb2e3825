"""Looking for patterns in bytes: RE2 reads everything once, hundreds of patterns at a time."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from shoplake.governance.erasure.values import Pattern, joined

#: Bytes read at once; two reads share `OVERLAP`, so that a value across their edge is found.
CHUNK = 8 << 20
OVERLAP = 1 << 10
_CONTEXT = 40
_BETWEEN = b"\0" * 4


@dataclass(frozen=True, order=True)
class Place:
    """Where a value was found.

    Attributes:
        where: file, and what within it: a column and row group, an entry of an archive, a table.
        value: the value, masked.
        writing: how it is written there: plain, UTF-16, base64 ...
        context: what stands before it, as far as it is readable and holds no value itself.
    """

    where: str
    value: str
    writing: str
    context: str


class Scanner:
    """Collects pieces of bytes and searches them some megabytes at a time.

    RE2 takes linear time and runs outside Python's lock: about 400 MB/s a core for as many patterns
    as are joined in one expression. Compiling takes milliseconds, so small pieces are searched
    together and one by one only where there is something.

    Args:
        patterns: what to look for.
    """

    def __init__(self, patterns: Sequence[Pattern]) -> None:
        self.places: list[Place] = []
        self.read = 0
        self._patterns = list(patterns)
        self._any = joined(self._patterns)
        self._pieces: list[tuple[str, bytes]] = []
        self._size = 0

    def piece(self, where: str, data: bytes) -> None:
        """Search some bytes that belong together, soon."""
        self._pieces.append((where, data))
        self._size += len(data)
        self.read += len(data)
        if self._size >= CHUNK:
            self.flush()

    def stream(self, where: str, chunks: Iterable[bytes]) -> None:
        """Search bytes of any length, chunk by chunk."""
        tail = b""
        for chunk in chunks:
            self.piece(where, tail + chunk)
            self.read -= len(tail)
            tail = (tail + chunk)[-OVERLAP:]

    def found(self, place: Place) -> None:
        """Note a place that was found by other means."""
        self.places.append(place)

    def flush(self) -> None:
        """Search what was collected."""
        pieces, self._pieces, self._size = self._pieces, [], 0
        if not self._patterns or not pieces:
            return
        together = _BETWEEN.join(data for _, data in pieces)
        if not any(_matches(together, regex) for regex in self._any):
            return
        for where, data in pieces:
            at = self._first(data)
            if at >= 0:
                self.found(self._place(where, data, at))

    def _place(self, where: str, data: bytes, at: int) -> Place:
        """The first value of a piece; that there are more is not told."""
        # Most values are short; a line that could not be read may be as long as it likes.
        ends = (data[at : at + OVERLAP], data[at:])
        here, pattern = next(
            (end, p) for end in ends for p in self._patterns if _first(end, p.regex) == 0
        )
        before = data[max(0, at - _CONTEXT) : at]
        context = "" if self._first(before) >= 0 else before.decode("latin-1")
        if pattern.writing == "named":
            context += here[:_CONTEXT].decode("latin-1").split(pattern.value.text)[0]
        shown = re.sub(r"[^ -~]", "·", context)
        return Place(where, str(pattern.value), pattern.writing, shown)

    def _first(self, data: bytes) -> int:
        found = [at for regex in self._any if (at := _first(data, regex)) >= 0]
        return min(found, default=-1)


def _first(data: bytes, regex: str) -> int:
    array = pa.array([data], type=pa.large_binary())
    return int(pc.find_substring_regex(array, regex)[0].as_py())


def _matches(data: bytes, regex: str) -> bool:
    array = pa.array([data], type=pa.large_binary())
    return bool(pc.match_substring_regex(array, regex)[0].as_py())


def is_token(data: bytes, token: bytes) -> bool:
    """Whether `token` stands in `data` between bytes that are no letter, digit or point."""
    at = data.find(token)
    while at >= 0:
        around = data[at - 1 : at] + data[at + len(token) : at + len(token) + 1]
        if not any(chr(b).isalnum() or b in b"._-" for b in around if b < 128):
            return True
        at = data.find(token, at + 1)
    return False
