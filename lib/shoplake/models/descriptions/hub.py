"""Any Hugging Face image-text or causal model as the writer, by a local folder or a hub id."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from PIL import Image

from shoplake.errors import ModelError
from shoplake.models.descriptions.pixels import Pixels
from shoplake.models.descriptions.settings import DescriptionConfig

_NEW_TOKENS = 96


class HubWriter:
    """Writes from a prompt, and from the picture where the model takes one.

    What it writes is checked like every other text; nothing of it is trusted.
    """

    def __init__(self, name: str) -> None:
        """Load a model.

        Args:
            name: a folder as Hugging Face lays it out, or a hub id.

        Raises:
            ModelError: there is no such model, or it is of neither kind.
        """
        from transformers import (
            AutoConfig,
            AutoModelForCausalLM,
            AutoModelForImageTextToText,
            AutoProcessor,
            AutoTokenizer,
        )

        try:
            config = AutoConfig.from_pretrained(name)
            self.sees = type(config) in AutoModelForImageTextToText._model_mapping
            if self.sees:
                self._processor: Any = AutoProcessor.from_pretrained(name)
                self._model: Any = AutoModelForImageTextToText.from_pretrained(name)
                self._tokenizer: Any = getattr(self._processor, "tokenizer", self._processor)
            else:
                self._tokenizer = AutoTokenizer.from_pretrained(name)
                self._model = AutoModelForCausalLM.from_pretrained(name)
        except (OSError, ValueError, KeyError) as error:
            raise ModelError(
                f"no image-text or causal model '{name}'",
                where=str(error).strip().splitlines()[0],
                remedy="set `hub` in conf/models/descriptions.yml to a folder with the model and "
                "its tokenizer or processor, or to '' for the embedded writer",
            ) from None
        self._model.eval()
        self.version = f"hub {name if not Path(name).is_dir() else Path(name).name}"
        self.version += f" {_weights(self._model)[:12]}"

    def write(self, prompts: Sequence[str], pictures: Sequence[Pixels | None]) -> list[str]:
        """A text for each prompt, the likeliest one.

        Args:
            prompts: what is asked.
            pictures: of the same products; a model that needs one is not asked where it is None,
                and "" comes back.
        """
        pairs = zip(prompts, pictures, strict=True)
        with torch.inference_mode():
            return [self._one(prompt, picture) for prompt, picture in pairs]

    def _one(self, prompt: str, picture: Pixels | None) -> str:
        if self.sees:
            if picture is None:
                return ""
            given = self._processor(
                images=Image.fromarray(picture), text=self._asked(prompt), return_tensors="pt"
            )
        else:
            given = self._tokenizer(self._asked(prompt), return_tensors="pt")
        given.pop("token_type_ids", None)
        made = self._model.generate(
            **given,
            max_new_tokens=_NEW_TOKENS,
            do_sample=False,
            pad_token_id=self._tokenizer.pad_token_id or self._tokenizer.eos_token_id or 0,
        )[0]
        start = given["input_ids"].shape[1]
        if self._model.config.is_encoder_decoder:
            start = 0
        return str(self._tokenizer.decode(made[start:], skip_special_tokens=True)).strip()

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


def hub_writer(config: DescriptionConfig) -> HubWriter | None:
    """The model that the settings name; None where they name none.

    Raises:
        ModelError: it cannot be loaded.
    """
    return HubWriter(config.hub) if config.hub else None


def _weights(model: Any) -> str:
    """SHA-256 of a model's weights."""
    digest = hashlib.sha256()
    for name, value in sorted(model.state_dict().items()):
        digest.update(name.encode())
        digest.update(value.detach().float().contiguous().numpy().tobytes())
    return digest.hexdigest()
