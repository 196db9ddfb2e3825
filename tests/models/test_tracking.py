from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pytest
from mlflow import MlflowClient

from shoplake.errors import ModelError
from shoplake.models.artifact import load_artifact, loss_curve
from shoplake.models.config import TwoTowerConfig
from shoplake.models.tracking import Parents, Registry, every

PARENTS = Parents({"gold.training_examples": 3}, {"gold.training_examples": "1.0.0"}, "abc", "time")


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    folder = tmp_path_factory.mktemp("registry")
    return Registry(f"sqlite:///{folder / 'mlflow.db'}", "tests", "two_tower")


def register(registry: Registry, trained: Path, config: TwoTowerConfig, fingerprint: str) -> str:
    return registry.register(trained, config, PARENTS, fingerprint=fingerprint, metrics={"m": 0.5})


def test_the_life_of_a_version(registry: Registry, trained: Path, config: TwoTowerConfig) -> None:
    assert registry.find("f1") is None
    first = register(registry, trained, config, "f1")
    assert registry.find("f1") == first
    assert registry.verdict(first) is None, "a version killed before its verdict has none"

    assert not registry.promote(first, False, "loses")
    assert registry.champion() is None
    assert registry.promote(first, True, "wins")
    assert registry.champion() == first

    second = register(registry, trained, config, "f2")
    assert not registry.promote(second, False, "loses")
    assert (registry.champion(), registry.verdict(second)) == (first, "loses")

    registry.challenge(second)
    assert (registry.champion(), registry.challenger()) == (first, second)
    registry.dismiss()
    registry.dismiss()  # again is safe
    assert registry.challenger() is None
    registry.challenge(second)
    assert registry.promote(second, True, "earns more")
    assert (registry.champion(), registry.challenger()) == (second, None)

    texts = ["", "red thing"]
    loaded = registry.load(first)
    np.testing.assert_array_equal(
        loaded.item_matrix(texts), load_artifact(trained).item_matrix(texts)
    )


def test_a_version_killed_before_its_alias_is_judged_again(
    registry: Registry, trained: Path, config: TwoTowerConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = register(registry, trained, config, "killed")

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(MlflowClient, "set_registered_model_alias", killed)
        with pytest.raises(KeyboardInterrupt):
            registry.promote(version, True, "wins")
    assert registry.verdict(version) is None


def test_all_pages_of_a_search_are_read(
    registry: Registry, trained: Path, config: TwoTowerConfig
) -> None:
    versions = {register(registry, trained, config, f"page {n}") for n in range(3)}
    client = MlflowClient(registry._uri, registry._uri)
    name = f"name='{registry.name}'"
    found = every(partial(client.search_model_versions, name, max_results=1))
    assert versions <= {str(v.version) for v in found}


def test_the_loss_of_each_step_is_tracked_for_a_model_that_another_process_trained(
    registry: Registry, trained: Path, config: TwoTowerConfig
) -> None:
    version = register(registry, trained, config, "f3")
    client = MlflowClient(registry._uri)
    run_id = client.get_model_version(registry.name, version).run_id
    history = client.get_metric_history(run_id, "train_loss")
    assert [(point.step, point.value) for point in history] == loss_curve(trained)
    assert len(history) == 9


def test_a_version_that_is_not_there_cannot_be_loaded(registry: Registry) -> None:
    with pytest.raises(ModelError, match="version 99 of two_tower cannot be loaded"):
        registry.load("99")
