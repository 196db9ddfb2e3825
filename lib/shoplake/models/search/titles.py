"""A title's parts: its brand, and the phrase that says what the thing is.

Shop titles run `Brand Model ... Thing in Colour with Extras (Pack)`: the last word of what stands
before the first `in`, `with`, `for` or bracket names the thing.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass

from shoplake.models.search.text import is_measure, terms, words

_AFTER = re.compile(r"\s(?:in|with|for|w/|and includes)\s|\s-\s|[(,]")
#: `in` after a number or a fraction of one letter is the unit inch.
_INCHES = re.compile(r"(?<=[\d/¼-¾⅐-⅞])\s*-?\s*in\.?(?=\s|$)", re.IGNORECASE)


@dataclass(frozen=True)
class Parts:
    """Terms of a title.

    Attributes:
        all: every term.
        head: those before the colour, the extras and the pack.
        thing: the head's last word, or none.
        brand: the title's first word, or none.
        pairs: neighbouring terms.
    """

    all: list[str]
    head: list[str]
    thing: list[str]
    brand: list[str]
    pairs: list[str]


def parts(title: str) -> Parts:
    """The parts of a title."""
    every = terms(words(title))
    plain = _INCHES.sub("inch ", title)
    head = terms(words(_AFTER.split(plain, maxsplit=1)[0])) or every
    named = [term for term in head if not is_measure(term)]
    return Parts(every, head, named[-1:], named[:1], pairs(every))


def pairs(found: list[str]) -> list[str]:
    """Neighbouring terms that are words, joined by a space."""
    plain = [term for term in found if not is_measure(term)]
    return [f"{a} {b}" for a, b in itertools.pairwise(plain)]
