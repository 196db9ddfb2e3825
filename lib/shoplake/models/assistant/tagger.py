"""BERT fine-tuned to mark what a message names: products, and numbers of orders.

A tag a word, of its first word piece: begins a mention, goes on with it, or neither (BIO tags;
Devlin et al. 2019, section 5.3).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

from shoplake.errors import ModelError
from shoplake.models.assistant.finetune import fine_tune
from shoplake.models.assistant.mentions import (
    KINDS,
    SHAPES,
    Marked,
    Mention,
    Mentions,
    fillers,
    marked,
    random_names,
    slotted,
)
from shoplake.models.assistant.settings import AssistantConfig
from shoplake.models.search.encoder import TextEncoder, budgeted, padded

#: Neither, then "begins" and "goes on" of each kind.
TAGS = ("O", *(f"{part}-{kind}" for kind in KINDS for part in "BI"))
_WORD = re.compile(r"\S+")
#: What surrounds a name without being of it.
_EDGES = ".,;:!?()[]\"'“”‘’"
#: Tag of word pieces that are not judged.
_SKIPPED = -100
#: So often each template is filled: with other names, numbers and asides each time.
_FILLED = 6


class Tagger:
    """Marks mentions; made by `fit_tagger`."""

    def __init__(self, encoder: TextEncoder, head: nn.Linear) -> None:
        self._encoder, self._head = encoder, head

    def mentions(self, texts: Sequence[str]) -> list[tuple[Mention, ...]]:
        """What each text names [n], in order; past `max_tokens` nothing is read."""
        found: list[tuple[Mention, ...]] = [()] * len(texts)
        if not found:
            return found
        read = _Pieces(self._encoder, texts)
        self._encoder.base.encoder.eval()
        with torch.inference_mode():
            for batch in budgeted([len(ids) for ids in read.ids], 4096):
                logits = self._logits([read.ids[i] for i in batch])
                for row, i in enumerate(batch):
                    tags = logits[row, read.first[i]].argmax(dim=-1).tolist()
                    found[i] = _joined(texts[i], read.words[i], tags)
        return found

    def _logits(self, ids: Sequence[Sequence[int]]) -> torch.Tensor:
        return _logits(self._encoder, self._head, ids)


class _Pieces:
    """Word pieces of texts.

    Attributes:
        ids: [n][pieces].
        words: [n][words] (start, stop) of the words read.
        first: [n][words] the first piece of each word.
    """

    def __init__(self, encoder: TextEncoder, texts: Sequence[str]) -> None:
        tokenizer = encoder.base.tokenizer
        if not getattr(tokenizer, "is_fast", False):
            raise ModelError(
                f"the tokenizer of '{encoder.name}' does not say where word pieces stand",
                remedy="use a base model with a fast tokenizer, or `entities: rules`",
            )
        self.ids: list[list[int]] = []
        self.words: list[list[tuple[int, int]]] = []
        self.first: list[list[int]] = []
        read = tokenizer(
            list(texts), truncation=True, max_length=encoder.max_tokens,
            return_offsets_mapping=True, return_attention_mask=False, return_token_type_ids=False,
        )  # fmt: skip
        for text, ids, offsets in zip(
            texts, read["input_ids"], read["offset_mapping"], strict=True
        ):
            starts = {
                start: i for i, (start, stop) in reversed([*enumerate(offsets)]) if stop > start
            }
            words = [m.span() for m in _WORD.finditer(text) if m.start() in starts]
            self.ids.append(list(ids))
            self.words.append(words)
            self.first.append([starts[start] for start, _ in words])


def _logits(encoder: TextEncoder, head: nn.Linear, ids: Sequence[Sequence[int]]) -> torch.Tensor:
    """[texts, pieces, tags]."""
    padded_ids, mask = padded(ids)
    hidden = encoder.base.encoder(input_ids=padded_ids, attention_mask=mask).last_hidden_state
    return torch.as_tensor(head(hidden.float()))


def fit_tagger(examples: Sequence[Marked], config: AssistantConfig) -> Tagger:
    """Fine-tune the base's last layers and a head over word pieces by cross-entropy.

    Args:
        examples: marked messages [n].
        config: `base`, `max_tokens`, `finetune` and `seed` are used.

    Raises:
        ModelError: there is no base model, or its tokenizer is not a fast one.
    """
    encoder = TextEncoder.load(config.base, max_tokens=config.max_tokens)
    torch.manual_seed(config.seed)
    head = nn.Linear(encoder.base.width, len(TAGS))
    read = _Pieces(encoder, [example.text for example in examples])
    target = [
        _targets(example, words, first, len(ids))
        for example, words, first, ids in zip(
            examples, read.words, read.first, read.ids, strict=True
        )
    ]

    def loss(rows: Sequence[int]) -> torch.Tensor:
        logits = _logits(encoder, head, [read.ids[i] for i in rows])
        wanted = torch.full(logits.shape[:2], _SKIPPED)
        for row, i in enumerate(rows):
            wanted[row, : len(target[i])] = torch.tensor(target[i])
        return nn.functional.cross_entropy(
            logits.flatten(0, 1), wanted.flatten(), ignore_index=_SKIPPED
        )

    fine_tune(encoder, head, len(examples), loss, config)
    return Tagger(encoder, head)


def examples(
    mentions: Mentions, utterances: Sequence[str], encoder: TextEncoder, seed: int
) -> list[Marked]:
    """Marked messages to learn from.

    Args:
        mentions: templates and asides.
        utterances: of the customer_service layout, whose orders and items are made slots.
        encoder: product names are drawn from the words that its tokenizer has whole.
        seed: of the draws.
    """
    random = np.random.default_rng(seed)
    said = [slot for text in utterances if (slot := slotted(text)) is not None]
    templates = [t for lines in mentions.templates.values() for t in lines]
    # Templates written for this are few beside utterances, and tell of more places a name stands.
    templates = templates * max(1, len(said) // max(1, len(templates)))
    words = sorted(word for word in encoder.ordinary_words() if len(word) > 2) or ["thing"]
    fill = fillers(random_names(words), SHAPES)
    # Utterances without a slot show what names nothing.
    plain = [Marked(text, ()) for text in utterances if slotted(text) is None and "{" not in text]
    filled = [
        m
        for _ in range(_FILLED)
        for m in marked([*said, *templates], mentions.asides, fill, random)
    ]
    return [*filled, *plain]


def _targets(
    example: Marked, words: Sequence[tuple[int, int]], first: Sequence[int], size: int
) -> list[int]:
    """The tag of each piece [size]; `_SKIPPED` but for the first of a word."""
    tags = [_SKIPPED] * size
    for (start, stop), piece in zip(words, first, strict=True):
        of = next((m for m in example.mentions if start < m.stop and m.start < stop), None)
        if of is None:
            tags[piece] = 0
            continue
        begins = start <= of.start
        tags[piece] = TAGS.index(f"{'B' if begins else 'I'}-{of.kind}")
    return tags


def _joined(
    text: str, words: Sequence[tuple[int, int]], tags: Sequence[int]
) -> tuple[Mention, ...]:
    """Mentions of tagged words; one that goes on without having begun begins."""
    runs: list[tuple[str, int, int]] = []
    going = ""
    for (start, stop), tag in zip(words, tags, strict=True):
        part, _, kind = TAGS[tag].partition("-")
        if part == "I" and kind == going:
            runs[-1] = (kind, runs[-1][1], stop)
        elif kind:
            runs.append((kind, start, stop))
        going = kind
    return tuple(m for kind, start, stop in runs if (m := _bare(text, start, stop, kind)))


def _bare(text: str, start: int, stop: int, kind: str) -> Mention | None:
    """Without the punctuation around it; None where nothing is left."""
    said = text[start:stop]
    start += len(said) - len(said.lstrip(_EDGES))
    stop -= len(said) - len(said.rstrip(_EDGES))
    return Mention(start, stop, kind) if start < stop else None
