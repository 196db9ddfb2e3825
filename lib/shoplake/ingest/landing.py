"""A shop's new files into bronze: batch by batch, each file once, whatever is killed when."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial, reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from shoplake.governance.publish import publish
from shoplake.governance.run import Run
from shoplake.governance.target import Transaction
from shoplake.ingest.apply import bad_records, count_rows, file_reports, row_id, to_bronze, unrouted
from shoplake.ingest.begun import fingerprint, keep, kept
from shoplake.ingest.erased import without_erased
from shoplake.ingest.mapping import mapping_error
from shoplake.ingest.mapping_model import FileMapping, Mapping
from shoplake.ingest.reader import (
    MAX_FILE_BYTES,
    RECORDS,
    SourceFile,
    escaped,
    list_files,
    read_files,
)
from shoplake.ingest.registry import FileRegistry, Outcome, SeenFile
from shoplake.ingest.sql_trial import check_sql
from shoplake.runtime.alone import alone
from shoplake.runtime.console import Clock, say

UNREAD = "unread"


@dataclass(frozen=True)
class Batch:
    """What a batch of records is called.

    Attributes:
        name: in the ledger.
        transaction: of its appends to every bronze table.
        by_topic: its records came by Kafka, not in files.
        few: they may be taken to the driver.
    """

    name: str
    transaction: Transaction
    by_topic: bool = False
    few: bool = False

    def source(self, file: FileMapping) -> str:
        """What lineage calls where an entry's records came from."""
        return f"kafka:{file.topic}" if self.by_topic else file.path


def land(run: Run, mapping: Mapping, root: str, *, before: str | None = None) -> None:
    """Take the shop's new files: an interrupted batch first, then one batch of all that is new.

    Another process of the machine that takes files of the shop is waited for.

    Args:
        run: of the ingest step.
        mapping: the shop's mapping.
        root: the shop's folder.
        before: leave files with this date (yyyy-MM-dd) or a later one in their path.

    Raises:
        SourceError: the folder is missing, or its files do not fit the mapping's entries.
    """
    listed = list_files(run.lake.spark, mapping, root)
    unclaimed = [f.path for f in listed if f.mapping is None]
    if unclaimed:
        say(run.step, f"[yellow]{len(unclaimed)} file(s) no entry claims, e.g. {unclaimed[0]}[/]")
    with alone(run.lake.settings, f"files of {mapping.shop}", run.step):
        _land(run, mapping, root, listed, before)


def _land(
    run: Run, mapping: Mapping, root: str, listed: Sequence[SourceFile], before: str | None
) -> None:
    contract = run.contracts["governance.files"]
    registry = FileRegistry(run.lake, contract, mapping.shop, fingerprint(mapping))
    if (pending := registry.pending) is not None:
        began = kept(run.lake.settings, mapping, mapping.shop, run.step)
        there = listed if began is mapping else list_files(run.lake.spark, began, root)
        _take(run, began, registry, there, *pending)
    files = [f for f in listed if f.mapping is not None and not is_later(f.path, before)]
    fresh = [f for f in files if not registry.looks_known(f.path, f.length, _naive_utc(f.modified))]
    seen = [s for s in _hashed(run, fresh) if not registry.is_known(s.file, s.sha)]
    if not seen:
        say(run.step, f"{mapping.shop}: no new files among {len(files):,}")
        return
    if problems := check_sql(run.lake.spark, mapping):
        raise mapping_error(problems)
    keep(run.lake.settings, mapping, mapping.shop)
    _take(run, mapping, registry, listed, registry.plan(seen), seen)


def _take(
    run: Run,
    mapping: Mapping,
    registry: FileRegistry,
    listed: Sequence[SourceFile],
    number: int,
    seen: Sequence[SeenFile],
) -> None:
    """Write a planned batch to every bronze table it feeds, then close it."""
    wanted = {s.file for s in seen}
    with run.lake.held(read_files(run.lake.spark, [f for f in listed if f.path in wanted])) as read:
        shas = {s.file: s.sha for s in seen}
        outcomes = [
            Outcome(r["file"], r["rows"], r["problem"])
            for r in file_reports(read).collect()
            if r["file_sha"] in (shas[r["file"]], "")
        ]
        steady = [o.file for o in outcomes]
        records = read if len(steady) == len(seen) else read.where(F.col("file").isin(steady))
        records = without_erased(run, mapping, records, number)
        transaction = (f"shoplake-ingest-{mapping.shop}", number)
        batch = Batch(f"{mapping.shop}-{number}", transaction)
        bring_in(run, mapping, records, batch)
    registry.close(number, seen, outcomes, fingerprint(mapping))
    held = [o for o in outcomes if o.reason is not None]
    taken = len(seen) - len(held)
    say(run.step, f"{mapping.shop}: {taken:,} file(s) taken, {len(held)} held, batch {number}")
    for outcome in held[:5]:
        say(run.step, f"[yellow]held[/] {outcome.file}: {outcome.reason}")


def bring_in(
    run: Run,
    mapping: Mapping,
    records: DataFrame,
    batch: Batch,
    entities: Iterable[str] | None = None,
) -> None:
    """Publish a batch's records to every bronze table that they feed; again is no harm.

    Args:
        run: where to write.
        mapping: the shop's mapping.
        records: of `read_files` or of a stream; used several times, so they should be held.
        batch: what they are called.
        entities: those that records of the batch can feed, UNREAD among them; default: all.
    """
    fed = (*mapping.entities, UNREAD) if entities is None else entities
    run.together({f"bronze.{e}": partial(_publish, run, mapping, e, records, batch) for e in fed})


def _publish(run: Run, mapping: Mapping, entity: str, records: DataFrame, batch: Batch) -> None:
    clock = Clock()
    collapsed = 0
    if entity == UNREAD:
        rows = unread(records, mapping)
        parts = {f"files:{mapping.shop}": rows}
        if rows.isEmpty():
            return
    else:
        feeding = [f for f in mapping.files if any(e.entity == entity for e in f.entities)]
        parts = {
            f"files:{mapping.shop}/{batch.source(f)}": to_bronze(records, mapping, f, entity)
            for f in feeding
        }
        rows = _union(list(parts.values()))
        if any(f.entity(entity).distinct for f in feeding):
            counts = _union([count_rows(records, mapping, f, entity) for f in feeding])
            total = counts.agg(F.sum("routed") - F.sum("rows")).first()
            collapsed = (total[0] or 0) if total is not None else 0
    contract = run.contracts[f"bronze.{entity}"]
    now = run.ledger.now(contract.table).replace(tzinfo=UTC)
    run.gate.admit(contract)
    with run.lineage.building(contract, {}, name=mapping.shop) as building:
        building.made_from_files(parts, constants=tuple(RECORDS.names))
        counted = publish(
            run.lake,
            run.ledger,
            rows.withColumns({"_ingested_at": F.lit(now), "_run_id": F.lit(run.run_id)}),
            contract,
            step=run.step,
            batch=batch.name,
            inputs={},
            collapsed=collapsed,
            transaction=batch.transaction,
            few=batch.few,
        )
        building.published(counted)
    run.report(contract.table, counted, clock)


def unread(records: DataFrame, mapping: Mapping) -> DataFrame:
    """Rows of bronze.unread: records that cannot be understood, or that no entity's `where` takes.

    Args:
        records: of `read_files`.
        mapping: the shop's mapping.

    Returns:
        problem, _row_id, _source, _file, _row, _raw.
    """
    columns = ("file", "file_sha", "row", "record", "problem")
    parts = [bad_records(records).select(*columns)]
    for file in mapping.files:
        if all(e.where is not None for e in file.entities):
            nobody = F.lit("no entity of the mapping takes this record")
            parts.append(
                unrouted(records, mapping, file).withColumn("problem", nobody).select(*columns)
            )
    return _union(parts).select(
        "problem",
        row_id(mapping.shop, UNREAD, "file", "file_sha", "row").alias("_row_id"),
        F.lit(mapping.shop).alias("_source"),
        F.col("file").alias("_file"),
        F.col("row").alias("_row"),
        F.col("record").alias("_raw"),
    )


def _hashed(run: Run, files: Sequence[SourceFile]) -> list[SeenFile]:
    """The files with the SHA-256 of their bytes; one too large to read stands for its size."""
    fit = [f.location for f in files if f.length <= MAX_FILE_BYTES]
    shas: dict[str, str] = {}
    if fit:
        reader = run.lake.spark.read.format("binaryFile").option("recursiveFileLookup", "true")
        content = reader.load([escaped(location) for location in fit])
        shas = {r[0]: r[1] for r in content.select("path", F.sha2("content", 256)).collect()}
    return [
        SeenFile(f.path, shas.get(f.location, f"size {f.length}"), f.length, _naive_utc(f.modified))
        for f in files
    ]


def _union(parts: Sequence[DataFrame]) -> DataFrame:
    return reduce(DataFrame.unionByName, parts)


def is_later(path: str, before: str | None) -> bool:
    """Whether a file's path has this date (yyyy-MM-dd) or a later one."""
    dates = re.findall(r"\d{4}-\d{2}-\d{2}", path)
    return before is not None and bool(dates) and max(dates) >= before


def _naive_utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
