"""Timestamp patterns of a mapping, checked before Spark meets them.

The letters are those of Spark's datetime patterns
(https://spark.apache.org/docs/latest/sql-ref-datetime-pattern.html), as far as they can be parsed.
"""

from __future__ import annotations

import re

EPOCHS = ("epoch_seconds", "epoch_millis")

_WIDTHS = {
    "y": range(1, 7),
    "M": range(1, 5),
    "L": range(1, 5),
    "d": range(1, 3),
    "D": range(1, 4),
    "H": range(1, 3),
    "h": range(1, 3),
    "k": range(1, 3),
    "K": range(1, 3),
    "m": range(1, 3),
    "s": range(1, 3),
    "S": range(1, 10),
    "a": range(1, 2),
    "V": range(2, 3),
    "z": range(1, 5),
    "O": (1, 4),
    "X": range(1, 6),
    "x": range(1, 6),
    "Z": range(1, 6),
}
_MEANT = {"Y": "y", "u": "y", "A": "a", "n": "S", "N": "S"}
_ZONES = frozenset("VzOXxZ")


def pattern_fault(pattern: str) -> str | None:
    """Why Spark cannot parse with `pattern`, and what to write; None when it can."""
    if pattern in EPOCHS:
        return None
    if pattern.count("'") % 2:
        return "a quote is not closed; text in a pattern stands between two ' marks"
    runs = [match[0] for match in re.finditer(r"([A-Za-z])\1*", _bare(pattern))]
    letters = {run[0] for run in runs}
    for run in runs:
        letter = run[0]
        if letter not in _WIDTHS:
            meant = _MEANT.get(letter)
            hint = f"write '{meant * len(run)}'" if meant else "quote it with ' if it is text"
            return f"'{run}' is no part of a time that can be read; {hint}"
        if len(run) not in _WIDTHS[letter]:
            hint = "; days of the month are 'dd'" if letter == "D" else ""
            return f"'{run}' is too long{hint}"
    if "y" not in letters:
        return f"it has no year; write 'yyyy', or one of {', '.join(EPOCHS)}"
    if "D" not in letters and not letters & {"M", "L"}:
        return "it has no month; write 'MM' ('mm' is minutes)"
    if "D" not in letters and "d" not in letters:
        return "it has no day; write 'dd'"
    if letters & {"h", "K"} and "a" not in letters:
        return "'h' is the hour of a half day and needs 'a' (AM or PM); write 'HH'"
    if "m" in letters and not letters & set("HhkK"):
        return "'m' is minutes, but there is no hour; months are 'MM', hours 'HH'"
    return None


def has_zone(pattern: str) -> bool:
    """Whether the pattern reads the zone from the value itself."""
    return bool(_ZONES & set(_bare(pattern)))


def _bare(pattern: str) -> str:
    return re.sub(r"'[^']*'", "", pattern)
