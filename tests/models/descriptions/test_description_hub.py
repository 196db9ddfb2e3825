"""Hugging Face models of a folder as writers: each kind learns one sentence, and writes it."""

import dataclasses

import numpy as np
import pytest
import torch
from PIL import Image

from shoplake.errors import ModelError, SettingsError
from shoplake.models.descriptions.describe import Describer
from shoplake.models.descriptions.facts import Product
from shoplake.models.hub import HubWriter
from taught import gpt2_config, taught, words_of

pytestmark = pytest.mark.slow

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "mug", "teal", "the", "best", ".", "of"]
SENTENCE = "a teal mug."


@pytest.fixture(scope="module")
def tokenizer():
    return words_of(WORDS)


def writer_of(folder):
    return HubWriter(folder, tokens=24, setting="hub")


def picture(value):
    return np.asarray(Image.new("RGB", (40, 40), (value, 255 - value, 90)))


@pytest.fixture(scope="module")
def causal(tmp_path_factory, tokenizer):
    from transformers import GPT2LMHeadModel

    torch.manual_seed(0)
    model = GPT2LMHeadModel(gpt2_config(len(WORDS)))
    return taught(model, tokenizer, tmp_path_factory.mktemp("causal"), "the best mug [SEP]")


@pytest.fixture(scope="module")
def images():
    from transformers import CLIPImageProcessor

    return CLIPImageProcessor(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32})


@pytest.fixture(scope="module")
def git(tmp_path_factory, tokenizer, images):
    """GIT: one decoder over picture and text."""
    from transformers import GitConfig, GitForCausalLM, GitProcessor, GitVisionConfig

    torch.manual_seed(0)
    vision = GitVisionConfig(
        hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2,
        image_size=32, patch_size=16,
    )  # fmt: skip
    config = GitConfig(
        vision_config=vision.to_dict(), vocab_size=len(WORDS), hidden_size=16, num_hidden_layers=1,
        num_attention_heads=2, intermediate_size=16, max_position_embeddings=128,
        bos_token_id=2, eos_token_id=3, pad_token_id=0,
    )  # fmt: skip
    folder = tmp_path_factory.mktemp("git")
    pixels = images(picture(0), return_tensors="pt")["pixel_values"]
    taught(GitForCausalLM(config), tokenizer, folder, "the best mug [SEP]", pixels=pixels)
    GitProcessor(images, tokenizer).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def blip(tmp_path_factory, tokenizer):
    """BLIP: a text decoder that looks at the picture, and drops the prompt's last token."""
    from transformers import (
        BlipConfig,
        BlipForConditionalGeneration,
        BlipImageProcessor,
        BlipProcessor,
        BlipTextConfig,
        BlipVisionConfig,
    )

    torch.manual_seed(0)
    small = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1}
    small["num_attention_heads"] = 2
    text = BlipTextConfig(
        vocab_size=len(WORDS), encoder_hidden_size=16, max_position_embeddings=128,
        bos_token_id=2, eos_token_id=3, sep_token_id=3, pad_token_id=0, **small,
    )  # fmt: skip
    vision = BlipVisionConfig(image_size=32, patch_size=16, **small)
    config = BlipConfig(text_config=text.to_dict(), vision_config=vision.to_dict())
    processor = BlipProcessor(BlipImageProcessor(size={"height": 32, "width": 32}), tokenizer)
    pixels = processor.image_processor(picture(0), return_tensors="pt")["pixel_values"]
    folder = tmp_path_factory.mktemp("blip")
    model = BlipForConditionalGeneration(config)
    taught(model, tokenizer, folder, "the best mug", pixels=pixels)
    processor.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def captioner(tmp_path_factory, tokenizer):
    """ViT-GPT2: a captioner, which takes a picture and no prompt."""
    from transformers import (
        GPT2LMHeadModel,
        VisionEncoderDecoderModel,
        ViTConfig,
        ViTImageProcessor,
        ViTModel,
    )

    torch.manual_seed(0)
    encoder = ViTModel(
        ViTConfig(
            hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2,
            image_size=32, patch_size=16,
        ),
        add_pooling_layer=False,
    )  # fmt: skip
    decoder = GPT2LMHeadModel(gpt2_config(len(WORDS), add_cross_attention=True, is_decoder=True))
    model = VisionEncoderDecoderModel(encoder=encoder, decoder=decoder)
    for config in (model.config, model.generation_config):
        config.decoder_start_token_id, config.pad_token_id, config.eos_token_id = 2, 0, 3
    images = ViTImageProcessor(size={"height": 32, "width": 32})
    folder = tmp_path_factory.mktemp("captioner")
    pixels = images(picture(0), return_tensors="pt")["pixel_values"]
    taught(model, tokenizer, folder, pixels=pixels)
    images.save_pretrained(folder)
    return folder


def test_a_causal_model_answers_its_prompt(causal):
    writer = writer_of(str(causal))
    assert not writer.sees
    assert writer.write(["the best mug"], [None]) == [SENTENCE]
    assert writer_of(str(causal)).version == writer.version


@pytest.mark.parametrize("kind", ["git", "blip", "captioner"])
def test_what_sees_says_what_it_learnt_and_nothing_without_a_picture(kind, request):
    writer = writer_of(str(request.getfixturevalue(kind)))
    assert writer.sees
    assert writer.write(["the best mug"] * 2, [picture(0), None]) == [SENTENCE, ""]


def test_a_prompt_that_leaves_no_room_is_not_asked(causal):
    writer = writer_of(str(causal))
    assert writer.write(["mug " * 120, "the best mug"], [None, None]) == ["", SENTENCE]


def test_a_text_that_breaks_off_ends_with_its_last_sentence(tmp_path, tokenizer):
    from transformers import GPT2LMHeadModel

    torch.manual_seed(0)
    broken = taught(
        GPT2LMHeadModel(gpt2_config(len(WORDS))), tokenizer, tmp_path, "mug [SEP]",
        says="a teal mug. a mug of the",
    )  # fmt: skip
    assert writer_of(str(broken)).write(["mug"], [None]) == [SENTENCE]


def test_a_text_without_the_end_of_a_sentence_is_none(tmp_path, tokenizer):
    from transformers import GPT2LMHeadModel

    torch.manual_seed(0)
    model = GPT2LMHeadModel(gpt2_config(len(WORDS)))
    endless = taught(model, tokenizer, tmp_path, "mug [SEP]", says="a teal mug of the")
    assert writer_of(str(endless)).write(["mug"], [None]) == [""]


def test_a_model_that_cannot_be_called_is_an_error_for_the_reader(causal, monkeypatch):
    writer = writer_of(str(causal))
    monkeypatch.setattr(writer._model, "generate", lambda **given: given["pixel_values"])
    with pytest.raises(ModelError, match="writes nothing: KeyError"):
        writer.write(["the best mug"], [None])


class Says:
    """A writer of one text."""

    version = "hub test"

    def __init__(self, text):
        self.text, self.prompts = text, []

    def write(self, prompts, pictures):
        self.prompts += prompts
        return [self.text] * len(prompts)


MUG = Product("s:1", "Teal Mug", "Kitchen", "", "", {"colour": "teal", "material": "stone"})


def test_what_says_less_than_half_of_what_is_known_is_not_used(quick):
    (found,) = Describer(quick, [MUG], {}, Says("A mug.")).describe([MUG], {}, {})
    assert (found.writer, found.held) == ("template", ())
    assert found.refusals == ("hub: says too little",)


def test_what_says_most_is_used(quick):
    text = "A teal mug made of stone."
    (found,) = Describer(quick, [MUG], {}, Says(text)).describe([MUG], {}, {})
    assert (found.writer, found.text, found.refusals) == ("hub", text, ())


def test_the_prompt_has_facts_language_tone_and_length(quick):
    wanted = {"hub_prompt": "{facts} {language} {tone} {length}", "tone": "warm", "length": "short"}
    writer = Says("")
    Describer(dataclasses.replace(quick, **wanted), [MUG], {}, writer).describe([MUG], {}, {})
    facts = "- kind: mug\n- colour: teal\n- material: stone\n- category: Kitchen"
    assert writer.prompts == [f"{facts} English warm one sentence"]


def test_a_folder_without_a_model_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(ModelError, match="no image-text or causal model"):
        writer_of(str(tmp_path))


@pytest.mark.parametrize(
    ("prompt", "says"), [("{language}", "no facts"), ("{facts} {mood}", "filled in: 'mood'")]
)
def test_a_prompt_that_cannot_work_is_refused(quick, prompt, says):
    with pytest.raises(SettingsError, match=says):
        dataclasses.replace(quick, hub="a model", hub_prompt=prompt)
