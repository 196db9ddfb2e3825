"""Topics of judged queries, where data has no categories: by the words of what fits them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from shoplake.evaluate.metrics import EvaluationError
from shoplake.models.search.judgements import RELEVANT
from shoplake.models.search.text import terms, words

_TOPICS, _WIDTH, _SAID = 12, 50, 4


@dataclass(frozen=True)
class Topics:
    """Which queries are of some topics that a model is to be kept from.

    Attributes:
        queries: theirs.
        said: words that tell these topics, for the reader.
    """

    queries: frozenset[str]
    said: str


def kept_topics(rows: pd.DataFrame, share: float, seed: int) -> Topics:
    """Whole topics drawn until they hold a share of the queries.

    A query's words and those of the titles that fit it, weighed by rarity, are reduced to 50
    numbers (latent semantic analysis, Deerwester et al. 1990) and put into 12 clusters (k-means,
    the best of ten starts; with four, the machine's rounding decided which clusters came out).

    Args:
        rows: query, title, relevance.
        share: of the queries.
        seed: of the clusters and the draw.

    Raises:
        EvaluationError: there are fewer queries than topics.
    """
    from sklearn.cluster import KMeans
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.preprocessing import normalize

    fitting = rows[rows["relevance"] >= RELEVANT]
    titles = fitting.groupby("query")["title"].agg(" ".join)
    queries = np.unique(rows["query"].to_numpy(dtype=object))
    if len(queries) <= _TOPICS:
        raise EvaluationError(f"{len(queries)} queries are too few for {_TOPICS} topics")
    texts = [f"{query} {titles.get(query, '')}" for query in queries]
    reader = TfidfVectorizer(analyzer=lambda text: terms(words(text)), min_df=2, sublinear_tf=True)
    counts = reader.fit_transform(texts)
    width = min(_WIDTH, min(counts.shape) - 1)
    small = normalize(TruncatedSVD(width, random_state=seed).fit_transform(counts))
    topic = KMeans(_TOPICS, random_state=seed, n_init=10).fit_predict(small)
    names = reader.get_feature_names_out()
    kept = np.zeros(len(queries), dtype=bool)
    said = []
    for drawn in np.random.default_rng(seed).permutation(_TOPICS):
        if kept.mean() >= share:
            break
        own = topic == drawn
        kept |= own
        telling = np.asarray(counts[own].mean(0) - counts.mean(0)).ravel()
        said.append(" ".join(names[np.argsort(-telling)[:_SAID]]))
    return Topics(frozenset(queries[kept]), "; ".join(said))
