"""What is learnt of texts without labels: a masked token, the next token, or a text's own twin."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from shoplake.errors import ModelError
from shoplake.models.base import Base
from shoplake.models.relevance.reading import Reader, is_gpt
from shoplake.models.relevance.settings import RelevanceConfig
from shoplake.models.search.encoder import TextEncoder, padded


class Pretext(Protocol):
    """A loss that needs no labels.

    Attributes:
        model: what learns; the base model is part of it.
    """

    model: nn.Module

    def tokens(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of texts."""

    def loss(self, tokens: list[list[int]], device: torch.device) -> Tensor | None:
        """Mean loss of a batch; None where there is nothing to learn from."""


def pretext(base: Base, config: RelevanceConfig) -> Pretext:
    """The one that `adapt: kind` names.

    Raises:
        ModelError: the base model cannot learn that way.
    """
    check_pretext(base, config)
    kinds: dict[str, Callable[[Base, RelevanceConfig], Pretext]]
    kinds = {"mlm": Masked, "causal": Causal, "simcse": Twins}
    return kinds[config.adapt.kind](base, config)


def check_pretext(base: Base, config: RelevanceConfig) -> None:
    """Refuse what a base model cannot learn.

    Raises:
        ModelError: masked tokens for a GPT, next tokens for a BERT, or a GPT whose output layer
            does not share the weights of its embeddings (the base model is loaded without it).
    """
    kind, gpt = config.adapt.kind, is_gpt(base.encoder)
    if (kind == "mlm" and gpt) or (kind == "causal" and not gpt):
        raise ModelError(
            f"a {'GPT' if gpt else 'BERT'} cannot be adapted by {kind}",
            where=base.source,
            remedy=f"set adapt: kind to {'causal' if gpt else 'mlm'} or simcse",
        )
    shape: Any = base.encoder.config
    if kind == "causal" and not shape.tie_word_embeddings:
        raise ModelError(
            "causal adaptation needs an output layer that is the embeddings' transpose",
            where=f"{base.source}: tie_word_embeddings is false",
            remedy="set adapt: kind to simcse, or its steps to 0",
        )


class Masked:
    """Tokens that were hidden (Devlin et al., "BERT", 2019, section 3.1).

    Of the tokens chosen, 80% are masked, 10% replaced at random, 10% left.
    """

    def __init__(self, base: Base, config: RelevanceConfig) -> None:
        from transformers import BertForMaskedLM

        encoder: Any = base.encoder
        model: Any = BertForMaskedLM(encoder.config)
        model.bert.embeddings = encoder.embeddings
        model.bert.encoder = encoder.encoder
        model.cls.predictions.decoder.weight = encoder.embeddings.word_embeddings.weight
        self.model: nn.Module = model
        self._base, self._config = base, config

    def tokens(self, texts: Sequence[str]) -> list[list[int]]:
        """With [CLS] and [SEP]."""
        return TextEncoder(self._base, max_tokens=self._config.max_tokens).tokens(texts)

    def loss(self, tokens: list[list[int]], device: torch.device) -> Tensor | None:
        """Cross-entropy of the chosen tokens."""
        tokenizer = self._base.tokenizer
        ids, kept = padded(tokens)
        inner = kept.bool() & (ids != tokenizer.cls_token_id)
        inner &= ids != tokenizer.sep_token_id
        chosen = inner & (torch.rand(ids.shape) < self._config.adapt.masked)
        way = torch.rand(ids.shape)
        seen = torch.where(chosen & (way < 0.8), tokenizer.mask_token_id, ids)
        shape: Any = self._base.encoder.config
        other = torch.randint(5, int(shape.vocab_size), ids.shape)
        seen = torch.where(chosen & (way >= 0.8) & (way < 0.9), other, seen)
        if not chosen.any():
            return None
        wanted = torch.where(chosen, ids, -100)
        given = {"input_ids": seen, "attention_mask": kept, "labels": wanted}
        return self.model(**{name: values.to(device) for name, values in given.items()}).loss


class Causal:
    """The next token (Radford et al., "Improving language understanding", 2018), end mark too."""

    def __init__(self, base: Base, config: RelevanceConfig) -> None:
        from transformers import AutoModelForCausalLM

        encoder: Any = base.encoder
        model: Any = AutoModelForCausalLM.from_config(encoder.config)
        setattr(model, model.base_model_prefix, encoder)
        model.get_output_embeddings().weight = encoder.get_input_embeddings().weight
        self.model: nn.Module = model
        self._reader = Reader(base, config.max_tokens)

    def tokens(self, texts: Sequence[str]) -> list[list[int]]:
        """With the end mark."""
        return self._reader.tokens(texts)

    def loss(self, tokens: list[list[int]], device: torch.device) -> Tensor | None:
        """Cross-entropy of every token but the first."""
        if max(len(ids) for ids in tokens) < 2:
            return None
        ids, kept = padded(tokens)
        given = {
            "input_ids": ids,
            "attention_mask": kept,
            "labels": ids.masked_fill(kept == 0, -100),
        }
        on_device = {name: values.to(device) for name, values in given.items()}
        return self.model(**on_device, use_cache=False).loss


class Twins:
    """The same text read twice through dropout, found among the batch's others.

    SimCSE without labels (Gao et al., EMNLP 2021): dropout is the only noise to see through.
    """

    def __init__(self, base: Base, config: RelevanceConfig) -> None:
        self.model: nn.Module = base.encoder
        self._reader = Reader(base, config.max_tokens)
        self._temperature = config.temperature

    def tokens(self, texts: Sequence[str]) -> list[list[int]]:
        """As the ranker reads them."""
        return self._reader.tokens(texts)

    def loss(self, tokens: list[list[int]], device: torch.device) -> Tensor | None:
        """Cross-entropy of each text's twin by cosines over the temperature."""
        if len(tokens) < 2:
            return None
        one, other = (
            nn.functional.normalize(self._reader.pooled(self.model, tokens).float(), dim=-1)
            for _ in range(2)
        )
        logits = one @ other.T / self._temperature
        return nn.functional.cross_entropy(logits, torch.arange(len(tokens), device=device))
