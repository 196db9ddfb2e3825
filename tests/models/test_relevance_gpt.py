"""Rankers of text on a GPT: the end mark's state, causal adaptation, the same trainer as BERT's."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file

from shoplake.errors import ModelError
from shoplake.models.base import load_base
from shoplake.models.relevance.adaptation import adapt, prepared
from shoplake.models.relevance.artifact import load_ranker
from shoplake.models.relevance.ranker import Ranker
from shoplake.models.relevance.reading import FAMILIES, text_encoder
from shoplake.models.relevance.scratch import scratch_base
from shoplake.models.relevance.settings import GPT_METHODS, SCRATCH, load_relevance
from shoplake.models.relevance.training import finetune
from shoplake.runtime.settings import conf_dir

THINGS = ["lamp", "chair", "table", "mirror"]
ROWS = [
    (f"{colour} {thing}", f"Nice {colour.title()} {other.title()}", 3.0 if thing == other else 1.0)
    for colour in ("red", "blue", "green", "pink")
    for thing in THINGS
    for other in THINGS
]
TEXTS = [title for _, title, _ in ROWS]


@pytest.fixture
def pairs(tmp_path):
    path = tmp_path / "pairs.parquet"
    pd.DataFrame(ROWS, columns=["query", "title", "relevance"]).to_parquet(path)
    return str(path)


def config(**changes):
    """The shipped settings of a GPT, small."""
    given = load_relevance(conf_dir() / "models" / "relevance_gpt.yml")
    small = {"steps": 4, "batch_size": 6, "validation": 0.0, "patience": 0, "checkpoint_every": 2}
    plan = replace(given, **small | changes)
    return replace(
        plan,
        scratch=replace(plan.scratch, vocabulary=300, layers=1, width=16, heads=2),
        adapt=replace(plan.adapt, batch_size=8),
    )


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """The folder of a GPT that has read nothing."""
    folder = tmp_path_factory.mktemp("gpt") / "base"
    scratch_base(TEXTS, config()).save(folder)
    return str(folder)


def quiet(*progress):
    """No line of progress."""


@pytest.mark.parametrize("architecture", ["bi_encoder", "cross_encoder"])
@pytest.mark.parametrize("method", GPT_METHODS)
def test_only_what_the_method_names_learns_and_is_found_again(
    method, architecture, base, pairs, tmp_path
):
    plan = config(method=method, architecture=architecture, base=base)
    made = finetune(plan, pairs, str(tmp_path / "run"), quiet)
    before = Ranker(load_base(base, FAMILIES), plan)
    frozen = {n for n, p in before.named_parameters() if not p.requires_grad}
    after = load_ranker(Path(made.folder))
    moved = {
        name
        for (name, old), new in zip(before.named_parameters(), after.parameters(), strict=True)
        if not torch.equal(old, new)
    }
    assert moved
    assert not moved & frozen
    assert np.isfinite(after.grades(["red lamp"], ["Nice Red Lamp"])).all()


@pytest.mark.parametrize("method", ["prefix", "houlsby"])
def test_methods_written_for_bert_are_refused_before_anything_is_learnt(method, tmp_path):
    plan = replace(config(), method=method, learning_rates={method: 0.001})
    with pytest.raises(ModelError, match=f"a GPT cannot be fine-tuned by {method}"):
        prepared(plan, TEXTS, tmp_path / "base")
    assert not (tmp_path / "base").exists()


def test_a_vector_is_the_state_at_the_end_mark_whatever_is_padded(base):
    model = Ranker(load_base(base, FAMILIES), config(base=base)).eval()
    short, long = model.tokens(["red lamp", "a nice green mirror with a pink table"])
    assert short[-1] == long[-1] == model.tokenizer.eos_token_id
    alone, beside = model.vectors([short])[0], model.vectors([short, long])[0]
    assert torch.allclose(alone, beside, atol=1e-5)
    states = model.encoder(input_ids=torch.tensor([short])).last_hidden_state[0]
    assert torch.allclose(alone, torch.nn.functional.normalize(states[-1], dim=-1), atol=1e-5)


def test_a_pair_that_is_cut_keeps_both_end_marks(base):
    model = Ranker(load_base(base, FAMILIES), config(base=base, max_tokens=9))
    query, title = model.tokens(["red lamp red lamp red lamp", "a nice green mirror and a chair"])
    ids, sides = model.paired(query, title)
    end = model.tokenizer.eos_token_id
    assert len(ids) == 9
    assert [i for i, token in enumerate(ids) if token == end] == [sides.index(1) - 1, 8]


def test_the_untouched_gpt_is_an_encoder_with_the_rankers_vectors(base):
    model = Ranker(load_base(base, FAMILIES), config(base=base)).eval()
    encoder = text_encoder(base, max_tokens=40)
    with torch.inference_mode():
        expected = model.vectors(model.tokens(["Red Lamp 3/4 in."])).numpy()
    np.testing.assert_allclose(encoder.encode(["Red Lamp 3/4 in."]), expected, atol=1e-2)


def test_the_next_token_is_learnt_and_the_base_keeps_it():
    plan = config()
    plan = replace(plan, adapt=replace(plan.adapt, steps=60, learning_rate=0.01))
    base = scratch_base(TEXTS, plan)
    before = base.encoder.wte.weight.detach().clone()
    losses = adapt(base, TEXTS, plan, report=quiet)
    assert np.mean(losses[-10:]) < 0.6 * np.mean(losses[:10])
    assert not torch.equal(base.encoder.wte.weight, before)


class KilledError(Exception):
    """The process is gone."""


def test_adaptation_that_was_killed_ends_in_the_same_bits(tmp_path):
    plan = config()
    plan = replace(plan, adapt=replace(plan.adapt, steps=8))

    def dies(step, loss):
        if step == 5:
            raise KilledError

    with pytest.raises(KilledError):
        adapt(scratch_base(TEXTS, plan), TEXTS, plan, tmp_path, dies)
    resumed, whole = scratch_base(TEXTS, plan), scratch_base(TEXTS, plan)
    assert adapt(resumed, TEXTS, plan, tmp_path, quiet) == adapt(whole, TEXTS, plan, report=quiet)
    weights = resumed.encoder.state_dict()
    assert all(torch.equal(w, weights[name]) for name, w in whole.encoder.state_dict().items())


def test_fine_tuning_by_lora_that_was_killed_ends_in_the_same_bits(base, pairs, tmp_path):
    plan = config(method="lora", base=base, steps=8)

    def dies(progress):
        if progress.step == 5:
            raise KilledError

    with pytest.raises(KilledError):
        finetune(plan, pairs, str(tmp_path / "killed"), dies)
    resumed = finetune(plan, pairs, str(tmp_path / "killed"), quiet)
    whole = finetune(plan, pairs, str(tmp_path / "whole"), quiet)
    weights = [load_file(Path(m.folder) / "weights.safetensors") for m in (resumed, whole)]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[1])


def test_each_family_has_its_own_adaptation(base):
    gpt, bert = config(), config(base="tiny")
    masked = replace(gpt, adapt=replace(gpt.adapt, kind="mlm"))
    with pytest.raises(ModelError, match="a GPT cannot be adapted by mlm"):
        adapt(load_base(base, FAMILIES), TEXTS, masked)
    with pytest.raises(ModelError, match="a BERT cannot be adapted by causal"):
        adapt(load_base("tiny"), TEXTS, bert)


@pytest.mark.parametrize("family", ["bert", "gpt"])
def test_a_text_is_told_from_others_by_itself_read_through_dropout(family):
    plan = config()
    plan = replace(
        plan,
        scratch=replace(plan.scratch, family=family),
        adapt=replace(plan.adapt, kind="simcse", steps=40, batch_size=16, learning_rate=0.003),
    )
    losses = adapt(scratch_base(TEXTS, plan), TEXTS, plan, report=quiet)
    assert np.mean(losses[-10:]) < 0.8 * np.mean(losses[:10])


@pytest.mark.parametrize("family", ["gpt_neo", "qwen2"])
def test_other_gpts_are_taken_by_their_folder(family, base, pairs, tmp_path):
    from transformers import AutoConfig, AutoModel

    tokenizer = load_base(base, FAMILIES).tokenizer
    shape = {"vocab_size": len(tokenizer), "hidden_size": 16, "intermediate_size": 32}
    heads = {"num_heads": 2, "num_layers": 1, "attention_types": [[["global"], 1]]}
    if family == "qwen2":
        heads = {"num_attention_heads": 2, "num_key_value_heads": 1, "num_hidden_layers": 1}
    AutoModel.from_config(
        AutoConfig.for_model(family, tie_word_embeddings=True, **shape, **heads)
    ).save_pretrained(tmp_path / family)
    tokenizer.save_pretrained(tmp_path / family)
    plan = config(base=str(tmp_path / family), method="lora")
    plan = replace(
        plan,
        adapters=replace(plan.adapters, modules=["q_proj", "v_proj"]),
        adapt=replace(plan.adapt, steps=2),
    )
    adapted = prepared(plan, TEXTS, tmp_path / "base")
    made = finetune(adapted, pairs, str(tmp_path / "run"), quiet)
    assert 0 < made.trained < made.parameters


def test_other_parts_still_take_a_bert_alone(base):
    with pytest.raises(ModelError, match="is a gpt2, not a BERT"):
        load_base(base)


def test_the_shipped_settings_make_a_gpt_from_scratch():
    plan = load_relevance(conf_dir() / "models" / "relevance_gpt.yml")
    assert (plan.base, plan.scratch.family, plan.adapt.kind) == (SCRATCH, "gpt", "causal")
