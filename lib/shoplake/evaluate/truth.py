"""The built-in shop knows what it dirtied and wrote: cleaning and detection beside that truth."""

from __future__ import annotations

from pyspark.sql import functions as F

from shoplake.contracts.ddl import schema
from shoplake.evaluate.letters import LETTERS, personal_quality
from shoplake.evaluate.planted import TABLES, planted_dirt
from shoplake.governance.personal.words import fingerprint
from shoplake.governance.run import Run
from shoplake.ingest.shop import read_told, read_truth
from shoplake.refine.tables import SILVER


def measure_cleaning(run: Run) -> None:
    """Compare silver with the dirt that the built-in shop planted in the days ingested so far."""
    lake, read = run.lake, run.reader(run.versions(TABLES))
    arrived = read("bronze.events").agg(F.max(F.regexp_extract("_file", r"day=([\d-]+)", 1)))
    truth = read_truth(lake.spark, lake.settings.root).where(
        F.col("arrived_on") <= F.to_date(F.lit(arrived.first()[0]))  # type: ignore[index]
    )
    quarantines = {t: f"governance.quarantine_{t.replace('.', '_')}" for t in SILVER}
    held = {t: lake.read(q) for t, q in quarantines.items() if lake.exists(q)}
    run.build(
        "governance.cleaning",
        lambda _: lake.spark.createDataFrame(
            planted_dirt(truth, read, held).replace({float("nan"): None}),
            schema(run.contracts["governance.cleaning"]),
        ),
        inputs=TABLES,
    )


def measure_personal(run: Run) -> None:
    """Compare what the detectors find in letters with what the built-in shop wrote into them."""
    lake = run.lake
    if not (lake.settings.root / "truth" / "personal").is_dir():
        return  # of a shop simulated before it told
    run.build(
        "governance.personal_quality",
        lambda read: lake.spark.createDataFrame(
            personal_quality(read_told(lake.spark, lake.settings.root), read),
            schema(run.contracts["governance.personal_quality"]),
        ),
        inputs=LETTERS,
        params=[fingerprint()],
    )
