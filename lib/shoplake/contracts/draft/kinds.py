"""Which type a column of text holds, and its values in that type."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from shoplake.contracts.draft.names import is_identifier, is_money, words

#: A clause is drafted if it holds for this share of the rows, and the exceptions are counted.
COVERAGE = 0.999
#: Ways of writing that there is no value.
MISSING = frozenset(
    {"null", "none", "nan", "n/a", "#n/a", "<na>", "nil", "nat", "(not set)", "(null)", "\\n"}
)
#: More of them, where the rest are numbers or times.
_ALSO_MISSING = MISSING | {"na", "-", "--", "?", "unknown", "undefined", "missing", "not available"}

#: Ends the note of an identifier that a spreadsheet has rounded.
DIGITS_LOST = "digits are lost"

_WHOLE = re.compile(r"[+-]?\d{1,18}(\.0+)?")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?")
_SCIENTIFIC = re.compile(r".*[eE].*")
_BOOLEANS = ({"true", "false"}, {"t", "f"}, {"yes", "no"}, {"y", "n"})
_TIME = r"\d{1,2}:\d{2}"
#: Format, and the shape that a value must have before it is tried.
_DATES = (
    ("%Y-%m-%d", r"\d{4}-\d{1,2}-\d{1,2}"),
    ("%Y/%m/%d", r"\d{4}/\d{1,2}/\d{1,2}"),
    ("%m/%d/%Y", r"\d{1,2}/\d{1,2}/\d{4}"),
    ("%d/%m/%Y", r"\d{1,2}/\d{1,2}/\d{4}"),
    ("%d.%m.%Y", r"\d{1,2}\.\d{1,2}\.\d{4}"),
    ("%d-%m-%Y", r"\d{1,2}-\d{1,2}-\d{4}"),
    ("%d-%b-%Y", r"\d{1,2}-[A-Za-z]{3}-\d{4}"),
    ("%d %b %Y", r"\d{1,2} [A-Za-z]{3} \d{4}"),
    ("%b %d, %Y", r"[A-Za-z]{3} \d{1,2}, \d{4}"),
)
_ISO_TIME = r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?( ?(Z|UTC|[+-]\d{2}:?\d{2}))?"


@dataclass(frozen=True)
class Kind:
    """A Spark SQL type, and how its text is read: a `strptime` format, ISO8601 or ''."""

    type: str
    format: str = ""
    note: str = ""

    @property
    def is_number(self) -> bool:
        """Whether values have an order and a size."""
        return self.type.startswith(("int", "bigint", "double", "float", "decimal"))

    @property
    def is_time(self) -> bool:
        """Date or timestamp."""
        return self.type in ("date", "timestamp")


STRING = Kind("string")


def is_missing(values: pd.Series, kind: Kind) -> pd.Series:
    """Which texts say that there is no value."""
    known = MISSING if kind.type == "string" else _ALSO_MISSING
    return values.str.lower().isin(known)


def kind_of(name: str, values: pd.Series, counts: np.ndarray) -> Kind:
    """The narrowest type that COVERAGE of the rows fit.

    Args:
        name: the column's, which tells identifiers and money from quantities.
        values: distinct texts, trimmed, none null.
        counts: how many rows hold each.
    """
    known = ~values.str.lower().isin(_ALSO_MISSING).to_numpy()
    values, counts = values[known], counts[known]
    rows = int(counts.sum())
    if not rows:
        return STRING

    def share(mask: pd.Series) -> float:
        return float(counts[mask.to_numpy(dtype=bool)].sum()) / rows

    lower = set(values.str.lower()) if len(values) <= 4 else set()
    if any(lower == pair for pair in _BOOLEANS):
        return Kind("boolean")
    if share(values.str.fullmatch(_NUMBER)) >= COVERAGE:
        return _number(name, values, counts)
    for format_, kind in _times(values):
        mask = values.str.fullmatch(kind)
        if share(mask) >= COVERAGE:
            parsed = _parse_times(values, format_)
            if share(parsed.notna()) >= COVERAGE:
                return _time(values, parsed, format_)
    return STRING


def typed(kind: Kind, values: pd.Series) -> pd.Series:
    """The texts in the type: numbers as floats, times as datetimes; null where it does not fit."""
    if kind.is_number:
        return pd.to_numeric(values, errors="coerce")
    if kind.is_time:
        return _parse_times(values, kind.format)
    if kind.type == "boolean":
        known = {w for pair in _BOOLEANS for w in pair} | {"0", "1"}
        return values.where(values.str.lower().isin(known))
    return values


def _times(values: pd.Series) -> Iterator[tuple[str, str]]:
    yield "ISO8601", _ISO_TIME
    for format_, shape in _DATES:
        yield format_, shape
        for clock in (" %H:%M", " %H:%M:%S"):
            yield format_ + clock, shape + " " + _TIME + (r":\d{2}" if "%S" in clock else "")


def _parse_times(values: pd.Series, format_: str) -> pd.Series:
    parsed = pd.to_datetime(values, format=format_ or "ISO8601", errors="coerce", utc=True)
    return parsed.dt.tz_localize(None)


def _time(values: pd.Series, parsed: pd.Series, format_: str) -> Kind:
    whole_days = bool((parsed.dropna() == parsed.dropna().dt.normalize()).all())
    kind = "date" if whole_days else "timestamp"
    note = "" if format_.startswith(("ISO", "%Y-")) else f"written as {format_}"
    if format_.startswith("%m/%d/%Y"):
        swapped = _parse_times(values, format_.replace("%m/%d", "%d/%m"))
        if swapped.notna().all():
            note += "; day and month could be the other way round"
    return Kind(kind, format_, note)


def _number(name: str, values: pd.Series, counts: np.ndarray) -> Kind:
    fits = values.str.fullmatch(_NUMBER).to_numpy(dtype=bool)
    values, counts = values[fits], counts[fits]
    rows = counts.sum()
    found = words(name)
    if "date" in found and values.str.fullmatch(r"(19|20)\d{6}").all():
        parsed = pd.to_datetime(values, format="%Y%m%d", errors="coerce")
        if parsed.notna().all():
            return Kind("date", "%Y%m%d", "written as %Y%m%d")
    scientific = values.str.fullmatch(_SCIENTIFIC)
    if is_identifier(name):
        if counts[scientific.to_numpy(dtype=bool)].sum() > (1 - COVERAGE) * rows:
            lost = counts[scientific.to_numpy(dtype=bool)].sum() / rows
            return Kind("string", note=f"{lost:.0%} in scientific notation: {DIGITS_LOST}")
        if values.str.fullmatch(r"0\d+").any():
            return Kind("string", note="leading zeros, so no number")
    whole = values.str.fullmatch(_WHOLE).to_numpy(dtype=bool)
    if counts[whole].sum() >= COVERAGE * rows:
        dotted = counts[values.str.contains(".", regex=False).to_numpy(dtype=bool)].sum() / rows
        note = f"{dotted:.0%} write whole numbers with .0" if dotted else ""
        numbers = pd.to_numeric(values[whole], errors="coerce").abs()
        if {"time", "timestamp", "at", "ts"} & set(found) and numbers.between(1e8, 4.2e9).all():
            first, last = pd.to_datetime([numbers.min(), numbers.max()], unit="s")
            note = f"seconds since 1970: {first:%Y-%m-%d} to {last:%Y-%m-%d}"
        wide = is_identifier(name) or bool(numbers.max() > 500_000_000)
        return Kind("bigint" if wide else "int", note=note)
    if scientific.any():
        return Kind("double")
    digits = values.str.extract(r"\.(\d+?)0*$", expand=False).fillna("").str.len().to_numpy()
    longer = counts[digits > 4].sum() / rows
    if is_money(name) and longer <= 1 - COVERAGE:
        note = "a few have more decimals, which are rounded" if longer else ""
        return Kind(f"decimal(18,{4 if (digits > 2).any() else 2})", note=note)
    return Kind("double")
