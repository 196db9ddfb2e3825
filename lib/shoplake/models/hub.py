"""Any Hugging Face image-text or causal model as the writer, by a local folder or a hub id.

Three forms: a causal model reads the prompt; an image-text model the picture and the prompt; a
captioner (vision-encoder-decoder, such as ViT-GPT2) the picture alone.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from shoplake.errors import ModelError

Pixels = NDArray[np.uint8]
_CAPTIONER = "vision-encoder-decoder"
#: Up to the end of the last sentence.
_SENTENCES = re.compile(r".*[.!?。！？][\"'”’»)）]*(?=\s|$)|.*[。！？]", re.DOTALL)


class HubWriter:
    """Writes from a prompt, and from the picture where the model takes one.

    What it writes is checked like every other text; nothing of it is trusted.
    """

    def __init__(self, name: str, *, tokens: int, setting: str) -> None:
        """Load a model.

        Args:
            name: a folder as Hugging Face lays it out, or a hub id.
            tokens: most tokens of a text.
            setting: where the name was said, for what is told of errors.

        Raises:
            ModelError: there is no such model, or it is of neither kind.
        """
        from transformers import (
            AutoConfig,
            AutoImageProcessor,
            AutoModelForCausalLM,
            AutoModelForImageTextToText,
            AutoProcessor,
            AutoTokenizer,
        )

        self.name, self._tokens, self._setting = name, tokens, setting
        try:
            config = AutoConfig.from_pretrained(name)
            self.sees = type(config) in AutoModelForImageTextToText._model_mapping
            self.reads = config.model_type != _CAPTIONER
            kind = AutoModelForImageTextToText if self.sees else AutoModelForCausalLM
            self._processor: Any = None
            if not self.reads:
                self._processor = AutoImageProcessor.from_pretrained(name)
            elif self.sees:
                self._processor = AutoProcessor.from_pretrained(name)
            self._tokenizer: Any = getattr(self._processor, "tokenizer", None)
            if self._tokenizer is None:
                self._tokenizer = AutoTokenizer.from_pretrained(name)
            self._model: Any = kind.from_pretrained(name)
        except (OSError, ValueError, KeyError) as error:
            raise ModelError(
                f"no image-text or causal model '{name}'",
                where=str(error).strip().splitlines()[0],
                remedy=f"set {setting} to a folder with the model and its tokenizer or processor",
            ) from None
        self._model.eval()
        settings = self._model.generation_config
        if settings.pad_token_id is None:
            pads = (self._tokenizer.pad_token_id, self._tokenizer.eos_token_id, 0)
            settings.pad_token_id = next(token for token in pads if token is not None)
        self.version = f"hub {name if not Path(name).is_dir() else Path(name).name}"
        self.version += f" {_weights(self._model)[:12]}"

    def write(self, prompts: Sequence[str], pictures: Sequence[Pixels | None]) -> list[str]:
        """A text for each prompt, the likeliest one, up to the end of its last sentence.

        Args:
            prompts: what is asked; where the model has no room for one, "" comes back.
            pictures: of the same products; a model that needs one is not asked where it is None,
                and "" comes back.

        Raises:
            ModelError: the model does not take what it is given.
        """
        pairs = zip(prompts, pictures, strict=True)
        with torch.inference_mode():
            return [self._one(prompt, picture) for prompt, picture in pairs]

    def _one(self, prompt: str, picture: Pixels | None) -> str:
        if self.sees and picture is None:
            return ""
        try:
            given = self._given(prompt, picture)
            asked = given["input_ids"][0].tolist() if "input_ids" in given else []
            if asked and not self._model.config.is_encoder_decoder:
                room = _room(self._model.config)
                if room is not None and len(asked) + self._tokens > room:
                    return ""
            made = self._model.generate(**given, max_new_tokens=self._tokens, do_sample=False)
        except (RuntimeError, ValueError, TypeError, LookupError, AttributeError) as error:
            raise ModelError(
                f"the model '{self.name}' writes nothing: {type(error).__name__}",
                where=(str(error).strip().splitlines() or [""])[0][:300],
                remedy=f"set {self._setting} to another model, or to none",
            ) from None
        new = _without(asked, made[0].tolist())
        text = self._tokenizer.decode(new, skip_special_tokens=True).strip()
        whole = _SENTENCES.match(text)
        return whole[0].strip() if whole else ""

    def _given(self, prompt: str, picture: Pixels | None) -> Any:
        """What the model is called with."""
        seen = None if picture is None else Image.fromarray(picture)
        if not self.sees:
            given = self._tokenizer(self._asked(prompt), return_tensors="pt")
        elif self.reads:
            given = self._processor(images=seen, text=self._asked(prompt), return_tensors="pt")
        else:
            given = self._processor(images=seen, return_tensors="pt")
        given.pop("token_type_ids", None)
        return given

    def _asked(self, prompt: str) -> str:
        """The prompt in the model's own chat form, if it has one."""
        speaker = self._processor if self.sees else self._tokenizer
        if not getattr(speaker, "chat_template", None):
            return prompt
        content: Any = prompt
        if self.sees:
            content = [{"type": "image"}, {"type": "text", "text": prompt}]
        messages = [{"role": "user", "content": content}]
        return str(
            speaker.apply_chat_template(messages, add_generation_prompt=True, tokenize=False)
        )


def _room(config: Any) -> int | None:
    """Tokens that a model has positions for, prompt and answer; None: it does not say."""
    text = config.get_text_config(decoder=True)
    found = (getattr(text, name, None) for name in ("max_position_embeddings", "n_positions"))
    return next((room for room in found if room), None)


def _without(prompt: list[int], made: list[int]) -> list[int]:
    """The tokens after the prompt, which some models repeat, others not.

    BLIP repeats it with a start token of its own, and without its last one.
    """
    for given in (prompt, prompt[:-1]):
        if len(given) > 1 and made[1 : len(given)] == given[1:]:
            return made[len(given) :]
    return made


def _weights(model: Any) -> str:
    """SHA-256 of a model's weights."""
    digest = hashlib.sha256()
    for name, value in sorted(model.state_dict().items()):
        digest.update(name.encode())
        digest.update(value.detach().float().contiguous().numpy().tobytes())
    return digest.hexdigest()
