"""Typed casting that keeps what it could not cast, so that no value vanishes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

CAST_FAILURES = "_cast_failures"
FAILURES_TYPE = "array<struct<column:string,value:string>>"
MASK = "***"

# Spark's own casts also take '1d', 'Infinity', '2011' or '12:30' (today at 12:30).
# Exponents are short: 1e-999999999 would cost a billion digits.
_NUMBER = r"^[+-]?(\d{1,38}(\.\d{0,38})?|\.\d{1,38})([eE][+-]?\d{1,2})?$"
_TIME = r"[ T]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?( ?(Z|[+-]\d{2}:\d{2}))?"
# A year after 2099 stands for "never" (9999-12-31), and would be the newest time there is for ever.
_INSTANT = rf"^([01]\d|20)\d{{2}}-\d{{2}}-\d{{2}}({_TIME})?$"


@dataclass(frozen=True)
class Cast:
    """How one string column becomes typed.

    Attributes:
        convert: trimmed string column -> typed column, null where it cannot be understood.
        is_private: the value may identify a person, so a failure keeps `***` instead of it.
    """

    convert: Callable[[Column], Column]
    is_private: bool = False


def to_int(col: Column) -> Column:
    """Whole number; '6.0' is 6, '6.5' is not understood."""
    number = to_decimal(col, "decimal(38,9)")
    return F.when(number == F.floor(number), number).try_cast("int")


def to_decimal(col: Column, type_name: str) -> Column:
    """Decimal number, rounded half up to the type's scale."""
    return F.when(col.rlike(_NUMBER), col).try_cast(type_name)


def to_double(col: Column) -> Column:
    """Finite number."""
    return F.when(col.rlike(_NUMBER), col).try_cast("double")


def to_timestamp(col: Column) -> Column:
    """ISO date, or date and time, until 2099; UTC unless it says its offset."""
    return F.when(col.rlike(_INSTANT), col).try_cast("timestamp")


def to_id(col: Column) -> Column:
    """Identifier as text; '17850.0', an id that went through a float column, is '17850'.

    '2.82E+18' has lost digits, so that different things share it: null.
    """
    plain = F.regexp_replace(col, r"^(\d+)\.0+$", "$1")
    return F.when(~col.rlike(r"^\d(\.\d+)?[eE]\+?\d+$"), plain)


def spelling(words: Mapping[str, str]) -> Cast:
    """One spelling per thing: `words` maps each lower-case variant to it."""

    def spelled(col: Column) -> Column:
        known = F.create_map(*(F.lit(word) for pair in words.items() for word in pair))
        return F.try_element_at(known, F.lower(col))

    return Cast(spelled)


def trimmed(name: str) -> Column:
    """A string column without its outer spaces; blank is null."""
    return F.nullif(F.trim(F.col(name)), F.lit(""))


INT = Cast(to_int)
MONEY = Cast(lambda col: to_decimal(col, "decimal(18,4)"))
DOUBLE = Cast(to_double)
TIMESTAMP = Cast(to_timestamp)
PRIVATE_INT = Cast(to_int, is_private=True)
PRIVATE_DATE = Cast(lambda col: to_timestamp(col).cast("date"), is_private=True)
PRIVATE_BOOLEAN = Cast(lambda col: col.try_cast("boolean"), is_private=True)
PLATFORM = spelling(
    {
        "web": "web",
        "website": "web",
        "desktop": "web",
        "mobile web": "web",
        "app": "app",
        "mobile app": "app",
        "ios": "app",
        "android": "app",
        "store": "store",
        "shop": "store",
        "pos": "store",
    }
)


def cast_columns(df: DataFrame, casts: Mapping[str, Cast]) -> DataFrame:
    """The rows with `casts`' columns typed and `_cast_failures` added.

    Args:
        df: rows whose cast columns are strings; blank counts as null.
        casts: column -> cast.

    Returns:
        The same rows and columns, plus `_cast_failures: array<struct<column, value>>`: the columns
        whose value was there but could not be cast, in the order of `casts`.
    """
    typed = {f"_typed_{name}": cast.convert(trimmed(name)) for name, cast in casts.items()}
    failures = [
        F.when(
            trimmed(name).isNotNull() & F.col(f"_typed_{name}").isNull(),
            F.struct(
                F.lit(name).alias("column"),
                (F.lit(MASK) if cast.is_private else F.col(name)).alias("value"),
            ),
        )
        for name, cast in casts.items()
    ]
    rows = df.withColumns(typed)
    columns = [F.col(f"_typed_{c}").alias(c) if c in casts else F.col(c) for c in df.columns]
    listed = F.array_compact(F.array(*failures)).cast(FAILURES_TYPE)
    return rows.select(*columns, listed.alias(CAST_FAILURES))


def is_sound() -> Column:
    """True where every value of the row could be cast."""
    return F.size(CAST_FAILURES) == 0
