"""A tiny shop with a pattern to learn: people buy colours, and buy again what they bought."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from shoplake.models.config import TwoTowerConfig, load_two_tower, model_file
from shoplake.models.inputs import TrainInputs

ITEMS, PEOPLE, HISTORY = 40, 60, 6


@pytest.fixture(scope="session")
def config() -> TwoTowerConfig:
    given = load_two_tower(model_file("two_tower"))
    return dataclasses.replace(
        given,
        base="tiny",
        dimension=8,
        heads=2,
        steps=6,
        finetune=dataclasses.replace(given.finetune, steps=3, layers=1, items_per_step=8),
        batch_size=16,
        warmup_steps=2,
        checkpoint_every=2,
        timeout_seconds=60,
    )


@pytest.fixture(scope="session")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> TrainInputs:
    folder = tmp_path_factory.mktemp("inputs")
    draw = np.random.default_rng(0)
    rows: dict[str, list[object]] = {name: [] for name in (
        "snapshot", "target_index", "label", "weight", "history", "history_counts", "history_days"
    )}  # fmt: skip
    for person in range(PEOPLE):
        own = 1 + (draw.permutation(ITEMS // 4)[: HISTORY - 1] * 4 + person % 4)
        for positive in (True, True, False):
            target = draw.choice(own) if positive else draw.integers(1, ITEMS + 1)
            rows["snapshot"].append(person % 2)
            rows["target_index"].append(int(target))
            rows["label"].append(float(positive))
            rows["weight"].append(0.5 * positive)
            rows["history"].append([*map(int, own), 0])
            rows["history_counts"].append([*map(int, draw.integers(1, 4, HISTORY - 1)), 0])
            rows["history_days"].append([*map(int, draw.integers(0, 60, HISTORY - 1)), 0])
    index = np.arange(1, ITEMS + 1)
    colours = ["red", "green", "blue", "gold"]
    items = {
        "item_index": index,
        "text": [f"{colours[(i - 1) % 4]} thing {i}" for i in index],
        "as_of": np.full(ITEMS, 0),
    }
    snapshots = {
        "snapshot": np.repeat([0, 1], ITEMS),
        "item_index": np.tile(index, 2),
        "log_popularity": draw.random(2 * ITEMS),
        "log_recent": draw.random(2 * ITEMS),
        "split": ["train"] * (2 * ITEMS),
    }
    written = {"examples": rows, "items": items, "snapshots": snapshots}
    for name, columns in written.items():
        pq.write_table(pa.table(columns), folder / f"{name}.parquet", row_group_size=30)
    return TrainInputs(*((str(folder / f"{name}.parquet"),) for name in written))  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def trained(
    config: TwoTowerConfig, inputs: TrainInputs, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The folder of an undisturbed run's model."""
    from shoplake.models.train import train

    return Path(train(config, inputs, str(tmp_path_factory.mktemp("trained"))).folder)
