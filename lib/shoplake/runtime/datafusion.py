"""Databricks' SQL in DataFusion's spelling, with the same meaning or not at all.

sqlglot knows Postgres, whose spelling DataFusion shares, but not where DataFusion takes the same
words otherwise: formats of times, positions counted from the end, days of the week.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, ClassVar

from sqlglot import expressions as exp
from sqlglot.dialects.postgres import Postgres
from sqlglot.errors import ErrorLevel, UnsupportedError

from shoplake.errors import ShoplakeError

#: What strftime writes, by what it writes of; sqlglot marks a padded one with `strict`.
_CODES = {c: of for of in ("Yy", "mbB", "d", "H", "I", "M", "S", "p", "aA", "j") for c in of}
_FORMAT = re.compile(r"%-?([A-Za-z])(?:strict)?|'([^'%]*)'|([^A-Za-z%'])")
#: A separator that a regular expression matches as it stands: `,`, `[.]`, `\\|`.
_PLAIN = re.compile(r"(?:[^\\.\[\](){}*+?^$|]|\\[^A-Za-z0-9]|\[[^\\^\[\]]\])+")
_ESCAPE = re.compile(r"\\(.)|\[(.)\]")
_DEFAULT_FORMAT = "%Y-%m-%d %H:%M:%S"
_UNITS = {"MM": "MONTH", "MON": "MONTH", "YYYY": "YEAR", "YY": "YEAR"}
_DAY_OF_WEEK = ("dow", "dayofweek")


def spelled(tree: exp.Expr) -> str:
    """The tree as DataFusion's SQL.

    Raises:
        ShoplakeError: it asks for something that has no spelling of the same meaning.
    """
    try:
        return tree.sql(dialect=_DataFusion, comments=False, unsupported_level=ErrorLevel.RAISE)
    except UnsupportedError as error:
        raise ShoplakeError(
            f"not possible without Spark: {error}",
            where=tree.sql(dialect="databricks"),
            remedy="ask for it in Spark: docs/policies.md, In Spark",
        ) from None


def _part(name: str) -> Callable[[Any, exp.Expr], str]:
    return lambda self, e: self.func("DATE_PART", exp.Literal.string(name), e.this)


def _day_of_week(self: Any, e: exp.Expr) -> str:
    """Spark counts from 1, Sunday; DataFusion from 0."""
    return f"({_part('dow')(self, e)} + 1)"


def _extract(self: Any, e: exp.Extract) -> str:
    if e.name.lower() in _DAY_OF_WEEK:
        return _day_of_week(self, exp.DayOfWeek(this=e.expression))
    written: str = self.extract_sql(e)
    return written


def _anonymous(self: Any, e: exp.Anonymous) -> str:
    name, args = e.name.lower(), e.expressions
    if name == "date_part" and len(args) == 2 and args[0].name.lower() in _DAY_OF_WEEK:
        return _day_of_week(self, exp.DayOfWeek(this=args[1]))
    if name == "pmod" and len(args) == 2:
        a, b = (f"({self.sql(x)})" for x in args)
        return f"(({a} % {b} + {b}) % {b})"
    written: str = self.anonymous_sql(e)
    return written


def _to_char(self: Any, e: exp.TimeToStr) -> str:
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
    return str(self.func("TO_CHAR", e.this, exp.Literal.string(written)))


def _whole(e: exp.Expr | None) -> int | None:
    """The value of a literal whole number."""
    if isinstance(e, exp.Neg):
        value = _whole(e.this)
        return None if value is None else -value
    return int(e.name) if isinstance(e, exp.Literal) and e.is_int else None


def _not_negative(self: Any, e: exp.Expr) -> str:
    value, text = _whole(e), self.sql(e)
    return f"CASE WHEN {text} < 0 THEN 0 ELSE {text} END" if value is None else str(max(value, 0))


def _end(name: str) -> Callable[[Any, exp.Expr], str]:
    """`left` and `right`: a length below 0 is none, and not that many characters less."""
    return lambda self, e: (
        f"{name}({self.sql(e.this)}, {_not_negative(self, e.args['expression'])})"
    )


def _substring(self: Any, e: exp.Substring) -> str:
    """A start below 0 counts from the end, and 0 is 1."""
    of, start = self.sql(e.this), e.args.get("start")
    value, text = _whole(start), self.sql(start)
    from_end = f"character_length({of}) + 1 + {text}"
    if value is not None:
        text = from_end if value < 0 else str(max(value, 1))
    else:
        above = f"WHEN {text} > 0 THEN {text}"
        text = f"CASE {above} WHEN {text} < 0 THEN {from_end} WHEN {text} = 0 THEN 1 END"
    length = e.args.get("length")
    more = "" if length is None else f", {_not_negative(self, length)}"
    return f"substr({of}, {text}{more})"


def _slice(self: Any, e: exp.ArraySlice) -> str:
    """Spark gives a start and a length, DataFusion takes a start and an end."""
    start, length = _whole(e.args.get("start")), _whole(e.args.get("end"))
    if start is None or length is None or start == 0 or length < 0:
        self.unsupported("slice but by written numbers")
        return ""
    end = start + length - 1
    if length == 0 or (start < 0 <= end):
        end = start - 1 if length == 0 else -1
    return f"array_slice({self.sql(e.this)}, {start}, {end})"


def _add_months(self: Any, e: exp.AddMonths) -> str:
    months = _whole(e.args.get("expression"))
    if months is None:
        self.unsupported("add_months but by a written number")
    return f"CAST(CAST({self.sql(e.this)} AS DATE) + INTERVAL '{months} MONTH' AS DATE)"


def _split(self: Any, e: exp.RegexpSplit) -> str:
    by = e.args["expression"]
    if not isinstance(by, exp.Literal) or not _PLAIN.fullmatch(by.name) or e.args.get("limit"):
        self.unsupported("split by a pattern or with a limit")
    plain = _ESCAPE.sub(lambda m: m[1] or m[2], by.name)
    parts = self.func("STRING_TO_ARRAY", e.this, exp.Literal.string(plain))
    # Of an empty text Spark makes one part.
    return f"CASE WHEN {self.sql(e.this)} = '' THEN make_array('') ELSE {parts} END"


def _epoch(self: Any, e: exp.Expr) -> str:
    written = e.args.get("format")
    if written is not None and written.name.replace("strict", "") != _DEFAULT_FORMAT:
        self.unsupported("unix_timestamp with a format")
    return f"CAST(floor(date_part('epoch', CAST({self.sql(e.this)} AS TIMESTAMP))) AS BIGINT)"


def _quantile(self: Any, e: exp.Quantile) -> str:
    return f"percentile_cont({self.sql(e, 'quantile')}) WITHIN GROUP (ORDER BY {self.sql(e.this)})"


def _trunc(self: Any, e: exp.DateTrunc) -> str:
    unit = e.args["unit"].name.upper()
    cut = self.func("DATE_TRUNC", exp.Literal.string(_UNITS.get(unit, unit)), e.this)
    return f"CAST({cut} AS DATE)"


def _called(name: str) -> Callable[[Any, exp.Expr], str]:
    return lambda self, e: str(self.func(name, e.this))


def _no(what: str) -> Callable[[Any, exp.Expr], str]:
    def refuse(self: Any, _: exp.Expr) -> str:
        self.unsupported(what)
        return ""

    return refuse


class _DataFusion(Postgres):
    """Postgres' spelling, which DataFusion understands, with casts that give null."""

    class Generator(Postgres.Generator):  # type: ignore[misc, valid-type]
        """Writes SQL."""

        TRANSFORMS: ClassVar[dict[Any, Any]] = {
            **Postgres.Generator.TRANSFORMS,
            exp.AddMonths: _add_months,
            exp.Anonymous: _anonymous,
            exp.ApproxQuantile: _no("approx_percentile; write percentile(x, 0.5), which is exact"),
            exp.ArraySlice: _slice,
            exp.ArraySort: _called("ARRAY_SORT"),
            exp.DateTrunc: _trunc,
            exp.DayOfMonth: _part("day"),
            exp.DayOfWeek: _day_of_week,
            exp.DayOfYear: _part("doy"),
            exp.Extract: _extract,
            exp.First: _called("FIRST_VALUE"),
            exp.Hour: _part("hour"),
            exp.IgnoreNulls: lambda self, e: f"{self.sql(e.this)} IGNORE NULLS",
            exp.Initcap: _called("INITCAP"),
            exp.IsNan: _called("ISNAN"),
            exp.Last: _called("LAST_VALUE"),
            exp.Left: _end("left"),
            exp.Minute: _part("minute"),
            exp.MonthsBetween: _no("months_between"),
            exp.Quantile: _quantile,
            exp.Quarter: _part("quarter"),
            exp.RegexpSplit: _split,
            exp.Right: _end("right"),
            exp.Second: _part("second"),
            exp.Sign: _called("SIGNUM"),
            exp.Soundex: _no("soundex"),
            exp.StrToUnix: _epoch,
            exp.Substring: _substring,
            exp.TimeToStr: _to_char,
            exp.TryCast: lambda self, e: self.trycast_sql(e),
            exp.UnixSeconds: _epoch,
            exp.Week: _part("week"),
            exp.WeekOfYear: _part("week"),
        }
