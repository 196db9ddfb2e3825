"""Databricks' SQL of times in DataFusion's spelling: what `runtime.datafusion` does with them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, ClassVar

from sqlglot import expressions as exp
from sqlglot.dialects.databricks import Databricks

#: What strftime writes, by what it writes of; sqlglot marks a padded one with `strict`.
_CODES = {c: of for of in ("Yy", "mbB", "d", "H", "I", "M", "S", "p", "aA", "j") for c in of}
_FORMAT = re.compile(r"%-?([A-Za-z])(?:strict)?|'([^'%]*)'|([^A-Za-z%'])")
_DEFAULT_FORMAT = "%Y-%m-%d %H:%M:%S"
_UNITS = {"MM": "MONTH", "MON": "MONTH", "YYYY": "YEAR", "YY": "YEAR", "DD": "DAY"}
#: Of a second, of literals and of Delta.
_TICKS = (("(ns", 10**9), ("", 10**6))
_DAY_OF_WEEK = ("dow", "dayofweek")


def _days_between(args: list[exp.Expr]) -> exp.Expr:
    """Of two arguments Spark counts midnights; of three, which name a unit, what has passed."""
    if len(args) != 2:
        return Databricks.Parser.FUNCTIONS["DATEDIFF"](args)
    days = (exp.TsOrDsToDate(this=x) for x in args)
    return exp.DateDiff(this=next(days), expression=next(days), unit=exp.var("DAY"))


class Spelling(Databricks):
    """Databricks' SQL, as sqlglot reads it but for what it mistakes."""

    class Parser(Databricks.Parser):  # type: ignore[misc, valid-type]
        """Reads SQL."""

        FUNCTIONS: ClassVar[dict[str, Any]] = {
            **Databricks.Parser.FUNCTIONS,
            "DATEDIFF": _days_between,
            "DATE_DIFF": _days_between,
        }


def part(name: str) -> Callable[[Any, exp.Expr], str]:
    """A part of a time, such as its hour."""
    return lambda self, e: self.func("DATE_PART", exp.Literal.string(name), e.this)


def day_of_week(self: Any, e: exp.Expr) -> str:
    """Spark counts from 1, Sunday; DataFusion from 0."""
    return f"({part('dow')(self, e)} + 1)"


def weekday(self: Any, e: exp.Expr) -> str:
    """From 0, Monday."""
    return f"(({part('dow')(self, e)} + 6) % 7)"


def extract(self: Any, e: exp.Extract) -> str:
    """`EXTRACT(<part> FROM <time>)`."""
    if e.name.lower() in _DAY_OF_WEEK:
        return day_of_week(self, exp.DayOfWeek(this=e.expression))
    written: str = self.extract_sql(e)
    return written


def to_char(self: Any, e: exp.TimeToStr) -> str:
    """A time as text."""
    return str(self.func("TO_CHAR", e.this, _format(self, e)))


def from_text(name: str) -> Callable[[Any, exp.Expr], str]:
    """A text as a time: `to_date` or `to_timestamp`, with a format or without one."""

    def written(self: Any, e: exp.Expr) -> str:
        if e.args.get("format") is None:
            kind = name.removeprefix("to_").upper()
            return f"CAST({self.sql(e.this)} AS {kind})"
        return str(self.func(name, e.this, _format(self, e)))

    return written


def _format(self: Any, e: exp.Expr) -> exp.Expr:
    given = e.args.get("format")
    text = given.name.replace("%j%-j", "%j") if isinstance(given, exp.Literal) else "?"
    written, at, last = "", 0, ""
    while at < len(text) and (found := _FORMAT.match(text, at)):
        code, quoted, other = found.groups()
        of = _CODES.get(code or "")
        if code and (of is None or of == last):
            break
        if code:
            written += found[0].removesuffix("strict")
        else:
            written += other or quoted or "'"
        at, last = found.end(), of or ""
    if at < len(text) or not isinstance(given, exp.Literal):
        self.unsupported(e.sql(dialect="databricks"))
    return exp.Literal.string(written)


def whole(e: exp.Expr | None) -> int | None:
    """The value of a literal whole number."""
    if isinstance(e, exp.Neg):
        value = whole(e.this)
        return None if value is None else -value
    return int(e.name) if isinstance(e, exp.Literal) and e.is_int else None


def add_months(self: Any, e: exp.AddMonths) -> str:
    """A day some months later."""
    months = whole(e.args.get("expression"))
    if months is None:
        self.unsupported("add_months but by a written number")
    return f"CAST(CAST({self.sql(e.this)} AS DATE) + INTERVAL '{months} MONTH' AS DATE)"


def epoch(self: Any, e: exp.Expr) -> str:
    """Seconds since 1970."""
    written = e.args.get("format")
    if written is not None and written.name.replace("strict", "") != _DEFAULT_FORMAT:
        self.unsupported("unix_timestamp with a format")
    return f"CAST(floor(date_part('epoch', CAST({self.sql(e.this)} AS TIMESTAMP))) AS BIGINT)"


def trunc(self: Any, e: exp.DateTrunc | exp.TimestampTrunc) -> str:
    """The start of the time's month, year, ...: `trunc` gives a day, `date_trunc` a time."""
    unit = e.args["unit"].name.upper()
    cut = self.func("DATE_TRUNC", exp.Literal.string(_UNITS.get(unit, unit)), e.this)
    return f"CAST({cut} AS DATE)" if isinstance(e, exp.DateTrunc) else str(cut)


def cast(self: Any, e: exp.Cast) -> str:
    """A time as text has a blank between day and time, and as a number it counts seconds."""
    write = self.trycast_sql if isinstance(e, exp.TryCast) else self.cast_sql
    written: str = write(e)
    of = self.sql(e.this)
    if isinstance(e.this, exp.Literal) or not e.is_type("text", "varchar", "bigint"):
        return written
    # Known when the query is planned: what stands in the other branches is never evaluated.
    kind = f"arrow_typeof({of})"
    if e.is_type("bigint"):
        nanoseconds = f"WHEN {kind} LIKE 'Timestamp(ns%' THEN 1000000000"
        return (
            f"{written} / CASE {nanoseconds} WHEN {kind} LIKE 'Timestamp%' THEN 1000000 ELSE 1 END"
        )
    blank = f"replace(rtrim({written}, 'Z'), 'T', ' ')"
    shown = rf"regexp_replace({blank}, '(\.\d*?)0+$', '\1')"
    return f"CASE WHEN {kind} LIKE 'Timestamp%' THEN {shown} ELSE {written} END"
