"""Banned phrases, looked for in a whole text: whoever wrote it, whatever the catalogue says."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator

from shoplake.models.descriptions.language import Run, is_mark, longest_run, runs_from, spans, stem

_PARTS = re.compile(r"[^-‐‑‒–—]+")
#: Cyrillic and Greek letters that look like Latin ones.
_ALIKE = str.maketrans("асеорхуіѕԁһјκνοαε", "aceopxyisdhjkvoae")


def banned_spans(text: str, phrases: Collection[Run]) -> list[tuple[int, int]]:
    """Where a text has a phrase, from and to; marks, hyphens, accents and look-alikes hide none.

    Args:
        text: as it would be published.
        phrases: each as `folded` makes it.
    """
    found = [part for part in _words(text) if not is_mark(part[0])]
    words = [word for word, _, _ in found]
    places, at = [], 0
    while at < len(words):
        size = longest_run(runs_from(words, at), phrases)
        if size:
            places.append((found[at][1], found[at + size - 1][2]))
        at += size or 1
    return places


def folded(phrase: str) -> Run:
    """A phrase as `banned_spans` compares it."""
    return tuple(word for word, _, _ in _words(phrase) if not is_mark(word))


def _words(text: str) -> Iterator[tuple[str, int, int]]:
    """Stems in plain letters, and where each stands."""
    for token, start, _ in spans(text):
        for part in _PARTS.finditer(token):
            plain = unicodedata.normalize("NFKD", part[0].lower())
            plain = "".join(c for c in plain if not unicodedata.combining(c))
            yield stem(plain.translate(_ALIKE)), start + part.start(), start + part.end()
