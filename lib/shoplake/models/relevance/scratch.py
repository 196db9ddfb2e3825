"""A model without outside weights: word pieces learnt from the texts at hand, random weights."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from shoplake.errors import ModelError
from shoplake.models.base import Base
from shoplake.models.relevance.settings import SCRATCH, RelevanceConfig
from shoplake.models.search.text import words

_SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
_END = "<|endoftext|>"
_POSITIONS = 64


def scratch_base(texts: Sequence[str], config: RelevanceConfig) -> Base:
    """A tokenizer learnt from texts, and a small BERT or GPT that has read nothing.

    Args:
        texts: titles, queries, reviews.
        config: `scratch`, `max_tokens` and `seed` are used.

    Raises:
        ModelError: there is no text.
    """
    if not any(text.strip() for text in texts):
        raise ModelError("no text to learn a tokenizer from", remedy="give titles or queries")
    make = _gpt if config.scratch.family == "gpt" else _bert
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        return make(texts, config)


def _bert(texts: Sequence[str], config: RelevanceConfig) -> Base:
    """WordPiece (Schuster & Nakajima 2012); Chinese characters are pieces of their own."""
    from tokenizers import BertWordPieceTokenizer
    from transformers import BertConfig, BertModel, BertTokenizer

    sizes = config.scratch
    learner = BertWordPieceTokenizer(lowercase=True)
    learner.train_from_iterator(
        list(texts),
        vocab_size=sizes.vocabulary,
        min_frequency=2,
        special_tokens=_SPECIAL,
        show_progress=False,
    )
    shape = BertConfig(
        vocab_size=learner.get_vocab_size(),
        hidden_size=sizes.width,
        num_hidden_layers=sizes.layers,
        num_attention_heads=sizes.heads,
        intermediate_size=4 * sizes.width,
        max_position_embeddings=max(_POSITIONS, config.max_tokens),
    )
    return Base(BertModel(shape), BertTokenizer(vocab=learner.get_vocab()), SCRATCH)


def _gpt(texts: Sequence[str], config: RelevanceConfig) -> Base:
    """Byte-level BPE (Radford et al. 2019): any text has tokens, often seen Chinese words have one.

    It is learnt of texts as the ranker will read them: units and numbers written one way.
    """
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import GPT2Config, GPT2Model, PreTrainedTokenizerFast

    sizes = config.scratch
    learner = Tokenizer(models.BPE())
    learner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    learner.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=sizes.vocabulary,
        min_frequency=2,
        special_tokens=[_END],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    learner.train_from_iterator([" ".join(words(text)) for text in texts], trainer)
    end = learner.token_to_id(_END)
    shape = GPT2Config(
        vocab_size=learner.get_vocab_size(),
        n_embd=sizes.width,
        n_layer=sizes.layers,
        n_head=sizes.heads,
        n_positions=max(_POSITIONS, config.max_tokens),
        bos_token_id=end,
        eos_token_id=end,
    )
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=learner, bos_token=_END, eos_token=_END, unk_token=_END
    )
    return Base(GPT2Model(shape), tokenizer, SCRATCH)
