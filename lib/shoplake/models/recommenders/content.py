"""Content-based: items whose titles read like those of the history.

Titles are TF-IDF over words and pairs of words (of Chinese, over letters and pairs of letters),
reduced by a singular value decomposition (latent semantic analysis; Deerwester et al., JASIS 1990).
It needs no interactions, so an item nobody has bought yet is scored like any other.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from shoplake.models.recommenders.interactions import Floats, Interactions, product
from shoplake.models.search.text import HAN, grams, is_chinese

_WORD = re.compile(rf"[{HAN}]+|(?:(?![{HAN}])\w){{2,}}")


@dataclass(frozen=True)
class ContentConfig:
    """Settings of content-based recommendation.

    Attributes:
        history_decay: the item `age` places from the history's end counts history_decay ** age;
            where there are days, history_decay ** (days / 30).
    """

    history_decay: float = 0.8


class Content:
    """Cosine similarity of titles to the titles of the history.

    Args:
        vectors: [C, d] unit vectors of the titles, as `title_vectors` makes them.
    """

    scoring_only = frozenset({"history_decay"})

    def __init__(self, config: ContentConfig, vectors: Floats) -> None:
        self.config = config
        self.vectors = vectors

    def fit(self, seen: Interactions) -> Content:
        """What people did plays no part."""
        return self

    def scores(self, histories: Interactions) -> Floats:
        """Scores [B, C]."""
        weights = histories.recency(self.config.history_decay)
        return product(np.asarray(histories.matrix(weights) @ self.vectors), self.vectors)


def title_vectors(titles: Sequence[str], dimensions: int) -> Floats:
    """Unit vectors [C, d] of titles; a title without a known word is 0.

    A word that one title alone has tells nothing, unless no two titles have a word in common.
    """
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.preprocessing import normalize

    for least in (2, 1):
        tfidf = TfidfVectorizer(
            analyzer=_terms, min_df=least, max_features=50_000, sublinear_tf=True
        )
        try:
            found = tfidf.fit_transform(titles)
        except ValueError:  # no word is in so many titles
            continue
        size = min(dimensions, min(found.shape) - 1)
        # One title or one word; or a few titles without a common word, none of which may go.
        if not size or (least == 1 and min(found.shape) <= dimensions):
            return np.asarray(normalize(found).toarray(), dtype=np.float32)
        with np.errstate(divide="ignore", invalid="ignore"):  # titles may all be the same
            reduced = TruncatedSVD(size, random_state=0, n_iter=3).fit_transform(found)
        return np.asarray(normalize(reduced), dtype=np.float32)
    return np.zeros((len(titles), 1), dtype=np.float32)


def _terms(title: str) -> list[str]:
    """Words of two letters and more, and each two that follow each other; of Chinese its grams."""
    found: list[str] = []
    for word in _WORD.findall(title.lower()):
        found += grams(word) if is_chinese(word) else [word]
    return found + [f"{a} {b}" for a, b in pairwise(found)]
