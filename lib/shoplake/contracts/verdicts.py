"""What comparing two contracts finds, before it is given a place and a verdict."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

Direction = Literal["backward", "forward"]

BOTH: tuple[Direction, ...] = ("backward", "forward")
#: Held for what readers compile against and join on, and for what rows may hold.
FULL: tuple[Direction, ...] = BOTH
BACKWARD: tuple[Direction, ...] = ("backward",)


@dataclass(frozen=True)
class Finding:
    """One difference.

    Attributes:
        path: the clause, as the model names it: (table clause), (column, clause) or
            ("rules", rule, clause).
        message: what changed, for a person.
        breaks: the directions it is incompatible in.
        held: the directions that this kind of clause must stay compatible in.
        only_words: nothing that is enforced changed.
        gone: the clause stands in the old contract only.
    """

    path: tuple[str, ...]
    message: str
    breaks: tuple[Direction, ...] = ()
    held: tuple[Direction, ...] = FULL
    only_words: bool = False
    gone: bool = False


def text_of(value: Any) -> str:
    """A clause's value in a message."""
    if value is None or value == () or value == "":
        return "none"
    if isinstance(value, timedelta):
        hours = value.total_seconds() / 3600
        return f"{hours / 24:g} days" if hours >= 24 else f"{hours:g} hours"
    if isinstance(value, tuple):
        return "(" + ", ".join(map(str, value)) + ")"
    return str(value)
