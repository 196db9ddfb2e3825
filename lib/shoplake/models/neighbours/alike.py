"""How alike two products are by text and attributes, in blocks: never all pairs at once."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
_WORD = re.compile(r"[^\W_]+")


def words(text: str) -> frozenset[str]:
    """The distinct words of a name: runs of letters and digits of any script, lower case."""
    return frozenset(_WORD.findall(text.lower()))


def attributes(row: Any) -> frozenset[str]:
    """What is known of a product as a set: words of its name, category, brand, attributes.

    Args:
        row: with name, category, brand and attributes (a JSON object or null).
    """
    found = set(words(row.name_))
    for name in ("category", "brand"):
        value = getattr(row, name)
        if isinstance(value, str) and value:
            found.add(f"{name}={value.lower()}")
    if isinstance(row.attributes, str):
        try:
            said = json.loads(row.attributes)
        except ValueError:
            said = {}
        if isinstance(said, dict):
            found |= {f"{k}={v}".lower() for k, v in said.items() if v not in (None, "")}
    return frozenset(found)


def incidence(sets: Sequence[frozenset[str]]) -> csr_array:
    """[C, T] float32: 1 where product c has token t."""
    index: dict[str, int] = {}
    rows, columns = [], []
    for row, tokens in enumerate(sets):
        for token in sorted(tokens):
            rows.append(row)
            columns.append(index.setdefault(token, len(index)))
    values = np.ones(len(rows), dtype=np.float32)
    return csr_array((values, (rows, columns)), (len(sets), max(len(index), 1)))


def jaccard(held: csr_array, first: Ints, second: Ints) -> Floats:
    """Jaccard similarity of pairs [n] of rows of an incidence matrix; 0 where both are empty."""
    size = np.asarray(held.sum(axis=1)).ravel()
    shared = np.zeros(len(first), dtype=np.float32)
    for start in range(0, len(first), 100_000):
        part = slice(start, start + 100_000)
        shared[part] = held[first[part]].multiply(held[second[part]]).sum(axis=1)
    return np.asarray(shared / np.maximum(size[first] + size[second] - shared, 1), np.float32)


def candidates(vectors: Floats, held: csr_array, count: int, block: int = 256) -> Iterator[Ints]:
    """The `count` products most alike to each, by cosine + Jaccard, as pairs [n, 2].

    Memory is `block` x C scores at a time.

    Args:
        vectors: [C, d] unit vectors of the texts.
        held: [C, T] incidence of the attributes.
    """
    total = len(vectors)
    size = np.asarray(held.sum(axis=1)).ravel()
    count = min(count, total - 1)
    other = held.T.tocsr()
    for start in range(0, total if count > 0 else 0, block):
        stop = min(start + block, total)
        shared = (held[start:stop] @ other).toarray()
        score = shared / np.maximum(size[start:stop, None] + size[None] - shared, 1)
        score += vectors[start:stop] @ vectors.T
        score[np.arange(stop - start), np.arange(start, stop)] = -np.inf
        best = np.argpartition(-score, count - 1, axis=1)[:, :count]
        rows = np.repeat(np.arange(start, stop), count)
        yield np.stack([rows, best.ravel()], axis=1)


def option_words(found: pd.Series, options: frozenset[str]) -> pd.Series:
    """Which of the names' word sets, less the options and numbers, leave what the product is."""
    return found.map(
        lambda held: frozenset(w for w in held if w not in options and not w.isdigit())
    )
