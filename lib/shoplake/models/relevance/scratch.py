"""A BERT without outside weights: word pieces learnt from the texts at hand, random weights."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from shoplake.errors import ModelError
from shoplake.models.base import Base
from shoplake.models.relevance.settings import SCRATCH, RelevanceConfig

_SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def scratch_base(texts: Sequence[str], config: RelevanceConfig) -> Base:
    """A tokenizer of WordPiece (Schuster & Nakajima 2012) and a BERT that has read nothing.

    Chinese characters are pieces of their own, as in BERT's tokenizer.

    Args:
        texts: titles, queries, reviews.
        config: `scratch`, `max_tokens` and `seed` are used.

    Raises:
        ModelError: there is no text.
    """
    from tokenizers import BertWordPieceTokenizer
    from transformers import BertConfig, BertModel, BertTokenizer

    if not any(text.strip() for text in texts):
        raise ModelError("no text to learn a tokenizer from", remedy="give titles or queries")
    learner = BertWordPieceTokenizer(lowercase=True)
    learner.train_from_iterator(
        list(texts),
        vocab_size=config.scratch.vocabulary,
        min_frequency=2,
        special_tokens=_SPECIAL,
        show_progress=False,
    )
    sizes = config.scratch
    shape = BertConfig(
        vocab_size=learner.get_vocab_size(),
        hidden_size=sizes.width,
        num_hidden_layers=sizes.layers,
        num_attention_heads=sizes.heads,
        intermediate_size=4 * sizes.width,
        max_position_embeddings=max(64, config.max_tokens),
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        encoder = BertModel(shape)
    return Base(encoder, BertTokenizer(vocab=learner.get_vocab()), SCRATCH)
