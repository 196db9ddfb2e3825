"""Files that are no tables: does one hold a value, and its text without them."""

from __future__ import annotations

import codecs
import gzip
from collections.abc import Callable
from pathlib import Path

from shoplake.governance.erasure.containers import Walker
from shoplake.governance.erasure.order import Subject
from shoplake.governance.erasure.scan import Scanner, is_token
from shoplake.governance.erasure.values import patterns

_GZIP = b"\x1f\x8b"
_LARGEST = 1 << 30


class Searcher:
    """Whether bytes or a file hold a value of a subject."""

    def __init__(self, subject: Subject) -> None:
        self._patterns = patterns(subject.searched, subject.id_names)
        self._names = list(subject.id_names)
        self._values = subject.searched
        self._ids = [v.text.encode() for v in self._values if v.is_weak_id]

    def in_file(self, path: Path) -> bool:
        """Whether a search of the file would find something."""
        scanner = Scanner(self._patterns)
        Walker(scanner, self._values, self._names).file(path, path.name, lambda _: None)
        scanner.flush()
        return bool(scanner.places)

    def in_state(self, data: bytes) -> bool:
        """Whether a row of a state store does: weak ids count as whole tokens of it."""
        scanner = Scanner(self._patterns)
        scanner.piece("", data)
        scanner.flush()
        return bool(scanner.places) or any(is_token(data, i) for i in self._ids)


def searcher(subject: Subject) -> Searcher:
    """A `Searcher` of this subject."""
    return Searcher(subject)


def rewrite_text(
    path: Path, clean: Callable[[str], str], replace: Callable[[Path, bytes], None]
) -> bool:
    """Mask values in a text file, gzipped or not, UTF-8 or UTF-16; False if it stays as it is."""
    if path.stat().st_size > _LARGEST:
        return False
    content = path.read_bytes()
    try:
        plain = gzip.decompress(content) if content.startswith(_GZIP) else content
        utf16 = plain.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        encoding = "utf-16" if utf16 else "utf-8"
        text = plain.decode(encoding)
    except (OSError, EOFError, ValueError):
        return False
    if "\0" in text or (cleaned := clean(text)) == text:
        return False
    data = cleaned.encode(encoding)
    replace(path, gzip.compress(data, mtime=0) if content.startswith(_GZIP) else data)
    return True
