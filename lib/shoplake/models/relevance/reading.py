"""How a base model reads a text: BERT both ways and by its mean, a GPT from left to right.

A GPT's token sees only those before it. So a text's vector is the state at an end mark put after
it (Neelakantan et al., "Text and code embeddings by contrastive pre-training", 2022).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from shoplake.errors import ModelError
from shoplake.models.base import BERT, GPT, Base, load_base
from shoplake.models.search.encoder import TextEncoder, padded
from shoplake.models.search.text import words

#: Model types that a ranker may be made of.
FAMILIES = (*BERT, *GPT)


def is_gpt(encoder: nn.Module) -> bool:
    """Whether a base model is a decoder that reads from left to right."""
    kind: Any = encoder.config
    return kind.model_type in GPT


def check_positions(base: Base, max_tokens: int) -> None:
    """Refuse texts that are longer than a base model can read.

    Raises:
        ModelError: the base model has fewer positions than `max_tokens`.
    """
    shape: Any = base.encoder.config
    most = getattr(shape, "max_position_embeddings", max_tokens)
    if max_tokens > most:
        raise ModelError(
            f"max_tokens is {max_tokens}, and the base model reads {most} tokens at most",
            where=base.source,
            remedy=f"set max_tokens to {most} or less",
        )


class Reader:
    """Texts to tokens and tokens to vectors, as a base model wants it.

    Args:
        base: the model; only its tokenizer and type are used.
        max_tokens: tokens read of a text, or of a pair.

    Raises:
        ModelError: a GPT's tokenizer has no end mark, or the model has fewer positions.
    """

    def __init__(self, base: Base, max_tokens: int) -> None:
        check_positions(base, max_tokens)
        self._tokenizer: Any = base.tokenizer
        self._most = max_tokens
        self.gpt = is_gpt(base.encoder)
        self._end = self._tokenizer.eos_token_id
        if self.gpt and self._end is None:
            raise ModelError(
                "the GPT's tokenizer has no end mark",
                where=base.source,
                remedy="set eos_token in its tokenizer_config.json",
            )

    def tokens(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of texts, units and numbers written one way, cut at `max_tokens`.

        BERT's are [CLS] text [SEP], a GPT's the text and its end mark.
        """
        if not len(texts):
            return []
        said = [" ".join(words(text)) for text in texts]
        if not self.gpt:
            found = self._tokenizer(said, truncation=True, max_length=self._most)
            return list(found["input_ids"])
        found = self._tokenizer(
            said, truncation=True, max_length=self._most - 1, add_special_tokens=False
        )
        return [[*ids, self._end] for ids in found["input_ids"]]

    def paired(self, query: Sequence[int], title: Sequence[int]) -> tuple[list[int], list[int]]:
        """Tokens of both, the title cut to fit, and where the title is.

        [CLS] query [SEP] title [SEP] for BERT; query, end mark, title, end mark for a GPT.
        """
        left = [*query[:-1][: self._most // 2], query[-1]]
        room = self._most - len(left)
        right = [*title[:-1][: room - 1], title[-1]] if self.gpt else list(title[1:][:room])
        return [*left, *right], [0] * len(left) + [1] * len(right)

    def pooled(
        self, encoder: nn.Module, tokens: Sequence[Sequence[int]], sides: Tensor | None = None
    ) -> Tensor:
        """A vector of each text [texts, width]: BERT's mean over tokens, a GPT's end mark.

        Args:
            encoder: the base model, with what a method added.
            tokens: of `tokens` or `paired`.
            sides: of pairs; a GPT has no use for them.
        """
        device = next(encoder.parameters()).device
        ids, mask = (part.to(device) for part in padded(tokens))
        if self.gpt:
            read = encoder(input_ids=ids, attention_mask=mask, use_cache=False)
            last = mask.sum(1) - 1
            return read.last_hidden_state[torch.arange(len(ids), device=device), last]
        more = {} if sides is None else {"token_type_ids": sides.to(device)}
        hidden = encoder(input_ids=ids, attention_mask=mask, **more).last_hidden_state
        weights = mask.unsqueeze(-1).to(hidden.dtype)
        return (hidden * weights).sum(1) / weights.sum(1)


class EndEncoder(TextEncoder):
    """A GPT that turns texts into unit vectors."""

    def __init__(self, base: Base, *, max_tokens: int) -> None:
        super().__init__(base, max_tokens=max_tokens)
        self._reader = Reader(base, max_tokens)

    def tokens(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of each text with its end mark."""
        return self._reader.tokens(texts)

    def forward(self, tokens: Sequence[Sequence[int]]) -> Tensor:
        """Unit vectors [texts, width] of one batch, with gradient if that is on."""
        pooled = self._reader.pooled(self.base.encoder, tokens)
        return nn.functional.normalize(pooled.float(), dim=-1)


def text_encoder(name: str, *, max_tokens: int) -> TextEncoder:
    """A base model as it is, BERT or GPT, as an encoder of texts.

    Raises:
        ModelError: there is no such base model.
    """
    base = load_base(name, FAMILIES)
    kind = EndEncoder if is_gpt(base.encoder) else TextEncoder
    return kind(base, max_tokens=max_tokens)
