"""Held records of a shop's files through the door again, after a mapping or contract was mended.

Their files are read again, so what the quarantine masks is not needed. A record enters under the
`_row_id` it always had: replaying twice, or after a kill at any point, adds nothing twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from shoplake.contracts.model import Contract
from shoplake.governance.publish import publish, verdicts
from shoplake.governance.quarantine import held_rows, quarantine_contract
from shoplake.governance.run import Run
from shoplake.governance.trial import Trial, trial
from shoplake.ingest.apply import row_id, to_bronze
from shoplake.ingest.begun import fingerprint
from shoplake.ingest.erased import without_erased
from shoplake.ingest.landing import UNREAD, unread
from shoplake.ingest.mapping_model import Mapping
from shoplake.ingest.reader import SourceFile, list_files, read_files

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UNREAD = f"bronze.{UNREAD}"


@dataclass(frozen=True)
class _Held:
    """What is held of a shop.

    Attributes:
        ids: entity (or `UNREAD`) to the `_row_id` of its held records.
        places: file, file_sha and row of those that were read from a file, and when that was.
    """

    ids: dict[str, set[str]]
    places: dict[tuple[str, str, int], datetime]


def replay(run: Run, mapping: Mapping, root: str, *, dry_run: bool = False) -> list[Trial]:
    """Put the held records of a shop's bronze tables through the present mapping and contracts.

    Records that now pass enter their table and leave the quarantine (or bronze.unread); those that
    do not are held for the present reasons. Records whose file is gone, or no longer has the bytes
    that were read, stay as they are.

    Args:
        run: where to write.
        mapping: the shop's mapping, mended.
        root: the shop's folder.
        dry_run: only say what would happen.

    Returns:
        One line a table that has or had held records.

    Raises:
        SourceError: the folder is missing, or its files do not fit the mapping's entries.
    """
    held = _held(run, mapping)
    if not held.ids:
        return []
    files = {file for file, _, _ in held.places}
    known = list_files(run.lake.spark, mapping, root) if files else []
    listed = [f for f in known if f.path in files]
    if not listed:
        return [
            Trial(f"bronze.{entity}", passed=0, held=0, gone=len(ids))
            for entity, ids in held.ids.items()
        ]
    read = without_erased(run, mapping, _records(run, listed, held), None)
    with run.lake.held(read) as records:
        found = [
            line
            for entity in mapping.entities
            if (line := _entity(run, mapping, records, held, entity, dry_run)) is not None
        ]
        left = _leave_unread(run, mapping, records, dry_run)
    return [*found, left] if left is not None else found


def _held(run: Run, mapping: Mapping) -> _Held:
    """Every held record of the shop; its place where it was read from a file that is known."""
    lake, parts = run.lake, {}
    if lake.exists(_UNREAD):
        parts[UNREAD] = _of_shop(lake.read(_UNREAD), mapping)
    for entity in mapping.entities:
        name = quarantine_contract(run.contracts[f"bronze.{entity}"]).table
        if lake.exists(name):
            told = ("_source", "_file", "_row", "_row_id", "_ingested_at")
            said = lake.read(name).select(F.json_tuple("record", *told).alias(*told))
            parts[entity] = _of_shop(said, mapping)
    ids: dict[str, set[str]] = {}
    places: dict[tuple[str, str, int], datetime] = {}
    for entity, rows in parts.items():
        if names := {r["id"] for r in rows.select("id").collect()}:
            ids[entity] = names
            for place, arrived in _places(run, mapping, entity, rows):
                places[place] = min(arrived, places.get(place, arrived))
    return _Held(ids, places)


def _places(
    run: Run, mapping: Mapping, entity: str, rows: DataFrame
) -> list[tuple[tuple[str, str, int], datetime]]:
    """(file, file_sha, row), and when it was read.

    An id tells which of a file's contents its record was read from: an erasure rewrites files,
    whose rows then have other numbers.
    """
    if not run.lake.exists("governance.files"):
        return []
    read = run.lake.read("governance.files").where(
        (F.col("shop") == mapping.shop) & (F.col("state") == "ingested")
    )
    known = rows.join(read.select("file", "file_sha").distinct(), "file")
    mine = known.where(F.col("id") == row_id(mapping.shop, entity, "file", "file_sha", "row"))
    found = mine.withColumn("micros", F.unix_micros("arrived")).collect()
    return [
        ((r["file"], r["file_sha"], r["row"]), _EPOCH + timedelta(microseconds=r["micros"]))
        for r in found
    ]


def _time(place: tuple[tuple[str, str, int], datetime]) -> datetime:
    return place[1]


def _of_shop(rows: DataFrame, mapping: Mapping) -> DataFrame:
    return rows.where(F.col("_source") == mapping.shop).select(
        F.col("_file").alias("file"),
        F.col("_row").cast("bigint").alias("row"),
        F.col("_row_id").alias("id"),
        F.col("_ingested_at").cast("timestamp").alias("arrived"),
    )


def _records(run: Run, listed: Sequence[SourceFile], held: _Held) -> DataFrame:
    records = read_files(run.lake.spark, listed)
    schema = "file string, file_sha string, row bigint"
    places = run.lake.spark.createDataFrame(sorted(held.places), schema)
    return records.where("kind = 'record'").join(F.broadcast(places), places.columns, "left_semi")


def _entity(
    run: Run, mapping: Mapping, records: DataFrame, held: _Held, entity: str, dry_run: bool
) -> Trial | None:
    """One bronze table's share of the held records."""
    lake, table = run.lake, f"bronze.{entity}"
    contract = run.contracts[table]
    feeding = [f for f in mapping.files if any(e.entity == entity for e in f.entities)]
    parts = [to_bronze(records, mapping, file, entity) for file in feeding]
    rows = reduce(DataFrame.unionByName, parts)
    gone = held.ids.get(entity, set()) - {r[0] for r in rows.select("_row_id").collect()}
    if lake.exists(table):
        rows = rows.join(lake.read(table).select("_row_id"), "_row_id", "left_anti")
    # A record counts from when it was read first: an old price does not beat the newer ones.
    # Of several contents of a file the last that was read is the one that can be there.
    when = {(file, row): at for (file, _, row), at in sorted(held.places.items(), key=_time)}
    told = [(file, row, at) for (file, row), at in sorted(when.items())]
    arrived = lake.spark.createDataFrame(told, "_file string, _row bigint, _ingested_at timestamp")
    rows = rows.join(F.broadcast(arrived), ["_file", "_row"])
    rows = rows.withColumn("_run_id", F.lit(run.run_id))
    ids = rows.select(F.col("_row_id").alias("row_id"))
    names = sorted(r["row_id"] for r in ids.collect())
    judged = trial(lake, contract, rows, ids) if names else None
    if gone:
        judged = replace(judged or Trial(table, passed=0, held=0), gone=len(gone))
    if dry_run:
        return judged
    batch = _batch(mapping, contract, names)
    if (
        names
        and judged is not None
        and not judged.passed
        and _held_so_already(run, contract, rows, names)
    ):
        names = []  # They stay under the batch that held them.
    if names:
        publish(
            lake,
            run.ledger,
            rows,
            contract,
            step="replay",
            batch=batch,
            inputs={},
            transaction=(f"shoplake-{batch}", 1),
        )
    _leave_quarantine(run, contract, batch, names)
    return judged


def _held_so_already(run: Run, contract: Contract, rows: DataFrame, names: list[str]) -> bool:
    """Whether the quarantine has these rows, each once and just as they would be held now."""
    table = quarantine_contract(contract).table
    if not run.lake.exists(table):
        return False
    now = held_rows(verdicts(run.lake, contract, rows), contract, "")
    ids = run.lake.spark.createDataFrame([(n,) for n in names], "row_id string")
    known = run.lake.read(table).join(F.broadcast(ids), "row_id", "left_semi")
    told = [sorted(map(tuple, df.select("row_id", _said()).collect())) for df in (now, known)]
    return told[0] == told[1]


def _said() -> Column:
    """Of a held row: reasons and record, without when and by which run it was read."""
    record = F.from_json("record", "map<string,string>")
    sent = F.map_filter(record, lambda name, _: ~name.isin("_ingested_at", "_run_id"))
    return F.sha2(F.concat(F.to_json("reasons"), F.to_json(sent)), 256)


def _leave_quarantine(run: Run, contract: Contract, batch: str, names: list[str]) -> None:
    """Drop held rows that are in the table now, and older reasons of those held again."""
    held = quarantine_contract(contract)
    if not (run.lake.exists(held.table) and run.lake.exists(contract.table)):
        return
    rows = run.lake.read(held.table)
    known = run.lake.read(contract.table).select(F.col("_row_id").alias("row_id"))
    entered = [r[0] for r in rows.join(known, "row_id", "left_semi").select("row_id").collect()]
    _forget(run, held, "row_id", entered)
    _forget(run, held, "row_id", names, keep_batch=batch)


def _batch(mapping: Mapping, contract: Contract, names: list[str]) -> str:
    """The same held records under the same mapping and contract are the same batch."""
    text = "|".join([fingerprint(mapping), contract.fingerprint, *names])
    return f"{mapping.shop}-replay-{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def _leave_unread(run: Run, mapping: Mapping, records: DataFrame, dry_run: bool) -> Trial | None:
    """Take from bronze.unread the records that some entity takes now."""
    if not run.lake.exists(_UNREAD):
        return None
    there = run.lake.read(_UNREAD).where(F.col("_source") == mapping.shop)
    mine = row_id(mapping.shop, UNREAD, "file", "file_sha", "row")
    tried = there.join(records.select(mine.alias("_row_id")), "_row_id", "left_semi")
    still = unread(records, mapping).select("_row_id")
    counted = there.count(), tried.count()
    taken = [r[0] for r in tried.join(still, "_row_id", "left_anti").select("_row_id").collect()]
    if taken and not dry_run:
        _forget(run, run.contracts[_UNREAD], "_row_id", taken)
    if not counted[0]:
        return None
    return Trial(
        _UNREAD,
        passed=len(taken),
        held=counted[1] - len(taken),
        rules={"unread": counted[1] - len(taken)} if counted[1] > len(taken) else {},
        gone=counted[0] - counted[1],
    )


def _forget(
    run: Run, contract: Contract, column: str, names: list[str], keep_batch: str | None = None
) -> None:
    """Delete these rows; a table without any of them keeps its version."""
    if not run.lake.exists(contract.table):
        return
    ids = run.lake.spark.createDataFrame([(n,) for n in names], "id string")
    other = F.lit(True) if keep_batch is None else F.col("batch_id") != keep_batch
    rows = run.lake.read(contract.table).where(other)
    if rows.join(ids, F.col(column) == F.col("id"), "left_semi").isEmpty():
        return
    condition = f"t.{column} = s.id"
    if keep_batch is not None:
        condition += f" AND t.batch_id <> '{keep_batch}'"
    merge = run.lake.delta(contract.table).alias("t").merge(ids.alias("s"), condition)
    merge.whenMatchedDelete().execute()
