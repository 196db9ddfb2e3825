from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from shoplake.evaluate.bandit import expected_clicks, load_bandit
from shoplake.evaluate.metrics import EvaluationError
from shoplake.evaluate.tasks.ads import run

CLICKS = np.array([0.02, 0.05, 0.1, 0.3])
RANDOM, BTS = np.full(4, 0.25), np.array([0.05, 0.1, 0.25, 0.6])


def write(folder: Path, policy: str, chances: np.ndarray, seed: int, rounds: int = 3000) -> None:
    draw = np.random.default_rng(seed)
    item = draw.choice(4, rounds, p=chances)
    table = pd.DataFrame(
        {
            "timestamp": pd.date_range("2019-11-24", periods=rounds, freq="1min"),
            "item_id": item,
            "position": draw.integers(1, 4, rounds),
            "click": (draw.random(rounds) < CLICKS[item]).astype(int),
            "propensity_score": chances[item],
            "user_feature_0": draw.choice(["x", "y"], rounds),
            "user-item_affinity_0": 0.0,
        }
    )
    (folder / policy).mkdir(parents=True)
    table.to_csv(folder / policy / "men.csv.gz")
    pd.DataFrame({"item_id": range(4)}).to_csv(folder / policy / "item_context.csv.gz")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("bandit")
    write(made, "random", RANDOM, 1)
    write(made, "bts", BTS, 2)
    return made


def test_policies_are_read_off_their_logs(folder: Path) -> None:
    campaigns = load_bandit(folder)
    np.testing.assert_allclose(campaigns["bts"].policy(), np.tile(BTS, (3, 1)), atol=1e-9)


def test_expected_clicks_are_of_every_item_in_every_round(folder: Path) -> None:
    found = expected_clicks(load_bandit(folder)["random"], 0)
    assert found.shape == (3000, 4)
    np.testing.assert_allclose(found.mean(axis=0), CLICKS, atol=0.04)


def test_estimates_are_nearer_to_the_truth_than_the_logs_own_rate(folder: Path) -> None:
    found = run(folder, None, seed=0)
    errors = {
        name: row["relative_error"].value
        for name, row in found.figures.items()
        if "relative_error" in row
    }
    assert errors["DR"] < 0.25 * errors["the log's own rate"]
    learnt = found.figures["DR"]["sharp learnt policy"].value
    assert learnt > found.figures["truth (it was run)"]["random from bts"].value


def test_policies_without_a_common_campaign_are_refused(tmp_path: Path) -> None:
    write(tmp_path, "random", RANDOM, 1, rounds=10)
    (tmp_path / "bts").mkdir()
    with pytest.raises(EvaluationError, match="no campaign in common"):
        run(tmp_path, None, seed=0)


def test_a_training_folder_is_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="takes no --train"):
        run(folder, tmp_path / "nonexistent", seed=0)


def test_a_log_that_ends_midway_is_an_error(tmp_path: Path) -> None:
    for policy in ("random", "bts"):
        write(tmp_path, policy, RANDOM, 1, 100)
    path = tmp_path / "bts" / "men.csv.gz"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(EvaluationError, match="cannot be read"):
        load_bandit(tmp_path)
