"""Raw records to bronze rows, as the mapping says; what it does not understand stays as sent."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from shoplake.ingest.entities import ENTITIES, META
from shoplake.ingest.expressions import column_expression, quoted
from shoplake.ingest.mapping_model import ColumnMapping, EntityMapping, FileMapping, Mapping
from shoplake.ingest.reader import FILE, RECORD

# Raw columns have any name; these are kept apart from them.
_FILE, _SHA, _ROW, _RAW, _MENTIONS = (
    f"__shoplake_{name}" for name in ("file", "sha", "row", "raw", "mentions")
)


def to_bronze(
    records: DataFrame, mapping: Mapping, file_mapping: FileMapping, entity: str
) -> DataFrame:
    """One row per record that the entry routes to `entity`, or per distinct statement of a file.

    Args:
        records: of `read_files`; those of other entries and those with a problem are passed over.
        mapping: the shop's mapping.
        file_mapping: one of its entries.
        entity: one of the entry's entities.

    Returns:
        The columns of `bronze.<entity>` without `_ingested_at` and `_run_id`: its own as strings,
        then `_row_id, _source, _file, _row, _raw`. Of rows that say the same, the first is kept.
    """
    rows = _mapped(records, mapping, file_mapping, entity)
    meta = (
        row_id(mapping.shop, entity, _FILE, _SHA, _ROW),
        F.lit(mapping.shop),
        F.col(_FILE),
        F.col(_ROW),
        F.col(_RAW),
    )
    own = [
        F.col(_MENTIONS).cast("string").alias(name) if name == "mentions" else F.col(name)
        for name in ENTITIES[entity].columns
    ]
    return rows.select(*own, *(c.alias(name) for c, name in zip(meta, META, strict=True)))


def row_id(shop: str, entity: str, file: str, sha: str, row: str) -> Column:
    """Names a record of one content of a file, in the bronze table of an entity.

    Args:
        shop: whose file.
        entity: whose table; or that of what is unread.
        file, sha, row: columns of the file's path, the SHA-256 of its bytes and the place in it.
    """
    identity = F.concat_ws("|", F.lit(shop), file, sha, row, F.lit(entity))
    return F.substring(F.sha2(identity, 256), 1, 32)


def count_rows(
    records: DataFrame, mapping: Mapping, file_mapping: FileMapping, entity: str
) -> DataFrame:
    """Per file, how many records were routed to `entity` and how many rows they became.

    Returns:
        file, entity: string; routed, rows: bigint; `routed - rows` is what `distinct` collapsed.
    """
    rows = _mapped(records, mapping, file_mapping, entity)
    return rows.groupBy(F.col(_FILE).alias("file"), F.lit(entity).alias("entity")).agg(
        F.sum(_MENTIONS).alias("routed"), F.count("*").alias("rows")
    )


def given_ids(records: DataFrame, mapping: Mapping, file_mapping: FileMapping) -> DataFrame | None:
    """Who the entry's sound records are about: file, row, person_id; one row per entity.

    None where no entity of the entry has a person.
    """
    parts = [
        _raw(records, mapping, file_mapping)
        .where(_condition(entity))
        .select(
            F.col(_FILE).alias("file"),
            F.col(_ROW).alias("row"),
            column_expression(column, mapping.timezone),
        )
        for entity in file_mapping.entities
        for column in entity.columns
        if column.name == "person_id"
    ]
    return reduce(DataFrame.unionByName, parts) if parts else None


def mapped_columns(
    records: DataFrame, mapping: Mapping, file_mapping: FileMapping, names: Sequence[str]
) -> DataFrame:
    """The entry's sound records in these columns of the first of its entities that has each.

    Returns:
        file, row, then those of `names` that the entry fills, as strings; one row a record.
    """
    found: dict[str, ColumnMapping] = {}
    for entity in file_mapping.entities:
        for column in entity.columns:
            if column.name in names:
                found.setdefault(column.name, column)
    return _raw(records, mapping, file_mapping).select(
        F.col(_FILE).alias("file"),
        F.col(_ROW).alias("row"),
        *(column_expression(column, mapping.timezone) for column in found.values()),
    )


def bad_records(records: DataFrame) -> DataFrame:
    """The records that could not be understood: `{"_line": raw text}` and the problem."""
    return records.where((F.col("kind") == RECORD) & F.col("problem").isNotNull())


def file_reports(records: DataFrame) -> DataFrame:
    """One row per file read: entry, file, file_sha, rows (records it gave), problem or null."""
    return records.where(F.col("kind") == FILE).select(
        "entry", "file", "file_sha", F.col("row").alias("rows"), "problem"
    )


def unrouted(records: DataFrame, mapping: Mapping, file_mapping: FileMapping) -> DataFrame:
    """Records of the entry that no entity's `where` takes: file, file_sha, row, record."""
    taken = F.lit(False)
    for entity in file_mapping.entities:
        taken = taken | _condition(entity)
    return (
        _raw(records, mapping, file_mapping)
        .where(~taken)
        .select(
            F.col(_FILE).alias("file"),
            F.col(_SHA).alias("file_sha"),
            F.col(_ROW).alias("row"),
            F.col(_RAW).alias("record"),
        )
    )


def _mapped(
    records: DataFrame, mapping: Mapping, file_mapping: FileMapping, entity: str
) -> DataFrame:
    """The entity's columns, where each row comes from, and how many records said it."""
    how = file_mapping.entity(entity)
    given = [column_expression(column, mapping.timezone) for column in how.columns]
    rows = _raw(records, mapping, file_mapping).where(_condition(how))
    rows = rows.select(_FILE, _SHA, _ROW, _RAW, *given)
    rows = _first_of_equals(rows, entity) if how.distinct else rows.withColumn(_MENTIONS, F.lit(1))
    absent = {
        name: F.lit(mapping.currency if name == "currency" else None).cast("string")
        for name in ENTITIES[entity].columns
        if name not in rows.columns
    }
    return rows.withColumns(absent)


def _first_of_equals(rows: DataFrame, entity: str) -> DataFrame:
    time = ENTITIES[entity].time
    at_first = [c for c in (_ROW, _RAW, time) if c in rows.columns]
    compared = [c for c in rows.columns if c not in at_first]
    first = F.min(F.struct(*at_first)).alias("first")
    counted = rows.groupBy(*compared).agg(first, F.count("*").alias(_MENTIONS))
    return counted.select(*compared, "first.*", _MENTIONS)


def _condition(how: EntityMapping) -> Column:
    return F.lit(True) if how.where is None else F.coalesce(F.expr(how.where), F.lit(False))


def _raw(records: DataFrame, mapping: Mapping, file_mapping: FileMapping) -> DataFrame:
    """The entry's sound records with their raw columns, null markers made null."""
    names = file_mapping.columns
    sound = (
        (F.col("kind") == RECORD)
        & (F.col("entry") == file_mapping.path)
        & F.col("problem").isNull()
    )
    # A generator is parsed once; Spark would repeat from_json for every mention of a column.
    parsed = records.where(sound).select(
        F.col("file").alias(_FILE),
        F.col("file_sha").alias(_SHA),
        F.col("row").alias(_ROW),
        F.col("record").alias(_RAW),
        F.json_tuple("record", *names).alias(*names),
    )
    values = [_unmarked(quoted(name), mapping.null_markers).alias(name) for name in names]
    return parsed.select(_FILE, _SHA, _ROW, _RAW, *values)


def _unmarked(value: Column, markers: tuple[str, ...]) -> Column:
    if not markers:
        return value
    return F.when(F.trim(value).isin([m.strip(" ") for m in markers]), None).otherwise(value)
