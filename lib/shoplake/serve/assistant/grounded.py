"""Whether an answer says only what its facts say.

Numbers and quoted names are what can be checked exactly: each must stand in a cited value. A
rewording must besides keep every number, name and word of denial or status of what it rewords.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_NUMBER = re.compile(r"\d+(?:[.,:/-]\d+)*")
_NAME = re.compile(r"[“\"]([^“”\"]+)[”\"]")
_TOKEN = re.compile(r"\b[A-Za-z]+\d[0-9A-Za-z]*\b")
_WORDS = re.compile(
    r"\b(?:no|not|never|cannot|can't|don't|doesn't|won't|isn't|none|nothing|without|cancelled|partly|placed"
    r"|sold out|in stock|few left|refund\w*|free|guarantee\w*|deliver(?:ed|y)|shipped|colleague)\b",
    re.IGNORECASE,
)


def ungrounded(answer: str, values: Iterable[str]) -> list[str]:
    """Numbers and quoted names of `answer` that stand in no value."""
    told = "\n".join(values)
    known = set(_exact(told))
    wrong = [mark for mark in _exact(answer) if mark not in known]
    return wrong + [n for n in _NAME.findall(answer) if n not in told]


def _exact(text: str) -> list[str]:
    """Numbers, and words with digits in them."""
    return [*_TOKEN.findall(text), *_NUMBER.findall(_TOKEN.sub(" ", text))]


def faithful(reworded: str, answer: str) -> bool:
    """Whether a rewording keeps numbers, names, and words of status and denial."""

    def marks(text: str) -> list[str]:
        found = [*_exact(text), *_NAME.findall(text)]
        return sorted([*found, *(w.lower() for w in _WORDS.findall(text))])

    return bool(reworded.strip()) and marks(reworded) == marks(answer)
