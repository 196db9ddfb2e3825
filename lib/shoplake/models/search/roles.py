"""Which queries a lake's search models learn from: told by the query alone.

A query has the same part in every run and for every model. So a fine-tuned ranker can be judged
inside search, next to weights learnt from clicks, on queries that neither of them ever learnt from.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable

#: What a version says of its split; one that says something else learnt from other queries.
SPLIT = "by query, a fifth held out by what it says"
_PARTS = 10
#: A tenth each: parts of the queries that nothing learns from. They are odd, see `is_for_weights`.
_HELD_OUT = (1, 3)
_LEAST = 2


def is_held_out(query: str) -> bool:
    """Whether it is one of the fifth of queries that no ranker learns from."""
    return _part(query) in _HELD_OUT


def is_for_weights(query: str) -> bool:
    """Whether it is one of the half of queries that weights of search are learnt from."""
    return _part(query) % 2 == 0


def held_out(queries: Iterable[str]) -> set[str]:
    """Those of `queries` to judge a ranker on: held out, or two at least where there are so few."""
    known = sorted(set(queries), key=lambda query: (not is_held_out(query), _digest(query), query))
    return set(known[: max(_LEAST, sum(map(is_held_out, known)))])


def _part(query: str) -> int:
    return _digest(query) % _PARTS


def _digest(query: str) -> int:
    return zlib.crc32(query.strip().lower().encode())
