"""Sets, patterns and lengths of text."""

from __future__ import annotations

import re
from collections import Counter

import numpy as np
import pandas as pd

from shoplake.contracts.draft.kinds import COVERAGE

#: A set has at most so many values, and at least so many rows speak for it.
SET_VALUES = 20
_SET_ROWS = 50
#: The chance that the next row brings a new value (Good 1953: share of values seen once).
_NEW_VALUE = 1e-3
#: Of the rows, so few may be left out of a set.
_RARE = 1e-4
_SHAPES = 4
_ROUND = (5, 10, 20, 30, 50, 100, 200, 300, 500)

#: Well-known forms, narrow to wide; each is a whole-value pattern that Java reads alike.
FORMS = {
    "UUID": r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}",
    "SHA-256": r"[0-9a-f]{64}",
    "SHA-1": r"[0-9a-f]{40}",
    "128 bits as hex digits": r"[0-9a-f]{32}",
    "e-mail address": r"[^@\s]+@[^@\s]+\.[A-Za-z]{2,}",
    "web address": r"https?://\S+",
    "IPv4 address": r"(\d{1,3}\.){3}\d{1,3}",
    "international phone number": r"\+[1-9][0-9 ()-]{6,20}",
    "date": r"\d{4}-\d{2}-\d{2}",
    "language tag": r"[a-z]{2}-[A-Z]{2}",
    "file path": r"(/[^/\s]+)+",
}


def allowed(values: pd.Series, counts: np.ndarray) -> tuple[list[str], int] | None:
    """A closed set of values and how many rows are outside it, if new values are unlikely.

    Args:
        values: distinct texts.
        counts: how many rows hold each.
    """
    rows = int(counts.sum())
    # Dirt is rare: values of one row each are left out where they are few enough.
    rare = counts == 1
    if rows >= 1 / _RARE and rare.sum() <= _RARE * rows:
        values, counts = values[~rare], counts[~rare]
    if rows < _SET_ROWS or not 1 <= len(values) <= SET_VALUES or values.str.len().max() > 50:
        return None
    if (counts == 1).sum() / rows > _NEW_VALUE or len(values) * 10 > rows:
        return None
    return sorted(values), rows - int(counts.sum())


def pattern(values: pd.Series, counts: np.ndarray) -> tuple[str, str] | None:
    """A regular expression that COVERAGE of the rows match as a whole, and what it is.

    Args:
        values: distinct texts, many of them; counts: how many rows hold each.
    """
    rows = counts.sum()
    for form, regex in FORMS.items():
        if counts[values.str.fullmatch(regex).to_numpy(dtype=bool)].sum() >= COVERAGE * rows:
            return regex, form
    if values.str.contains(r"\s", regex=True).mean() > 1 - COVERAGE or values.str.len().max() > 40:
        return None
    shapes: Counter[tuple[str, ...]] = Counter()
    members: dict[tuple[str, ...], list[list[str]]] = {}
    for value, count in zip(values, counts, strict=True):
        runs = _runs(value)
        shape = tuple(kind for kind, _ in runs)
        shapes[shape] += int(count)
        members.setdefault(shape, []).append([text for _, text in runs])
    chosen, covered = [], 0
    for shape, count in shapes.most_common(_SHAPES):
        chosen.append(shape)
        covered += count
        if covered >= COVERAGE * rows:
            break
    if covered < COVERAGE * rows or max(map(len, chosen)) > 8:
        return None
    parts = [_regex(shape, members[shape]) for shape in chosen]
    # A pattern that any word fits says nothing.
    if all(re.fullmatch(r"(\[[A-Za-z-]+\]\{\d+,\d*\})+", part) for part in parts):
        return None
    return "|".join(parts), "fixed shape"


def bounded(regex: str) -> bool:
    """Whether a pattern made here limits the length by itself."""
    return not re.search(r"(?<!\\)[+*]|,\}", regex)


def longest(values: pd.Series) -> int:
    """A round number of characters, with headroom."""
    need = int(values.str.len().max() * 1.5)
    step = 1
    while True:
        for size in _ROUND:
            if size * step >= need:
                return size * step
        step *= 100


def _runs(value: str) -> list[tuple[str, str]]:
    """`C53-a` to [("A", "C"), ("9", "53"), ("-", "-"), ("a", "a")]."""
    found: list[tuple[str, str]] = []
    for run in re.finditer(r"[0-9]+|[A-Z]+|[a-z]+|.", value, re.DOTALL):
        text = run[0]
        kind = "9" if text[0].isascii() and text[0].isdigit() else text
        if text.isascii() and text.isalpha():
            kind = "A" if text.isupper() else "a"
        found.append((kind, text))
    return found


def _regex(shape: tuple[str, ...], members: list[list[str]]) -> str:
    classes = {"9": "[0-9]", "A": "[A-Z]", "a": "[a-z]"}
    parts = []
    for i, kind in enumerate(shape):
        texts = {m[i] for m in members}
        if len(texts) == 1 and (kind != "9" or len(members) > 20):
            parts.append(re.escape(texts.pop()))
            continue
        sizes = {len(t) for t in texts}
        if kind in ("A", "a") and sizes == {1} and len(texts) <= 3:
            parts.append(f"[{''.join(sorted(texts))}]")
            continue
        low, high = min(sizes), max(sizes)
        # Ids grow: a number of varying length may get one more digit.
        high += 1 if kind == "9" and high > low else 0
        size = "" if low == high == 1 else f"{{{low}}}" if low == high else f"{{{low},{high}}}"
        parts.append(classes.get(kind, re.escape(kind)) + size)
    return "".join(parts)
