"""Utterances that say the same thing the same way, as one group.

Utterances made from templates differ in frames ("can you help me ...") and slips of the pen, so
that a split by row asks for what was learnt. A group is what is left alike without the frame:
within an intent, character n-grams of the words that are typical of it, clustered by average
linkage on cosine distance (Sokal & Michener 1958), whole groups going to one side of a split.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from shoplake.models.search.text import words

#: Utterances further apart than this (cosine) are different phrasings.
DISTANCE = 0.75
#: A word of this share of all intents belongs to the frame, not to what is asked.
_FRAME = 0.4


def phrasings(texts: Sequence[str], intents: Sequence[str]) -> NDArray[np.int64]:
    """The group of each utterance, from 0; a group never spans intents.

    Args:
        texts: utterances [n].
        intents: the intent of each.
    """
    from sklearn.cluster import AgglomerativeClustering
    from sklearn.feature_extraction.text import TfidfVectorizer

    said = [words(text) for text in texts]
    users: dict[str, set[str]] = {}
    for tokens, intent in zip(said, intents, strict=True):
        for token in tokens:
            users.setdefault(token, set()).add(intent)
    most = max(2.0, _FRAME * len(set(intents)))
    kept = [
        " ".join(t for t in tokens if len(users[t]) < most) or " ".join(tokens) for tokens in said
    ]
    labels, groups, start = np.asarray(intents, dtype=object), np.zeros(len(texts), np.int64), 0
    for intent in sorted(set(intents)):
        rows = np.flatnonzero(labels == intent)
        distinct, inverse = np.unique([kept[i] for i in rows], return_inverse=True)
        if len(distinct) == 1:
            found = np.zeros(1, dtype=np.int64)
        else:
            vectors = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 4)).fit_transform(
                [f"{text} ." for text in distinct]
            )
            clustering = AgglomerativeClustering(
                n_clusters=None, metric="cosine", linkage="average", distance_threshold=DISTANCE
            )
            found = clustering.fit_predict(vectors.toarray())
        groups[rows] = start + found[inverse]
        start += int(found.max()) + 1
    return groups


def phrasing_folds(
    groups: NDArray[np.int64], intents: Sequence[str], count: int, seed: int
) -> NDArray[np.int64]:
    """The fold of each utterance, whole groups, an intent's utterances spread as evenly as they go.

    An intent of one group is in no fold (-1): to judge it would leave nothing to learn it from.
    """
    labels = np.asarray(intents, dtype=object)
    fold = np.full(len(groups), -1, dtype=np.int64)
    random = np.random.default_rng(seed)
    for intent in sorted(set(intents)):
        rows = labels == intent
        names, sizes = np.unique(groups[rows], return_counts=True)
        if len(names) < 2:
            continue
        filled, first = np.zeros(count), random.permutation(count)
        for at in np.argsort(-sizes, kind="stable"):
            least = first[np.argmin(filled[first])]
            fold[groups == names[at]] = least
            filled[least] += sizes[at]
    return fold


def held_out(
    groups: NDArray[np.int64], intents: Sequence[str], share: float, seed: int
) -> NDArray[np.bool_]:
    """Whole groups, about `share` of each intent's utterances; an intent of one group keeps it."""
    labels = np.asarray(intents, dtype=object)
    out = np.zeros(len(groups), dtype=bool)
    random = np.random.default_rng(seed)
    for intent in sorted(set(intents)):
        rows = labels == intent
        names = np.unique(groups[rows])
        target = share * rows.sum()
        for group in random.permutation(names)[:-1]:
            size = int((groups == group).sum())
            taken = int(out[rows].sum())
            # The group that brings the share closest to what is wanted, not far beyond it.
            if taken + size / 2 <= target:
                out |= groups == group
    return out
