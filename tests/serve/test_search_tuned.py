"""What a lake's search learnt: kept, read again, and the ranker whose vectors it uses."""

import json
import shutil
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from deltalake import write_deltalake

from shoplake.errors import ModelError, ShoplakeError
from shoplake.evaluate.search_tuning_job import candidate
from shoplake.models.base import load_base
from shoplake.models.relevance.artifact import save_ranker
from shoplake.models.relevance.ranker import Ranker
from shoplake.models.relevance.settings import load_relevance
from shoplake.models.relevance.tracking import RankerRegistry
from shoplake.models.search.config import load_search
from shoplake.models.search.roles import SPLIT
from shoplake.models.tracking import Parents
from shoplake.runtime.settings import load
from shoplake.serve import search_lake
from shoplake.serve.search import WEIGHTS
from shoplake.serve.search_tuned import (
    Tuned,
    encoder_or_base,
    lake_encoder,
    read_tuned,
    tuned_file,
    write_tuned,
)

TEXTS = ["copper lantern", "wool throw", "3/4 in. bit"]


@pytest.fixture
def settings(tmp_path, new_registry):
    made = load("local", lake=str(tmp_path / "lake"))
    (made.root / "models").mkdir(parents=True)
    shutil.copy(new_registry, made.root / "models" / "mlflow.db")
    return made


def registered(settings, folder, split=SPLIT, **changes):
    """A tiny ranker as version 1; of a head alone, so that its vectors are not the base's."""
    config = replace(load_relevance(), base="tiny", method="head", **changes)
    ranker = Ranker(load_base("tiny"), config)
    if config.architecture == "bi_encoder":
        ranker.head.weight.data[0] *= 3
    path = save_ranker(folder, ranker, [(1, 0.5)], [])
    registry = RankerRegistry.of(settings)
    parents = Parents({}, {}, "revision", split)
    version = registry.register_ranker(path, config, parents, fingerprint="f", metrics={})
    return ranker, registry, version


def test_what_was_learnt_is_read_again(settings):
    weights = dict.fromkeys(WEIGHTS, 0.5)
    write_tuned(settings, Tuned(weights, "3", ("because",)))
    assert read_tuned(settings) == Tuned(weights, "3")


def test_a_lake_that_learnt_nothing_has_what_is_fixed(settings):
    assert read_tuned(settings) == Tuned(WEIGHTS, None)


def test_weights_of_before_newness_and_price_are_read(settings):
    tuned_file(settings).parent.mkdir(parents=True, exist_ok=True)
    tuned_file(settings).write_text(json.dumps({"weights": {"name": 2.0}, "reason": "clicks"}))
    assert read_tuned(settings).weights == {**WEIGHTS, "name": 2.0}


@pytest.mark.parametrize("content", ["{", "[]", '{"weights": {"name": "much"}}'], ids="abc")
def test_a_damaged_file_is_named(settings, content):
    tuned_file(settings).parent.mkdir(parents=True, exist_ok=True)
    tuned_file(settings).write_text(content)
    with pytest.raises(ShoplakeError, match="cannot be read") as error:
        read_tuned(settings)
    assert "search_weights.json" in str(error.value)


def test_a_versions_vectors_are_the_rankers(settings, tmp_path):
    ranker, registry, version = registered(settings, tmp_path / "run")
    encoder = lake_encoder(settings, version)
    found = encoder.encode(TEXTS)
    cosines = ranker.scores([TEXTS[0]] * 2, TEXTS[1:])
    assert np.allclose(found[1:] @ found[0], cosines, atol=1e-2)
    assert np.allclose(np.linalg.norm(found, axis=1), 1, atol=1e-3)
    assert encoder.name == f"{registry.name} {version}"


def test_vectors_that_are_kept_are_those_of_these_weights(settings, tmp_path, monkeypatch):
    monkeypatch.setenv("SHOPLAKE_CACHE", str(tmp_path / "cache"))
    _, _, version = registered(settings, tmp_path / "run")
    encoder = lake_encoder(settings, version)
    before = encoder.encode_kept(TEXTS)
    encoder._ranker.head.weight.data[1] *= 5
    assert not np.allclose(encoder.encode_kept(TEXTS), before, atol=1e-3)


def test_a_version_that_is_gone_is_named(settings):
    with pytest.raises(ModelError, match="version 9"):
        lake_encoder(settings, "9")


def files_of(settings, name):
    (found,) = (settings.root / "models").rglob(name)
    return found


@pytest.mark.parametrize("damage", ["gone", "cut", "no json"])
def test_a_version_that_cannot_be_read_leaves_the_base_and_says_so(
    settings, tmp_path, capsys, damage
):
    _, registry, version = registered(settings, tmp_path / "run")
    if damage == "gone":
        shutil.rmtree(files_of(settings, "weights.safetensors").parents[1])
    elif damage == "cut":
        weights = files_of(settings, "weights.safetensors")
        weights.write_bytes(weights.read_bytes()[:1000])
    else:
        files_of(settings, "weights.safetensors").with_name("config.json").write_text("{")
    assert encoder_or_base(settings, version) is None
    said = capsys.readouterr().err
    assert "base encoder is used" in said
    assert f"version {version}" in said or "damaged" in said
    assert "step finetune" in said
    registry.promote(version, True, "better")
    assert candidate(SimpleNamespace(lake=SimpleNamespace(settings=settings))) == version


def test_search_by_a_version_that_is_gone_is_the_bases_with_the_fixed_weights(
    settings, tmp_path, monkeypatch, capsys
):
    monkeypatch.setenv("SHOPLAKE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(search_lake, "load_search", lambda: replace(load_search(), base="tiny"))
    texts = dict.fromkeys(("category", "brand", "description", "attributes"), "")
    row = {"product_id": "s:a", "name": TEXTS[0], "price": 1.0, "kind": "product"}
    times = {"is_current": True, "valid_from": pd.Timestamp("2024-01-01")}
    table = settings.root / "silver" / "products"
    write_deltalake(str(table), pd.DataFrame([{**row, **texts, **times}]))
    write_tuned(settings, Tuned(dict.fromkeys(WEIGHTS, 0.5), "9"))
    search = search_lake.open_lake(settings, None)
    assert [hit.product_id for hit in search.answer("lantern", 3).hits] == ["s:a"]
    assert search.weights == WEIGHTS
    assert "version 9" in capsys.readouterr().err


def test_without_a_version_nothing_is_said(settings, capsys):
    assert encoder_or_base(settings, None) is None
    assert not capsys.readouterr().err


def test_only_a_champion_that_is_a_bi_encoder_and_of_nobody_erased_is_a_candidate(
    settings, tmp_path
):
    run = SimpleNamespace(lake=SimpleNamespace(settings=settings))
    assert candidate(run) is None
    _, registry, version = registered(settings, tmp_path / "run")
    assert candidate(run) is None
    registry.promote(version, True, "better")
    assert candidate(run) == version
    registry.mark_erased(version, "request 1")
    assert candidate(run) is None


def test_a_champion_of_another_split_is_no_candidate(settings, tmp_path):
    # It may have learnt from the queries it would be judged on.
    _, registry, version = registered(settings, tmp_path / "run", split="by query, 20% held out")
    registry.promote(version, True, "better")
    run = SimpleNamespace(step="rank", lake=SimpleNamespace(settings=settings))
    assert candidate(run) is None


def test_a_cross_encoder_has_no_vectors_for_search(settings, tmp_path):
    _, registry, version = registered(settings, tmp_path / "run", architecture="cross_encoder")
    registry.promote(version, True, "better")
    assert candidate(SimpleNamespace(lake=SimpleNamespace(settings=settings))) is None
    with pytest.raises(ModelError, match="cross-encoder"):
        lake_encoder(settings, version)
