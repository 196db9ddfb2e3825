"""Hugging Face models of a folder as writers: one that reads text, one that sees as well."""

import dataclasses

import numpy as np
import pytest
import torch
from PIL import Image

from shoplake.errors import ModelError
from shoplake.models.descriptions.describe import Describer
from shoplake.models.descriptions.facts import Product
from shoplake.models.descriptions.hub import HubWriter, hub_writer

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "mug", "teal", "the", "best"]


@pytest.fixture(scope="module")
def tokenizer():
    from transformers import BertTokenizer

    return BertTokenizer(vocab={word: i for i, word in enumerate(WORDS)})


@pytest.fixture(scope="module")
def causal(tmp_path_factory, tokenizer):
    """A GPT-2 with random weights in a folder."""
    from transformers import GPT2Config, GPT2LMHeadModel

    folder = tmp_path_factory.mktemp("causal")
    torch.manual_seed(0)
    config = GPT2Config(vocab_size=len(WORDS), n_embd=16, n_layer=1, n_head=2, n_positions=256)
    GPT2LMHeadModel(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def seeing(tmp_path_factory, tokenizer):
    """A GIT (image-text) model with random weights in a folder."""
    from transformers import (
        CLIPImageProcessor,
        GitConfig,
        GitForCausalLM,
        GitProcessor,
        GitVisionConfig,
    )

    folder = tmp_path_factory.mktemp("seeing")
    torch.manual_seed(0)
    vision = GitVisionConfig(
        hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2,
        image_size=32, patch_size=16,
    )  # fmt: skip
    config = GitConfig(
        vision_config=vision.to_dict(), vocab_size=len(WORDS), hidden_size=16, num_hidden_layers=1,
        num_attention_heads=2, intermediate_size=16, max_position_embeddings=256,
        bos_token_id=2, eos_token_id=3, pad_token_id=0,
    )  # fmt: skip
    GitForCausalLM(config).save_pretrained(folder)
    size = {"height": 32, "width": 32}
    images = CLIPImageProcessor(size={"shortest_edge": 32}, crop_size=size)
    GitProcessor(images, tokenizer).save_pretrained(folder)
    return folder


def picture(value):
    return np.asarray(Image.new("RGB", (40, 40), (value, 255 - value, 90)))


def test_a_causal_model_writes_from_the_prompt(causal):
    writer = HubWriter(str(causal))
    assert not writer.sees
    (text,) = writer.write(["a teal mug"], [None])
    assert set(text.split()) <= set(WORDS)
    assert HubWriter(str(causal)).version == writer.version


def test_an_image_text_model_is_given_the_picture_and_says_nothing_without(seeing):
    writer = HubWriter(str(seeing))
    assert writer.sees
    with_picture, without = writer.write(["a mug"] * 2, [picture(0), None])
    assert set(with_picture.split()) <= set(WORDS)
    assert without == ""


def test_what_a_random_model_writes_does_not_pass_unchecked(causal, quick):
    config = dataclasses.replace(quick, hub=str(causal), hub_prompt="Say {facts} in {language}")
    mug = Product("s:1", "Teal Mug", "Kitchen", "", "", {"colour": "teal"})
    (found,) = Describer(config, [mug], {}, hub_writer(config)).describe([mug], {}, {})
    assert found.writer == "template"
    assert found.refusals
    assert found.prompt.startswith("Say - kind: mug\n- colour: teal")


def test_a_folder_without_a_model_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(ModelError, match="no image-text or causal model"):
        HubWriter(str(tmp_path))
