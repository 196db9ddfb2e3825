"""The built-in shop knows what it dirtied and wrote: cleaning and detection beside that truth."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

import pandas as pd
import pyarrow as pa
from pyspark.sql.pandas.types import to_arrow_schema

from shoplake.contracts.ddl import schema
from shoplake.evaluate.letters import LETTERS, personal_quality
from shoplake.evaluate.planted import TABLES, Columns, planted_dirt
from shoplake.governance.personal.words import fingerprint
from shoplake.governance.quarantine import quarantine_contract
from shoplake.governance.run import Run
from shoplake.ingest.shop import read_told, read_truth

_DAY = re.compile(r"day=([\d-]+)")


def measure_cleaning(run: Run) -> None:
    """Compare silver with the dirt that the built-in shop planted in the days ingested so far."""
    root, table = run.lake.settings.root, "governance.cleaning"

    def found() -> pd.DataFrame:
        columns = _columns(run, TABLES)
        arrived = columns("bronze.events", ("_file",))["_file"].unique().to_pylist()
        last = max(date.fromisoformat(m[1]) for file in arrived if (m := _DAY.search(file)))
        truth = read_truth(root)

        def held(silver: str, wanted: Sequence[str]) -> pa.Table:
            quarantine = quarantine_contract(run.contracts[silver]).table
            if run.lake.exists(quarantine):
                return run.lake.arrow(quarantine, wanted)
            return pa.table({name: pa.array([], "string") for name in wanted})

        return planted_dirt(truth[truth["arrived_on"] <= last], columns, held)

    run.build(
        table,
        lambda _: run.lake.spark.createDataFrame(
            found().replace({float("nan"): None}), schema(run.contracts[table])
        ),
        inputs=TABLES,
    )


def measure_personal(run: Run) -> None:
    """Compare what the detectors find in letters with what the built-in shop wrote into them."""
    root, table = run.lake.settings.root, "governance.personal_quality"
    if not (root / "truth" / "personal").is_dir():
        return  # of a shop simulated before it told
    run.build(
        table,
        lambda _: run.lake.spark.createDataFrame(
            personal_quality(read_told(root), _columns(run, LETTERS)),
            schema(run.contracts[table]),
        ),
        inputs=LETTERS,
        params=[fingerprint()],
    )


def _columns(run: Run, tables: Sequence[str]) -> Columns:
    """Columns of pinned tables; one that does not exist is empty, under its contract."""
    versions = run.versions(tables)

    def columns(name: str, wanted: Sequence[str]) -> pa.Table:
        if name in versions:
            return run.lake.arrow(name, wanted, versions[name])
        return to_arrow_schema(schema(run.contracts[name])).empty_table().select(list(wanted))

    return columns
