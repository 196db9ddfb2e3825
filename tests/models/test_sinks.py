"""Figures of a training reach TensorBoard's files, Weights & Biases (offline) and MLflow."""

from __future__ import annotations

import dataclasses
import socket
import sys
from pathlib import Path

import pandas as pd
import pytest
from mlflow import MlflowClient

from shoplake.errors import SettingsError
from shoplake.models.config import TwoTowerConfig
from shoplake.models.inputs import TrainInputs
from shoplake.models.relevance.settings import load_relevance
from shoplake.models.relevance.tracking import RankerRegistry
from shoplake.models.relevance.training import finetune
from shoplake.models.sinks import TENSORBOARD, opened
from shoplake.models.tracking import Parents
from shoplake.models.train import train

PARENTS = Parents({}, {}, "revision", "by query")


def curves(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """What TensorBoard shows of a folder: name to (step, value)."""
    pytest.importorskip("tensorboard", reason="pip install 'shoplake[tensorboard]'")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    found = EventAccumulator(str(folder)).Reload()
    return {
        name: [(e.step, round(e.value, 6)) for e in found.Scalars(name)]
        for name in found.Tags()["scalars"]
    }


def rounded(curve: list[tuple[int, float]]) -> list[tuple[int, float]]:
    """As the files hold them: 32 bits."""
    return [
        (step, round(float(pd.Series([value], dtype="float32")[0]), 6)) for step, value in curve
    ]


def test_a_rankers_losses_and_rates_are_in_tensorboard_and_among_mlflows_artifacts(
    tmp_path: Path,
) -> None:
    pytest.importorskip("tensorboard", reason="pip install 'shoplake[tensorboard]'")
    rows = [
        (f"{c} lamp", f"{c} {t}", 3.0 if t == "lamp" else 1.0)
        for c in ("red", "blue", "green", "pink")
        for t in ("lamp", "chair")
    ]
    pairs = tmp_path / "pairs.parquet"
    pd.DataFrame(rows, columns=["query", "title", "relevance"]).to_parquet(pairs)
    config = dataclasses.replace(
        load_relevance(), base="tiny", steps=4, batch_size=2, validation=0.25, validate_every=2
    )
    made = finetune(config, str(pairs), str(tmp_path / "run"), lambda _: None, ["tensorboard"])
    shown = curves(tmp_path / "run" / TENSORBOARD)
    assert shown["training_loss"] == rounded(made.curve)
    assert shown["validation_loss"] == rounded(made.validation)
    assert max(rate for _, rate in shown["learning_rate"]) == pytest.approx(config.learning_rate)

    registry = RankerRegistry(f"sqlite:///{tmp_path}/mlflow.db", "tests", "relevance")
    version = registry.register_ranker(
        Path(made.folder), config, PARENTS, fingerprint="f", metrics={}
    )
    client = MlflowClient(registry._uri)
    run_id = client.get_model_version("relevance", version).run_id
    kept = [Path(file.path).name for file in client.list_artifacts(run_id, TENSORBOARD)]
    assert any(name.startswith("events.out.tfevents") for name in kept)


def test_the_two_towers_training_is_in_tensorboard_too(
    config: TwoTowerConfig, inputs: TrainInputs, tmp_path: Path
) -> None:
    pytest.importorskip("tensorboard", reason="pip install 'shoplake[tensorboard]'")
    made = train(config, inputs, str(tmp_path), lambda _: None, ["tensorboard"])
    shown = curves(tmp_path / TENSORBOARD)
    assert shown["train_loss"] == rounded(made.curve)
    assert len(shown["learning_rate"]) == len(made.curve)


def test_steps_that_a_resumed_run_takes_again_are_shown_once(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard", reason="pip install 'shoplake[tensorboard]'")
    for steps in ((1, 2, 3), (3, 4)):  # killed after 3, the last checkpoint was at 2
        with opened(["tensorboard"], tmp_path, {}) as told:
            for step in steps:
                told(step, {"loss": step / 10})
    assert [step for step, _ in curves(tmp_path / TENSORBOARD)["loss"]] == [1, 2, 3, 4]


def test_weights_and_biases_writes_below_the_run_and_not_the_machines_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wandb = pytest.importorskip("wandb", reason="pip install 'shoplake[wandb]'")
    monkeypatch.delenv("WANDB_MODE", raising=False)
    monkeypatch.setattr(socket, "gethostname", lambda: "the-machines-name")
    with opened(["wandb"], tmp_path / "run", {"steps": 2}) as told:
        told(1, {"training_loss": 0.5})
        told(2, {"training_loss": 0.25})
    wandb.teardown()  # its own process writes, and may be behind
    (log,) = (tmp_path / "run" / "wandb").glob("offline-run-*/run-*.wandb")
    said = log.read_bytes()
    assert b"training_loss" in said
    assert b"the-machines-name" not in said


@pytest.mark.parametrize(
    ("sink", "module"), [("tensorboard", "torch.utils.tensorboard"), ("wandb", "wandb")]
)
def test_a_sink_whose_extra_is_missing_names_it(
    sink: str, module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with (
        pytest.raises(SettingsError, match=rf"pip install 'shoplake\[{sink}\]'"),
        opened([sink], tmp_path, {}),
    ):
        pass


def test_an_unknown_sink_is_refused(tmp_path: Path) -> None:
    with (
        pytest.raises(SettingsError, match="known: tensorboard, wandb"),
        opened(["x"], tmp_path, {}),
    ):
        pass
