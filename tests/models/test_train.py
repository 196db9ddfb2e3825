from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path

import pytest

from shoplake.errors import ModelError
from shoplake.models.config import TwoTowerConfig
from shoplake.models.inputs import TrainInputs
from shoplake.models.progress import Progress
from shoplake.models.train import _rate, train


def digests(folder: Path) -> dict[str, str]:
    weights = sorted(folder.rglob("*.safetensors"))
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in weights}


class CrashError(Exception):
    pass


def crash_after(step: int):  # type: ignore[no-untyped-def]
    def report(progress: Progress) -> None:
        if progress.step == step:
            raise CrashError

    return report


@pytest.mark.parametrize("step", [5, 8], ids=["first stage", "fine-tuning"])
def test_a_resumed_run_ends_with_the_same_bits(
    config: TwoTowerConfig, inputs: TrainInputs, trained: Path, tmp_path: Path, step: int
) -> None:
    with pytest.raises(CrashError):
        train(config, inputs, str(tmp_path), crash_after(step))
    resumed = train(config, inputs, str(tmp_path))
    assert digests(Path(resumed.folder)) == digests(trained)
    assert [at for at, _ in resumed.curve] == list(range(1, 10))


def test_both_stages_learn(config: TwoTowerConfig, inputs: TrainInputs, tmp_path: Path) -> None:
    longer = dataclasses.replace(
        config,
        steps=30,
        learning_rate=0.02,
        finetune=dataclasses.replace(config.finetune, steps=30, learning_rate=0.003),
    )
    curve = [loss for _, loss in train(longer, inputs, str(tmp_path)).curve]
    first, middle, last = (sum(curve[at : at + 5]) for at in (0, 25, 55))
    assert first > middle > last


def test_fine_tuning_changes_the_last_layer_only(config: TwoTowerConfig, trained: Path) -> None:
    from safetensors.torch import load_file

    from shoplake.models.base import load_base

    before = load_base(config.base).encoder.state_dict()
    after = load_file(next((trained / "base").glob("*.safetensors")))
    changed = {name for name, weights in before.items() if not weights.equal(after[name])}
    assert changed
    assert all(name.startswith("encoder.layer.1.") for name in changed)


def test_a_checkpoint_of_other_settings_is_refused(
    config: TwoTowerConfig, inputs: TrainInputs, tmp_path: Path
) -> None:
    with pytest.raises(CrashError):
        train(config, inputs, str(tmp_path), crash_after(3))
    with pytest.raises(ModelError, match="other settings or inputs"):
        train(dataclasses.replace(config, seed=8), inputs, str(tmp_path))


def test_adding_up_gradients_and_sgd_work(
    config: TwoTowerConfig, inputs: TrainInputs, tmp_path: Path
) -> None:
    other = dataclasses.replace(config, accumulate=2, optimizer="sgd", candidates=10)
    curve = train(other, inputs, str(tmp_path)).curve
    assert len(curve) == 9
    assert all(0 < loss < 10 for _, loss in curve)


@pytest.mark.parametrize(("steps", "warm"), [(400, 40), (20, 2), (3, 1)])
def test_a_short_stage_warms_up_in_a_tenth_of_its_steps(
    config: TwoTowerConfig, steps: int, warm: int
) -> None:
    rates = [
        _rate(step, steps, dataclasses.replace(config, warmup_steps=40)) for step in range(steps)
    ]
    assert rates.index(max(rates)) == warm - 1
    assert max(rates) == 1.0
    assert rates[-1] < 0.8
