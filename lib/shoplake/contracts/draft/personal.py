"""What a detector of personal data says of a column; `governance.personal` has the detectors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Personal:
    """What kind of personal data, and the evidence for it."""

    kind: str
    evidence: str


#: (header, some distinct values) to what was found, or None.
Detector = Callable[[str, Sequence[str]], Personal | None]
