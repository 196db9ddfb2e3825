"""The two tuned encoders: each learns from one half of the judged queries and reads the other.

So every judged query has vectors from an encoder that never saw its judgements, and what is learnt
on top of them holds for new queries; those are read by both (cross-fitting).
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from shoplake.models.search.bi_encoder import BiEncoderTraining
from shoplake.models.search.cache import cache_folder, content_key
from shoplake.models.search.config import SearchConfig
from shoplake.models.search.encoder import TextEncoder
from shoplake.models.search.index import SearchIndex
from shoplake.models.search.judgements import Judgements
from shoplake.models.search.text import terms, words

_MINED = 40


def halves_of(queries: Sequence[str], seed: int) -> NDArray[np.int64]:
    """Which encoder learns from each query [Q], 0 or 1."""
    return np.random.default_rng(seed).permutation(len(queries)) % 2


def tuned_encoders(
    index: SearchIndex,
    judged: Judgements,
    halves: NDArray[np.int64],
    config: SearchConfig,
    tell: Callable[[str], None],
) -> list[TextEncoder]:
    """Both encoders, from the cache where they are in it; none when no steps are asked for."""
    if not config.finetune.steps:
        return []
    texts = [" ".join(tokens) for tokens in index.corrected(judged.queries.tolist())]
    topics = _topics(index.encode(texts), config)
    return [
        _tuned(index, judged, halves == half, texts, topics, config, half, tell)
        for half in np.unique(halves)
    ]


def _tuned(
    index: SearchIndex,
    judged: Judgements,
    mine: NDArray[np.bool_],
    texts: list[str],
    topics: NDArray[np.int64],
    config: SearchConfig,
    half: int,
    tell: Callable[[str], None],
) -> TextEncoder:
    part = judged.only(mine)
    key = content_key(
        config.base,
        config.max_tokens,
        config.finetune,
        part.queries.tolist(),
        [judged.titles[t] for t in part.title],
        part.relevance.tolist(),
        index.texts,
    )
    folder = cache_folder() / "encoders" / key
    if folder.is_dir():
        tell(f"encoder {half + 1} of 2: from {folder}")
        return TextEncoder.load(folder, max_tokens=config.max_tokens)
    encoder = TextEncoder.load(config.base, max_tokens=config.max_tokens)
    own = [text for text, kept in zip(texts, mine, strict=True) if kept]
    training = BiEncoderTraining(
        encoder, part, own, index.texts, _mined(index, own), topics[mine], config.finetune
    )
    checkpoint = folder.with_suffix(".checkpoint")
    training.run(checkpoint, lambda text: tell(f"encoder {half + 1} of 2: {text}"))
    new = folder.with_suffix(".new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    encoder.base.save(new)
    new.replace(folder)
    checkpoint.unlink(missing_ok=True)
    return encoder


def _mined(index: SearchIndex, texts: list[str]) -> NDArray[np.int64]:
    """The titles that BM25 ranks highest for each query [Q, _MINED]."""
    asked = index.terms.queries([terms(words(text)) for text in texts])
    count = min(_MINED, len(index.titles))
    found = np.empty((len(texts), count), dtype=np.int64)
    for start in range(0, len(texts), 256):
        scores = index.terms.scores(asked[start : start + 256])
        found[start : start + 256] = np.argpartition(-scores, count - 1, axis=1)[:, :count]
    return found


def _topics(vectors: NDArray[np.float32], config: SearchConfig) -> NDArray[np.int64]:
    from sklearn.cluster import KMeans

    count = max(1, min(config.finetune.topics, len(vectors) // 8))
    means = KMeans(count, n_init=1, max_iter=15, random_state=config.finetune.seed)
    return np.asarray(means.fit_predict(vectors), dtype=np.int64)
