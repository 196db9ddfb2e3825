"""Texts to unit vectors: mean-pooled BERT, read in batches of about equal length.

Texts are tokenised once, sorted by token count and cut into batches of a token budget, so that
hardly any padding is computed; on a CPU with AVX-512 BF16 the matrix products run in bfloat16.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from shoplake.models.base import Base, load_base
from shoplake.models.search.cache import cache_folder, content_key

Vectors = NDArray[np.float32]


class TextEncoder:
    """A base model that turns texts into unit vectors.

    Attributes:
        name: of the model, for the record; not where it lies on this machine.
    """

    def __init__(self, base: Base, *, max_tokens: int) -> None:
        self.base = base
        self.name = base.source
        self.max_tokens = max_tokens

    @classmethod
    def load(cls, name: str | Path, *, max_tokens: int) -> TextEncoder:
        """From what `load_base` takes: a local folder, the MiniLM package, a hub id, "tiny".

        Raises:
            ModelError: there is no such base model.
        """
        encoder = cls(load_base(str(name)), max_tokens=max_tokens)
        encoder.name = str(name)
        return encoder

    def ordinary_words(self) -> frozenset[str]:
        """Words that the tokenizer has whole: those common in what the base model read."""
        return frozenset(w for w in self.base.tokenizer.get_vocab() if w.isalpha())

    def tokens(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of each text, with [CLS] and [SEP], cut at `max_tokens`."""
        if not len(texts):
            return []
        found = self.base.tokenizer(
            list(texts),
            truncation=True,
            max_length=self.max_tokens,
            return_attention_mask=False,
            return_token_type_ids=False,
        )
        return list(found["input_ids"])

    def forward(self, tokens: Sequence[Sequence[int]]) -> torch.Tensor:
        """Unit vectors [texts, width] of one batch, with gradient if that is on."""
        ids, mask = padded(tokens)
        hidden = self.base.encoder(input_ids=ids, attention_mask=mask).last_hidden_state
        weights = mask.unsqueeze(-1).to(hidden.dtype)
        pooled = (hidden * weights).sum(1) / weights.sum(1)
        return torch.nn.functional.normalize(pooled.float(), dim=-1)

    def encode(
        self, texts: Sequence[str], *, token_budget: int = 4096, exact: bool = False
    ) -> Vectors:
        """Unit vectors [texts, width]; equal texts are read once.

        Args:
            texts: to read.
            token_budget: tokens a batch.
            exact: in float32, so that a vector does not depend on what is read beside it: bfloat16
                differs in the third digit.
        """
        distinct, inverse = np.unique(np.asarray(texts, dtype=object), return_inverse=True)
        tokens = self.tokens(list(distinct))
        vectors = np.zeros((len(tokens), self.base.width), dtype=np.float32)
        self.base.encoder.eval()
        with torch.inference_mode(), nullcontext() if exact else lean():
            for batch in budgeted([len(t) for t in tokens], token_budget):
                vectors[batch] = self.forward([tokens[i] for i in batch]).numpy()
        return np.asarray(vectors[inverse])

    def state(self) -> Mapping[str, torch.Tensor]:
        """Every weight that vectors depend on."""
        return self.base.encoder.state_dict()

    def encode_kept(self, texts: Sequence[str]) -> Vectors:
        """The same, kept in the cache folder under a hash of weights and texts."""
        weights = hashlib.sha256()
        for value in self.state().values():
            weights.update(value.contiguous().numpy().tobytes())
        key = content_key(weights.hexdigest(), self.max_tokens, list(texts))
        path = cache_folder() / "vectors" / f"{key}.npy"
        if path.exists():
            return np.asarray(np.load(path))
        vectors = self.encode(texts)
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_name(f"{key}.{os.getpid()}.npy")
        np.save(new, vectors)
        new.replace(path)
        return vectors


def inner_products(queries: Vectors, vectors: Vectors) -> Vectors:
    """Inner products [Q, T] of vectors [Q, width] and [T, width].

    By torch, whose threads have just read the queries: numpy's have threads of their own, and
    where both want all cores one query in a hundred waited a tenth of a second.
    """
    return (torch.from_numpy(queries) @ torch.from_numpy(vectors).T).numpy()


def padded(tokens: Sequence[Sequence[int]]) -> tuple[torch.Tensor, torch.Tensor]:
    """Token ids [texts, longest] padded with 0, and their mask."""
    longest = max(len(t) for t in tokens)
    ids = np.zeros((len(tokens), longest), dtype=np.int64)
    for row, text in enumerate(tokens):
        ids[row, : len(text)] = text
    kept = torch.from_numpy(ids)
    lengths = torch.tensor([len(t) for t in tokens])
    return kept, (torch.arange(longest) < lengths[:, None]).long()


def budgeted(lengths: Sequence[int], budget: int) -> Iterator[NDArray[np.int64]]:
    """Indices in batches of texts of about equal length, at most `budget` tokens each (or one)."""
    order = np.argsort(lengths, kind="stable")
    start = 0
    while start < len(order):
        end = start
        while end < len(order) and lengths[order[end]] * (end + 1 - start) <= budget:
            end += 1
        end = max(end, start + 1)
        yield order[start:end]
        start = end


def lean() -> torch.autocast:
    """bfloat16 matrix products where the CPU has instructions for them, else float32."""
    fast = bool(getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)())
    return torch.autocast("cpu", dtype=torch.bfloat16, enabled=fast)
