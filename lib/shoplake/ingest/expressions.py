"""A column mapping to a Spark expression that never fails on a bad value."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

from shoplake.ingest.mapping_model import ColumnMapping
from shoplake.ingest.time_patterns import has_zone

_SECOND = "yyyy-MM-dd HH:mm:ss"
# What is longer is no time of this era in that unit, and would overflow.
_EPOCH_SECONDS = r"^-?\d{1,11}(\.\d+)?$"
_EPOCH_MILLIS = r"^-?\d{1,14}(\.\d+)?$"
_DECIMAL = r"^[+-]?(\d{1,18}(\.\d{0,10})?|\.\d{1,10})$"


def column_expression(mapping: ColumnMapping, timezone: str) -> Column:
    """The entity column, a string or null, over raw columns that are strings.

    A value that is not understood stays as sent, so that silver's cast can name it.

    Args:
        mapping: what to do.
        timezone: zone of local times, unless the column has its own. The session's is UTC.
    """
    value = _source(mapping)
    if mapping.float_id:
        value = F.regexp_replace(value, r"^\s*(-?\d+)\.0+\s*$", "$1")
    if mapping.timestamp:
        value = timestamp(value, mapping.timestamp, mapping.zone or timezone)
    if mapping.scale is not None:
        value = scaled(value, mapping.scale)
    if mapping.values:
        value = _respelled(value, mapping)
    if mapping.default is not None:
        value = F.coalesce(value, F.lit(mapping.default))
    return value.alias(mapping.name)


def timestamp(value: Column, patterns: tuple[str, ...], zone: str) -> Column:
    """'yyyy-MM-dd HH:mm:ss[.SSS]' in UTC by the first pattern that fits; else `value`.

    A local time that the clock skipped counts on from the time before; one that it showed twice is
    the first (summer time), which is what java.time does.
    """
    text = F.trim(value)
    instant = F.coalesce(*(_instant(text, pattern, zone) for pattern in patterns))
    whole = F.date_trunc("second", instant) == instant
    written = F.when(whole, F.date_format(instant, _SECOND)).otherwise(
        F.date_format(instant, f"{_SECOND}.SSS")
    )
    return F.coalesce(written, value)


def scaled(value: Column, factor: str) -> Column:
    """`value` times `factor`, exactly, as a plain decimal without trailing zeros; else `value`."""
    number = F.when(F.trim(value).rlike(_DECIMAL), F.trim(value)).try_cast("decimal(28,10)")
    digits = factor.partition(".")[2]
    product = number * F.lit(factor).cast(f"decimal(9,{len(digits)})")
    plain = F.regexp_replace(product.cast("string"), r"(\.\d*?)0+$", "$1")
    return F.coalesce(F.regexp_replace(plain, r"\.$", ""), value)


def _source(mapping: ColumnMapping) -> Column:
    if mapping.const is not None:
        return F.lit(mapping.const)
    if mapping.sql is not None:
        return F.expr(mapping.sql).cast("string")
    return quoted(mapping.column or "")


def quoted(name: str) -> Column:
    """The column of exactly this name, whatever characters it has."""
    return F.col("`" + name.replace("`", "``") + "`")


def _instant(text: Column, pattern: str, zone: str) -> Column:
    if pattern == "epoch_seconds":
        seconds = F.when(text.rlike(_EPOCH_SECONDS), text).try_cast("decimal(17,6)")
        return F.timestamp_micros((seconds * F.lit(1_000_000)).cast("bigint"))
    if pattern == "epoch_millis":
        millis = F.when(text.rlike(_EPOCH_MILLIS), text).try_cast("decimal(17,3)")
        return F.timestamp_micros((millis * F.lit(1_000)).cast("bigint"))
    instant = F.try_to_timestamp(text, F.lit(pattern))
    return instant if has_zone(pattern) else F.to_utc_timestamp(instant, zone)


def _respelled(value: Column, mapping: ColumnMapping) -> Column:
    known = F.create_map(*(F.lit(word) for pair in mapping.values.items() for word in pair))
    listed = F.map_contains_key(known, F.coalesce(value, F.lit("")))
    unlisted = value if mapping.keeps_unlisted else F.lit(None)
    return F.when(listed, F.try_element_at(known, value)).otherwise(unlisted)
