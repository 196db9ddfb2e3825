"""A canary keeps the share it began with."""

from __future__ import annotations

import dataclasses
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from shoplake.contracts.book import load_contracts
from shoplake.evaluate.retraining.decisions import TABLE
from shoplake.evaluate.retraining.serving import serving
from shoplake.evaluate.retraining.settings import load_retrain_settings
from shoplake.governance.run import Run
from shoplake.runtime.lake import Lake
from shoplake.runtime.settings import conf_dir, load
from shoplake.serve.canary import Side, sides

OF_FILE = load_retrain_settings().canary.share


@pytest.mark.parametrize(
    ("challenger", "recorded", "expected"),
    [
        ("2", {"share": 0.3}, sides("1", "2", 0.3)),
        ("2", {}, sides("1", "2", OF_FILE)),  # begun before the share was kept
        (None, {"share": 0.3}, (Side("1"),)),
    ],
)
def test_the_share_is_the_one_that_was_decided(
    tmp_path: Path, challenger: str | None, recorded: dict[str, float], expected: tuple[Side, ...]
) -> None:
    assert OF_FILE != 0.3
    lake = Lake(None, dataclasses.replace(load("local"), lake=str(tmp_path)))  # type: ignore[arg-type]
    said = {"model_name": "m", "model_version": "2", "stage": "offline", "decision": "canary"}
    row = {**said, "as_of": datetime(2026, 3, 1), **recorded}
    write_deltalake(str(lake.folder(TABLE)), pa.Table.from_pylist([row]))
    run = Run("score", lake, load_contracts(conf_dir() / "contracts"))
    registry = SimpleNamespace(name="m", champion=lambda: "1", challenger=lambda: challenger)
    assert serving(run, registry) == expected  # type: ignore[arg-type]
