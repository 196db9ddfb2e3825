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
from shoplake.runtime import datafusion_arrays as arrays
from shoplake.runtime import datafusion_times as times

#: A separator that a regular expression matches as it stands: `,`, `[.]`, `\\|`.
_PLAIN = re.compile(r"(?:[^\\.\[\](){}*+?^$|]|\\[^A-Za-z0-9]|\[[^\\^\[\]]\])+")
_ESCAPE = re.compile(r"\\(.)|\[(.)\]")
#: What sqlglot would leave out, or write as something else.
_NOT_HERE = {
    exp.Version: "an older version of a table",
    exp.TableSample: "a sample of a table",
    exp.Lambda: "a function of the values of an array",
}
#: Functions that are casts, other functions, or the answer to a question.
_CASTS = ("bigint", "smallint", "tinyint")
_CALLED = {"every": "bool_and", "some": "bool_or", "std": "stddev",
           "timestamp_seconds": "to_timestamp_seconds"}  # fmt: skip
_ASKED = {"isnull": "IS NULL", "isnotnull": "IS NOT NULL"}


def spelled(tree: exp.Expr) -> str:
    """The tree as DataFusion's SQL.

    Raises:
        ShoplakeError: it asks for something that has no spelling of the same meaning.
    """
    check(tree)
    try:
        return tree.sql(dialect=_DataFusion, comments=False, unsupported_level=ErrorLevel.RAISE)
    except UnsupportedError as error:
        raise _needs_spark(tree, str(error)) from None


def check(tree: exp.Expr) -> None:
    """Refuse what would be left out or written as something else.

    Raises:
        ShoplakeError: so it is.
    """
    for kind, what in _NOT_HERE.items():
        if tree.find(kind):
            raise _needs_spark(tree, what)


def _needs_spark(tree: exp.Expr, what: str) -> ShoplakeError:
    return ShoplakeError(
        f"not possible without Spark: {what}",
        where=tree.sql(dialect="databricks"),
        remedy="ask for it in Spark: docs/policies.md, In Spark",
    )


def _anonymous(self: Any, e: exp.Anonymous) -> str:
    name, args = e.name.lower(), e.expressions
    if name == "date_part" and len(args) == 2:
        return times.extract(self, exp.Extract(this=exp.var(args[0].name), expression=args[1]))
    if name == "pmod" and len(args) == 2:
        a, b = (f"({self.sql(x)})" for x in args)
        return f"(({a} % {b} + {b}) % {b})"
    if len(args) == 1:
        if name in _CASTS:
            return str(self.sql(exp.cast(args[0], name, dialect="databricks")))
        if name in _ASKED:
            return f"({self.sql(args[0])} {_ASKED[name]})"
        if name == "weekday":
            return times.weekday(self, exp.DayOfWeek(this=args[0]))
        if name in _CALLED:
            return str(self.func(_CALLED[name], args[0]))
    written: str = self.anonymous_sql(e)
    return written


def _not_negative(self: Any, e: exp.Expr) -> str:
    value, text = times.whole(e), self.sql(e)
    return f"CASE WHEN {text} < 0 THEN 0 ELSE {text} END" if value is None else str(max(value, 0))


def _end(name: str) -> Callable[[Any, exp.Expr], str]:
    """`left` and `right`: a length below 0 is none, and not that many characters less."""
    return lambda self, e: (
        f"{name}({self.sql(e.this)}, {_not_negative(self, e.args['expression'])})"
    )


def _substring(self: Any, e: exp.Substring) -> str:
    """A start below 0 counts from the end, and 0 is 1."""
    of, start = self.sql(e.this), e.args.get("start")
    value, text = times.whole(start), self.sql(start)
    from_end = f"character_length({of}) + 1 + {text}"
    if value is not None:
        text = from_end if value < 0 else str(max(value, 1))
    else:
        above = f"WHEN {text} > 0 THEN {text}"
        text = f"CASE {above} WHEN {text} < 0 THEN {from_end} WHEN {text} = 0 THEN 1 END"
    length = e.args.get("length")
    more = "" if length is None else f", {_not_negative(self, length)}"
    return f"substr({of}, {text}{more})"


def _of_the_most(order: str) -> Callable[[Any, exp.Expr], str]:
    """`max_by` and `min_by`."""

    def written(self: Any, e: exp.Expr) -> str:
        of, by = self.sql(e.this), self.sql(e, "expression")
        return f"first_value({of} ORDER BY {by} {order}) FILTER (WHERE {by} IS NOT NULL)"

    return written


def _extracted(self: Any, e: exp.RegexpExtract) -> str:
    """Without a match an empty text; the whole match is group 0."""
    group = times.whole(e.args.get("group"))
    by = e.args["expression"]
    if group is None or not isinstance(by, exp.Literal):
        self.unsupported("regexp_extract but by a written pattern and number")
        return ""
    of, pattern = self.sql(e.this), self.sql(exp.Literal.string(f"({by.name})"))
    found = f"coalesce(regexp_match({of}, {pattern})[{group + 1}], '')"
    return f"CASE WHEN {of} IS NULL THEN NULL ELSE {found} END"


def _divided(self: Any, e: exp.IntDiv) -> str:
    a, b = self.sql(e.this), self.sql(e.expression)
    return f"CAST(trunc(CAST({a} AS DOUBLE) / {b}) AS BIGINT)"


def _split(self: Any, e: exp.RegexpSplit) -> str:
    by = e.args["expression"]
    if not isinstance(by, exp.Literal) or not _PLAIN.fullmatch(by.name) or e.args.get("limit"):
        self.unsupported("split by a pattern or with a limit")
    plain = _ESCAPE.sub(lambda m: m[1] or m[2], by.name)
    parts = self.func("STRING_TO_ARRAY", e.this, exp.Literal.string(plain))
    # Of an empty text Spark makes one part.
    return f"CASE WHEN {self.sql(e.this)} = '' THEN make_array('') ELSE {parts} END"


def _quantile(self: Any, e: exp.Quantile) -> str:
    return f"percentile_cont({self.sql(e, 'quantile')}) WITHIN GROUP (ORDER BY {self.sql(e.this)})"


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
            exp.AddMonths: times.add_months,
            exp.Anonymous: _anonymous,
            exp.ApproxQuantile: _no("approx_percentile; write percentile(x, 0.5), which is exact"),
            exp.ArgMax: _of_the_most("DESC"),
            exp.ArgMin: _of_the_most("ASC"),
            exp.ArrayPosition: arrays.position,
            exp.ArrayRemove: lambda self, e: self.func("ARRAY_REMOVE_ALL", e.this, e.expression),
            exp.ArraySlice: arrays.part,
            exp.ArraySort: arrays.ordered,
            exp.ArrayUniqueAgg: arrays.different,
            exp.Cast: times.cast,
            exp.DateTrunc: times.trunc,
            exp.DayOfMonth: times.part("day"),
            exp.DayOfWeek: times.day_of_week,
            exp.DayOfYear: times.part("doy"),
            exp.Dot: arrays.field,
            exp.Extract: times.extract,
            exp.First: _called("FIRST_VALUE"),
            exp.GenerateSeries: arrays.series,
            exp.Hour: times.part("hour"),
            exp.IgnoreNulls: lambda self, e: f"{self.sql(e.this)} IGNORE NULLS",
            exp.Initcap: _called("INITCAP"),
            exp.IntDiv: _divided,
            exp.IsNan: _called("ISNAN"),
            exp.Last: _called("LAST_VALUE"),
            exp.Left: _end("left"),
            exp.Minute: times.part("minute"),
            exp.MonthsBetween: _no("months_between"),
            exp.Quantile: _quantile,
            exp.Quarter: times.part("quarter"),
            exp.RegexpExtract: _extracted,
            exp.RegexpSplit: _split,
            exp.Right: _end("right"),
            exp.Second: times.part("second"),
            exp.Sign: _called("SIGNUM"),
            exp.Soundex: _no("soundex"),
            exp.StrToTime: times.from_text("to_timestamp"),
            exp.StrToUnix: times.epoch,
            exp.Substring: _substring,
            exp.TimeToStr: times.to_char,
            exp.TimestampTrunc: times.trunc,
            exp.TryCast: times.cast,
            exp.TsOrDsToDate: times.from_text("to_date"),
            exp.UnixSeconds: times.epoch,
            exp.Week: times.part("week"),
            exp.WeekOfYear: times.part("week"),
        }
