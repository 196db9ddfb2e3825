"""Which decision says that a new version has lost against the champion."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from shoplake.contracts.book import load_contracts
from shoplake.evaluate.retraining.decisions import TABLE, DecisionBook
from shoplake.governance.run import Run
from shoplake.runtime.lake import Lake
from shoplake.runtime.settings import conf_dir, load

DECISIONS = [
    # version, stage, decision, against, metric, day
    ("3", "baselines", "promote", "2", None, 1),
    ("4", "baselines", "keep", "3", "new ndcg@10", 2),
    ("5", "offline", "canary", "3", "reward", 3),
    ("5", "canary", "rollback", "3", "reward", 4),
    ("6", "canary", "rollback", "3", None, 5),  # its people were erased
    ("7", "baselines", "keep", "6", None, 6),
]


@pytest.mark.parametrize(("champion", "day"), [("3", 4), ("6", 6), ("2", None), (None, None)])
def test_the_last_loss_against_a_champion_is_on_record(
    tmp_path: Path, champion: str | None, day: int | None
) -> None:
    lake = Lake(None, dataclasses.replace(load("local"), lake=str(tmp_path)))  # type: ignore[arg-type]
    names = ("model_version", "stage", "decision", "against", "metric", "day")
    rows = [dict(zip(names, row, strict=True)) for row in DECISIONS]
    table = pa.Table.from_pylist(
        [r | {"model_name": "m", "as_of": datetime(2026, 3, r.pop("day"))} for r in rows]  # type: ignore[arg-type]
    )
    write_deltalake(str(lake.folder(TABLE)), table)
    book = DecisionBook(Run("retrain", lake, load_contracts(conf_dir() / "contracts")), "m")
    assert book.lost(champion) == (datetime(2026, 3, day, tzinfo=UTC) if day else None)
