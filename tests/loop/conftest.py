"""A small built-in shop through every step once, then what its people answered."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from pyspark.sql import SparkSession
from small_loop import Loop

from shoplake.runtime.settings import conf_dir, load
from shoplake.steps import job

DAYS = 44
SIZES = ("--people", "60", "--products", "90")


@pytest.hookimpl(tryfirst=True)  # before `-m` chooses
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A whole lake is made for these alone."""
    for item in items:
        if (
            "loop" in getattr(item, "fixturenames", ())
            and item.path.parent == Path(__file__).parent
        ):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def loop(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Loop:
    folder = tmp_path_factory.mktemp("loop")
    config = yaml.safe_load((conf_dir() / "models" / "two_tower.yml").read_text())
    config |= {"base": "tiny", "dimension": 16, "steps": 10, "batch_size": 32}
    config["finetune"] |= {"steps": 2, "layers": 1, "items_per_step": 8}
    model = folder / "tiny.yml"
    model.write_text(yaml.safe_dump(config))
    lake = str(folder / "lake")
    made = Loop(
        load("local", lake=lake),
        lambda name, *more: job(name)(["--lake", lake, "--shop", "builtin", *more]),
        model,
    )
    made.step("simulate", *SIZES, "--days", str(DAYS))
    made.cycle(before="2026-02-18")
    return made


@pytest.fixture(scope="session")
def answered(loop: Loop) -> Loop:
    """The same lake after people saw their recommendations for three days."""
    loop.step("respond", *SIZES, "--first-day", str(DAYS), "--days", "3")
    loop.step("ingest", "--data", f"{loop.settings.lake}/raw")
    loop.step("refine")
    loop.step("label")
    return loop
