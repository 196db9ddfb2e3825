"""A subject's rows out of a table, and their values out of other rows; no value enters a log."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import reduce

import pandas as pd
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, MapType, StringType, StructType

from shoplake.contracts.model import Contract
from shoplake.governance.erasure.order import Subject
from shoplake.governance.erasure.suppress import normal_id
from shoplake.governance.erasure.text import masker
from shoplake.runtime.lake import Lake

_PERSON, _SHOP = "person_id", "_source"
_KEYED = ("pseudonym", "personal")
_ROW_IDS = ("row_id", "_row_id")
#: Columns of a quarantine whose text holds a row.
_RECORDS = ("record", "reasons")


def remove_rows(
    lake: Lake,
    table: str,
    contract: Contract | None,
    subject: Subject,
    row_ids: DataFrame | None,
    columns: Iterable[str] | None = None,
) -> int:
    """Delete the subject's rows; returns how many there were, and commits nothing if none.

    A row is the subject's if a pseudonym or personal column is one of their keys, if it gives their
    id in their shop, if it came from a bronze record of theirs, or (a quarantine) if its record
    names a key.
    The keys are joined, never compared with literals, which Delta would write into its log.

    Args:
        lake: where the table is.
        table: its name.
        contract: says which columns may hold pseudonyms; without one, every string may.
        subject: whose rows.
        row_ids: `row_id` of the subject's bronze records, or None.
        columns: the columns that may hold a key; None: every one.
    """
    rows = lake.read(table)
    known = set(rows.columns if columns is None else columns)
    keys = _keys(lake, subject)
    found = 0
    for source, condition in _owners(rows, contract, keys, known, lake, subject, row_ids):
        matched = rows.alias("t").join(F.broadcast(source).alias("s"), F.expr(condition), "semi")
        count = matched.count()
        if not count:
            continue
        found += count
        merge = lake.delta(table).alias("t").merge(source.alias("s"), condition)
        merge.whenMatchedDelete().execute()
        rows = lake.read(table)
    return found + _remove_held(lake, table, subject)


def mask_mentions(
    lake: Lake, table: str, subject: Subject, columns: Iterable[str] | None = None
) -> int:
    """Replace the subject's values in whatever text is left; returns the cells changed.

    The texts to change are worked out first and joined by themselves: a Python function within
    Delta's own UPDATE or DELETE makes it miss files (measured, docs/decisions.md).

    Args:
        lake: where the table is.
        table: its name.
        subject: whose values.
        columns: the columns that may hold some; None: every one that has text.
    """
    clean = _udf(masker(subject), "string")
    changed = 0
    for field in lake.read(table).schema.fields:
        if not _has_strings(field.dataType) or (columns is not None and field.name not in columns):
            continue
        plain = isinstance(field.dataType, StringType)
        text = f"`{field.name}`" if plain else f"to_json(`{field.name}`)"
        texts = lake.read(table).select(F.expr(text).alias("old")).where("old IS NOT NULL")
        pairs = texts.groupBy("old").agg(F.count("*").alias("rows"))
        pairs = pairs.withColumn("new", clean("old")).where("old <> new")
        with lake.held(pairs) as source:
            count = source.agg(F.sum("rows")).first()[0]  # type: ignore[index]
            if not count:
                continue
            made = "s.new" if plain else f"from_json(s.new, '{field.dataType.simpleString()}')"
            target = text.replace("`", "t.`", 1)
            merge = lake.delta(table).alias("t").merge(source.alias("s"), f"{target} = s.old")
            merge.whenMatchedUpdate(set={f"`{field.name}`": made}).execute()
            changed += count
    return changed


def bronze_rows(lake: Lake, tables: Sequence[str], subject: Subject) -> DataFrame | None:
    """`row_id` of every bronze record that gives one of the subject's ids."""
    ids = _ids(lake, subject)
    parts = []
    for table in tables:
        rows = lake.read(table)
        if {_PERSON, _SHOP, "_row_id"} <= set(rows.columns):
            joined = rows.alias("t").join(F.broadcast(ids).alias("s"), F.expr(_SAME_ID), "semi")
            parts.append(joined.select(F.col("_row_id").alias("row_id")))
    return reduce(DataFrame.unionByName, parts) if parts else None


#: `refine` reads ids in the same way; `normal_id` is its twin.
_SAME_ID = (
    f"t.`{_SHOP}` = s.shop AND "
    rf"regexp_replace(trim(t.`{_PERSON}`), r'^(\d+)\.0+$', '$1') = s.id"
)


def _owners(
    rows: DataFrame,
    contract: Contract | None,
    keys: DataFrame,
    known: set[str],
    lake: Lake,
    subject: Subject,
    row_ids: DataFrame | None,
) -> list[tuple[DataFrame, str]]:
    strings = {f.name for f in rows.schema.fields if isinstance(f.dataType, StringType)}
    if contract is None:
        pseudonyms = strings
    else:
        pseudonyms = {c.name for c in contract.columns if c.classification in _KEYED}
    found = [(keys, f"t.`{c}` = s.key") for c in sorted(pseudonyms & strings & known)]
    if {_PERSON, _SHOP} <= strings:
        found.append((_ids(lake, subject), _SAME_ID))
    elif row_ids is not None:
        found += [(row_ids, f"t.`{c}` = s.row_id") for c in _ROW_IDS if c in strings]
    return found


def _remove_held(lake: Lake, table: str, subject: Subject) -> int:
    """Held rows that name one of the subject's keys in their record or reasons."""
    rows = lake.read(table)
    if not set(_RECORDS) <= set(rows.columns):
        return 0
    holds = _udf(_holder(subject.keys), "boolean")(F.concat("record", F.to_json("reasons")))
    with lake.held(rows.where(holds).select("row_id", "record").distinct()) as source:
        count = source.count()
        if count:
            same = "t.row_id = s.row_id AND t.record = s.record"
            merge = lake.delta(table).alias("t").merge(source.alias("s"), same)
            merge.whenMatchedDelete().execute()
    return count


def _holder(keys: Sequence[str]) -> Callable[[pd.Series], pd.Series]:
    def holds_key(texts: pd.Series) -> pd.Series:
        return texts.map(lambda t: t is not None and any(k in t for k in keys)).astype(bool)

    return holds_key


def _udf(function: Callable[[pd.Series], pd.Series], kind: str) -> Callable[[Column | str], Column]:
    return F.pandas_udf(function, kind)  # type: ignore[call-overload, no-any-return]


def _has_strings(kind: object) -> bool:
    if isinstance(kind, StringType):
        return True
    if isinstance(kind, ArrayType):
        return _has_strings(kind.elementType)
    if isinstance(kind, MapType):
        return _has_strings(kind.keyType) or _has_strings(kind.valueType)
    return isinstance(kind, StructType) and any(_has_strings(f.dataType) for f in kind.fields)


def _keys(lake: Lake, subject: Subject) -> DataFrame:
    return lake.spark.createDataFrame([(k,) for k in subject.keys], "key string")


def _ids(lake: Lake, subject: Subject) -> DataFrame:
    rows = [(shop, normal_id(text)) for shop, text in subject.ids]
    return lake.spark.createDataFrame(rows, "shop string, id string")
