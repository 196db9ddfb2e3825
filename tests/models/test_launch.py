from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
import torch
from pyspark.sql import SparkSession

from shoplake.errors import ModelError
from shoplake.models.artifact import load_artifact
from shoplake.models.collectives import joined
from shoplake.models.config import TwoTowerConfig
from shoplake.models.inputs import TrainInputs
from shoplake.models.launch import launch, tasks_have_gpus
from shoplake.models.train import train

TEXTS = ["", "red thing 1", "a blue thing never seen"]


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["local", "spark"])
def test_two_processes_train_what_one_trains(
    spark: SparkSession,
    config: TwoTowerConfig,
    inputs: TrainInputs,
    trained: Path,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    mode: str,
) -> None:
    result = launch(
        train,
        config,
        inputs,
        run_dir=str(tmp_path),
        mode=mode,
        processes=2,  # type: ignore[arg-type]
    )
    alone, together = load_artifact(trained), load_artifact(Path(result.folder))
    difference = abs(alone.item_matrix(TEXTS) - together.item_matrix(TEXTS)).max()
    assert difference < 1e-4
    printed, noise = capfd.readouterr()
    assert all(line.startswith("train ") for line in printed.splitlines())
    assert "TorchDistributor" not in noise


@pytest.mark.slow
def test_a_failed_rank_is_named_and_the_others_stop(spark: SparkSession, tmp_path: Path) -> None:
    def fail_in_rank_1(run_dir: str) -> None:
        if os.environ["RANK"] == "1":
            raise ValueError("no space left")
        signal.pause()

    with pytest.raises(ModelError, match=r"rank 1: ValueError: no space left"):
        launch(fail_in_rank_1, run_dir=str(tmp_path), mode="local", processes=2)


@pytest.mark.slow
def test_a_killed_process_is_told_from_an_error(spark: SparkSession, tmp_path: Path) -> None:
    def die(run_dir: str) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    with pytest.raises(ModelError, match="a training process was killed"):
        launch(die, run_dir=str(tmp_path), mode="local", processes=2)


@pytest.mark.parametrize(("amount", "given"), [(None, False), ("0", False), ("1", True)])
def test_processes_on_spark_use_gpus_where_tasks_have_them(amount: str | None, given: bool) -> None:
    settings = {} if amount is None else {"spark.task.resource.gpu.amount": amount}
    assert tasks_have_gpus(settings.get) is given  # type: ignore[arg-type]


def test_tasks_that_share_a_gpu_are_refused() -> None:
    settings = {"spark.task.resource.gpu.amount": "0.25"}
    with pytest.raises(ModelError, match=r"tasks share GPUs: 0\.25"):
        tasks_have_gpus(settings.get)  # type: ignore[arg-type]


def test_a_process_without_a_gpu_of_its_own_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    for name, value in (("WORLD_SIZE", 2), ("LOCAL_WORLD_SIZE", 2), ("LOCAL_RANK", 1)):
        monkeypatch.setenv(name, str(value))
    with pytest.raises(ModelError, match="process 2 of 2 on this host has no GPU"), joined(5):
        pass
