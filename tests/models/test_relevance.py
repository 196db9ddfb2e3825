"""Rankers of text: every method learns, runs resume bit for bit, processes share out the work."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file

from shoplake.errors import ModelError, SettingsError
from shoplake.models.base import load_base
from shoplake.models.relevance.adaptation import adapt, prepared
from shoplake.models.relevance.artifact import finished, load_ranker
from shoplake.models.relevance.objectives import objective
from shoplake.models.relevance.ranker import Ranker
from shoplake.models.relevance.settings import METHODS, SCRATCH, load_relevance
from shoplake.models.relevance.training import finetune
from shoplake.models.search.judgements import Judgements

THINGS = ["lamp", "chair", "table", "mirror"]
ROWS = [
    (f"{colour} {thing}", f"Nice {colour.title()} {other.title()}", 3.0 if thing == other else 1.0)
    for colour in ("red", "blue", "green", "pink")
    for thing in THINGS
    for other in THINGS
]


@pytest.fixture
def frame():
    return pd.DataFrame(ROWS, columns=["query", "title", "relevance"])


@pytest.fixture
def pairs(frame, tmp_path):
    path = tmp_path / "pairs.parquet"
    frame.to_parquet(path)
    return str(path)


def config(**changes):
    tiny = {"base": "tiny", "steps": 4, "batch_size": 6, "validation": 0.0, "patience": 0}
    return replace(load_relevance(), **tiny | {"checkpoint_every": 2} | changes)


def quiet(progress):
    """No line of progress."""


@pytest.mark.parametrize("architecture", ["bi_encoder", "cross_encoder"])
@pytest.mark.parametrize("method", METHODS)
def test_only_what_the_method_names_learns_and_is_found_again(
    method, architecture, pairs, tmp_path
):
    plan = config(method=method, architecture=architecture)
    made = finetune(plan, pairs, str(tmp_path / "run"), quiet)
    before = Ranker(load_base("tiny"), plan)
    frozen = {n for n, p in before.named_parameters() if not p.requires_grad}
    after = load_ranker(Path(made.folder))
    moved = {
        name
        for (name, old), new in zip(before.named_parameters(), after.parameters(), strict=True)
        if not torch.equal(old, new)
    }
    assert moved
    assert not moved & frozen
    assert 0 < made.trained <= made.parameters
    assert np.isfinite(after.grades(["red lamp"], ["Nice Red Lamp"])).all()


class KilledError(Exception):
    """The process is gone."""


@pytest.mark.parametrize("method", ["lora", "adalora", "prefix"])
def test_a_run_that_was_killed_ends_in_the_same_bits(method, pairs, tmp_path):
    plan = config(method=method, steps=12, validation=0.25, validate_every=2, patience=9)

    def dies(progress):
        if progress.step == 7:
            raise KilledError

    with pytest.raises(KilledError):
        finetune(plan, pairs, str(tmp_path / "killed"), dies)
    resumed = finetune(plan, pairs, str(tmp_path / "killed"), quiet)
    whole = finetune(plan, pairs, str(tmp_path / "whole"), quiet)
    assert resumed.curve == whole.curve
    weights = [load_file(Path(m.folder) / "weights.safetensors") for m in (resumed, whole)]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[1])


def test_gradients_of_parts_add_up_to_those_of_the_whole(frame):
    def gradient(budget):
        plan = config(architecture="cross_encoder", token_budget=budget)
        model = Ranker(load_base("tiny"), plan).eval()
        aim = objective(plan, model, Judgements.of(frame), None)
        parts = aim.parts(0)
        for part in parts:
            aim.loss(model, part).backward()
        return len(parts), torch.cat(
            [p.grad.flatten() for p in model.parameters() if p.grad is not None]
        )

    (one, whole), (many, added) = gradient(10_000), gradient(80)
    assert one < many
    assert torch.allclose(whole, added, atol=1e-6)


def test_training_stops_when_looks_bring_nothing_and_keeps_the_best(pairs, tmp_path):
    plan = config(steps=40, validation=0.25, validate_every=1, patience=2)
    plan = replace(plan, learning_rates={**plan.learning_rates, "lora": 1.0})
    made = finetune(plan, pairs, str(tmp_path / "run"), quiet)
    looks = [loss for _, loss in made.validation]
    assert len(looks) < 40
    assert int(np.argmin(looks)) == len(looks) - 3


def test_classification_grades_lie_between_the_means_of_its_classes(pairs, tmp_path):
    plan = config(architecture="cross_encoder", loss="classification", method="full", steps=8)
    made = finetune(plan, pairs, str(tmp_path / "run"), quiet)
    grades = load_ranker(Path(made.folder)).grades([q for q, _, _ in ROWS], [t for _, t, _ in ROWS])
    assert ((grades >= 1) & (grades <= 3)).all()
    assert np.ptp(grades) > 0


def test_a_prefix_leaves_positions_and_padding_alone():
    plan = config(method="prefix")
    model = Ranker(load_base("tiny"), plan).eval()
    short, long = [2, 10, 11, 3], [2, 10, 11, 12, 13, 14, 15, 3]
    alone, beside = model.vectors([short])[0], model.vectors([short, long])[0]
    assert torch.allclose(alone, beside, atol=1e-5)
    with torch.no_grad():
        model.encoder.prefix[:, 0] = 0
        model.encoder.prefix[:, 1] = 0
    plain = load_base("tiny").encoder.eval()
    embedded = {}
    for name, encoder in (("prefixed", model.encoder.encoder), ("plain", plain)):
        encoder.embeddings.register_forward_hook(
            lambda _, __, out, n=name: embedded.update({n: out})
        )
    model.vectors([short])
    plain(input_ids=torch.tensor([short]))
    assert torch.equal(embedded["prefixed"], embedded["plain"])


def test_masked_language_modelling_learns_the_texts_in_english_and_chinese():
    texts = [
        f"{a} {b}"
        for a in ("red", "blue", "绿色", "粉红")
        for b in ("lamp", "chair", "桌子", "镜子")
    ]
    plan = config(base=SCRATCH)
    plan = replace(
        plan,
        scratch=replace(plan.scratch, vocabulary=80, layers=1, width=32, heads=2),
        adapt=replace(plan.adapt, steps=80, batch_size=16, masked=0.3, learning_rate=0.01),
    )
    from shoplake.models.relevance.scratch import scratch_base

    base = scratch_base(texts * 4, plan)
    assert "桌" in base.tokenizer.get_vocab()
    losses = adapt(base, texts, plan)
    assert np.mean(losses[-10:]) < 0.8 * np.mean(losses[:10])


def test_a_model_from_scratch_is_made_once_and_fine_tuned(frame, pairs, tmp_path):
    plan = config(base=SCRATCH, method="full")
    plan = replace(plan, scratch=replace(plan.scratch, vocabulary=60, layers=1, width=32, heads=2))
    texts = [*frame["title"], *frame["query"]]
    made = prepared(plan, texts, tmp_path / "base")
    assert made.base == str(tmp_path / "base")
    assert prepared(plan, [], tmp_path / "base") == made
    folder = Path(finetune(made, pairs, str(tmp_path / "run"), quiet).folder)
    assert json.loads((folder / "config.json").read_text())["base"] == made.base


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"temperature": 0.0}, "temperature"),
        ({"clip_norm": 0.0}, "clip_norm"),
        ({"clip_norm": float("nan")}, "clip_norm"),
        ({"warmup": 3.0}, "warmup"),
        ({"weight_decay": -0.1}, "weight_decay"),
        ({"learning_rates": {"lora": 0.0}}, "learning_rates: lora"),
        ({"cuts": [2.5, 2.0]}, "cuts"),
        ({"cuts": [2.0, 3.0]}, "cuts"),
        ({"architecture": "cross_encoder", "loss": "classification", "cuts": []}, "cuts"),
        ({"architecture": "cross_encoder", "accumulate": 8}, "accumulate"),
    ],
)
def test_settings_out_of_range_are_refused_by_name(changes, named):
    with pytest.raises(SettingsError, match=rf"where: relevance: {named}\n"):
        config(**changes)


@pytest.mark.parametrize(
    ("part", "changes", "named"),
    [
        ("adapters", {"rank": 0}, "adapters: rank"),
        ("adapters", {"prefix": 0}, "adapters: prefix"),
        ("scratch", {"heads": 3}, "scratch: heads"),
        ("scratch", {"layers": 0}, "scratch: layers"),
        ("adapt", {"masked": 1.0}, "adapt: masked"),
        ("adapt", {"learning_rate": -1.0}, "adapt: learning_rate"),
    ],
)
def test_sizes_out_of_range_are_refused_by_name(part, changes, named):
    with pytest.raises(SettingsError, match=rf"where: relevance: {named}\n"):
        replace(getattr(config(), part), **changes)


def test_texts_longer_than_the_base_can_read_are_refused():
    plan = config(max_tokens=65)
    with pytest.raises(ModelError, match="max_tokens is 65, and the base model reads 64"):
        Ranker(load_base("tiny"), plan)
    plan = replace(plan, adapt=replace(plan.adapt, steps=1))
    with pytest.raises(ModelError, match="reads 64 tokens at most"):
        adapt(load_base("tiny"), ["red lamp"], plan)


def test_titles_that_no_query_is_near_to_are_refused(frame, tmp_path):
    frame.assign(relevance=1.5).to_parquet(tmp_path / "low.parquet")
    with pytest.raises(ModelError, match="no judged pair of grade 2 or more"):
        finetune(config(), str(tmp_path / "low.parquet"), str(tmp_path / "run"), quiet)


def test_training_that_diverges_stops_and_keeps_no_ranker(pairs, tmp_path):
    plan = config(method="full", optimizer="sgd", steps=8)
    plan = replace(plan, learning_rates={**plan.learning_rates, "full": 1e30})
    with pytest.raises(ModelError, match=r"the loss of step \d is nan: training diverged"):
        finetune(plan, pairs, str(tmp_path / "run"), quiet)
    assert not finished(tmp_path / "run").exists()


def test_settings_that_cannot_be_are_refused(frame, tmp_path):
    with pytest.raises(SettingsError, match="early stopping has nothing to look at"):
        config(patience=3)
    frame[frame["query"] == "red lamp"].to_parquet(tmp_path / "one.parquet")
    with pytest.raises(ModelError, match="too few"):
        finetune(config(), str(tmp_path / "one.parquet"), str(tmp_path / "run"), quiet)
    plan = replace(config(), adapters=replace(config().adapters, modules=["no"]))
    base = load_base("tiny")
    with pytest.raises(ModelError, match="LoRA finds no layer"):
        Ranker(base, plan)
