"""Instants written as text, read by one rule for a whole table."""

from __future__ import annotations

import pandas as pd

from shoplake.evaluate.metrics import EvaluationError

#: The month comes first where both orders fit, as in UCI Online Retail's own file.
_DAYS = (
    *("%m/%d/%Y", "%d/%m/%Y", "%m/%d/%y", "%d/%m/%y"),
    *("%Y/%m/%d", "%d.%m.%Y", "%d-%m-%Y", "%m-%d-%Y", "%d-%b-%Y", "%d %b %Y", "%d-%b-%y"),
)
_TIMES = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p")
_MOST_LOST = 0.01


def dates_of(text: pd.Series, where: str, notes: list[str] | None = None) -> pd.Series:
    """Instants (UTC, naive) of a column; missing where nothing is written.

    Read as ISO 8601, else by the one order of day, month and year that fits most of the column: a
    single date does not tell whether 12/01 is in January.

    Args:
        text: with or without seconds, some rows so and others so.
        where: what to call the column's files in errors.
        notes: how many could not be read is added, if it is one in a hundred or fewer.

    Raises:
        EvaluationError: more cannot be read.
    """
    row, texts = pd.factorize(text.str.strip().replace("", None))
    said = pd.Series(texts, dtype=object)
    found = _read(said, "ISO8601")
    rest = said[found.isna()]
    if len(rest):
        tries = (_in_order(rest, day) for day in _DAYS)
        found = found.fillna(max(tries, key=lambda tried: tried.notna().sum()))
    instants = found.reindex(row).set_axis(text.index)
    written = row >= 0
    lost = instants.isna().to_numpy() & written
    if lost.any():
        what = f"{lost.sum():,} of {written.sum():,} dates cannot be read"
        example = f"{where}: {text.name}, for instance '{text[lost].iloc[0]}'"
        if lost.sum() > _MOST_LOST * written.sum():
            raise EvaluationError(
                what, where=example, remedy="write all as YYYY-MM-DD hh:mm:ss, or all alike"
            )
        if notes is not None:
            notes.append(f"{what}, and their lines were left out ({example})")
    return instants


def _in_order(said: pd.Series, day: str) -> pd.Series:
    """By one order of day, month and year, with any time of day or none."""
    found = _read(said, day + _TIMES[0])
    for time in _TIMES[1:]:
        found = found.fillna(_read(said, day + time))
    return found


def _read(said: pd.Series, form: str) -> pd.Series:
    return pd.to_datetime(said, format=form, errors="coerce", utc=True).dt.tz_localize(None)
