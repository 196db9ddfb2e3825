"""What a detector finds: a kind and where in the text; overlapping finds are settled by kind."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

#: Most certain first: where two finds overlap, the kind that stands earlier here is kept.
KINDS = (
    "email", "iban", "national_id", "card", "ip", "birth_date", "phone", "address", "name",
)  # fmt: skip
_RANK = {kind: rank for rank, kind in enumerate(KINDS)}


class Span(NamedTuple):
    """`text[start:end]` is personal data of this kind."""

    kind: str
    start: int
    end: int
    text: str


def settle(spans: Iterable[Span]) -> list[Span]:
    """The spans without overlaps, in the order of the text; more certain, then longer ones win."""
    kept: list[Span] = []
    for span in sorted(spans, key=lambda s: (_RANK[s.kind], s.start - s.end, s.start)):
        if all(span.end <= k.start or k.end <= span.start for k in kept):
            kept.append(span)
    return sorted(kept, key=lambda s: s.start)
