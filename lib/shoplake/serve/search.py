"""Products for a query: words in two fields, meaning, and what people did, each a share of a sum.

How much each counts is fixed here, unless weights learnt from the lake's own clicks are given.

Words are BM25 as a share of the best any product could reach for the query, so a query that nothing
matches scores low instead of being stretched; name and other text are two fields. Meaning is the
cosine of an encoder. Behaviour is the clicks for this and similar queries, popularity, newness and
a low price; the latter two count only where clicks speak for them.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from shoplake.models.search.encoder import TextEncoder, inner_products
from shoplake.models.search.lexical import LetterIndex, TermIndex
from shoplake.models.search.spelling import Speller
from shoplake.models.search.text import terms, words
from shoplake.serve.search_behaviour import Behaviour, cheapness, newness, popularity
from shoplake.serve.search_clicks import ClickedQueries

#: What one unit of each part adds to the score, where nothing was learnt from clicks.
WEIGHTS: dict[str, float] = {
    "name": 1.0,
    "text": 0.25,
    "letters": 0.4,
    "meaning": 1.0,
    "clicks": 0.25,
    "popularity": 0.1,
    "newness": 0.0,
    "cheapness": 0.0,
}
#: Parts that count only where clicks speak for them beyond the others.
EXTRA = ("newness", "cheapness")
#: Parts by what they are made of.
_KINDS = {
    "words": ("name", "text", "letters"),
    "meaning": ("meaning",),
    "behaviour": ("clicks", "popularity", "newness", "cheapness"),
}
#: A product that cannot be bought now keeps this share of its score.
_UNAVAILABLE = 0.5


@dataclass(frozen=True)
class Hit:
    """A product found.

    Attributes:
        rank: from 1.
        product_id: its id, None where products have none.
        name: its name.
        price: as sold now, if known.
        score: what the ranking is by; the sum of the three that follow.
        words: what words and letters add.
        meaning: what the encoder adds.
        behaviour: what clicks, popularity, newness, price or earlier judgements add.
    """

    rank: int
    product_id: str | None
    name: str
    price: float | None
    score: float
    words: float
    meaning: float
    behaviour: float


@dataclass(frozen=True)
class Answer:
    """What a search gives back: the query as it was understood, and the hits."""

    query: str
    understood: str
    hits: list[Hit]

    def to_dict(self) -> dict[str, Any]:
        """Plain enough for JSON."""
        return asdict(self)


class Searcher(Protocol):
    """Whatever answers a query."""

    def answer(self, query: str, top: int) -> Answer:
        """The best `top` products."""
        ...


@dataclass(frozen=True)
class Reading:
    """A query as it is read: its words as products spell them, and its vector."""

    tokens: list[str]
    vector: NDArray[np.float32]

    @property
    def understood(self) -> str:
        """The words in a row."""
        return " ".join(self.tokens)


class ShopSearch:
    """Searches the products of a lake.

    Attributes:
        encoder: of products and queries.
        products: their ids, in the order of all that is said of every product.
        weights: what one unit of each part adds to a score.
        first_at: since when each product is there.
    """

    def __init__(
        self,
        products: pd.DataFrame,
        clicked: ClickedQueries | None,
        encoder: TextEncoder,
        ordinary: frozenset[str] | None = None,
    ) -> None:
        """Index the products.

        Args:
            products: product_id, name, text (other words about it), price, people (who bought it
                lately), available, and first_at (since when it is there), if known.
            clicked: clicks by query; None where nobody searched yet.
            encoder: any text encoder.
            ordinary: words that are right as they are; those of the encoder if not given.
        """
        names, texts = products["name"].tolist(), products["text"].tolist()
        self._names, self._prices = names, products["price"].tolist()
        self.products: list[str] = products["product_id"].tolist()
        self._keep = np.where(products["available"].to_numpy(dtype=bool), 1.0, _UNAVAILABLE)
        self.weights: dict[str, float] = dict(WEIGHTS)
        self._speller = Speller(
            [f"{n} {t}" for n, t in zip(names, texts, strict=True)],
            encoder.ordinary_words() if ordinary is None else ordinary,
        )
        self._fields = {
            "name": _Field([terms(words(name)) for name in names]),
            "text": _Field([terms(words(text)) for text in texts]),
        }
        self._letters = LetterIndex([" ".join(words(name)) for name in names])
        self.encoder = encoder
        self._vectors = encoder.encode_kept(
            [f"{n}. {t}"[:300] for n, t in zip(names, texts, strict=True)]
        )
        self._cheap = cheapness(products["price"].to_numpy(dtype=float))
        never = pd.Series(pd.NaT, index=products.index)
        self.first_at = pd.to_datetime(products.get("first_at", never))
        popular = popularity(products["people"].to_numpy(dtype=float))
        self._now = Behaviour(clicked, popular, newness(self.first_at, self.first_at.max()))

    def with_weights(self, weights: Mapping[str, float]) -> ShopSearch:
        """The same search by other weights."""
        other = copy.copy(self)
        other.weights = dict(weights)
        return other

    def read(self, queries: Sequence[str]) -> list[Reading]:
        """Queries as they are read, all at once."""
        tokens = [self._speller.correct(query) for query in queries]
        texts = [" ".join(found) for found in tokens]
        several = len(texts) > 1
        vectors = self.encoder.encode_kept(texts) if several else self.encoder.encode(texts)
        return [Reading(found, vector) for found, vector in zip(tokens, vectors, strict=True)]

    def parts(self, query: Reading, known: Behaviour) -> dict[str, NDArray[np.float64]]:
        """Every product's parts for a query, each from 0 to about 1 [T].

        Args:
            query: of `read`.
            known: what people did until then.
        """
        asked = terms(query.tokens)
        found = {name: field.share(asked) for name, field in self._fields.items()}
        letters = self._letters.scores(self._letters.queries([query.understood]))[0]
        meaning = np.maximum(inner_products(query.vector[None], self._vectors)[0], 0)
        clicked = known.clicked
        clicks = np.zeros(len(meaning)) if clicked is None else clicked.votes(query.vector)
        related = np.maximum(meaning, np.maximum(found["name"], letters))
        # These count among products that fit, they do not make one fit.
        among = {"popularity": known.popular, "newness": known.new, "cheapness": self._cheap}
        more = {"letters": letters, "meaning": meaning, "clicks": clicks}
        return found | more | {name: part * related for name, part in among.items()}

    def score(
        self, parts: Mapping[str, NDArray[np.float64]], weights: Mapping[str, float]
    ) -> dict[str, NDArray[np.float64]]:
        """What words, meaning and behaviour add to every product's score, by some weights [T]."""
        return {
            kind: self._keep * np.sum([weights[name] * parts[name] for name in names], axis=0)
            for kind, names in _KINDS.items()
        }

    def answer(self, query: str, top: int) -> Answer:
        """The best `top` products that have anything to do with the query; none without a word."""
        return next(self.answers([query], top))

    def answers(self, queries: Sequence[str], top: int) -> Iterator[Answer]:
        """The same of several queries, which are read all at once."""
        for query, read in zip(queries, self.read(queries), strict=True):
            yield self._answer(query, read, top)

    def _answer(self, query: str, read: Reading, top: int) -> Answer:
        if not read.tokens:  # `!!!`: its vector is near some product all the same.
            return Answer(query, read.understood, [])
        added = self.score(self.parts(read, self._now), self.weights)
        score = added["words"] + added["meaning"] + added["behaviour"]
        hits = [self._hit(rank, at, score, added) for rank, at in enumerate(best(score, top), 1)]
        return Answer(query, read.understood, hits)

    def _hit(
        self,
        rank: int,
        at: int,
        score: NDArray[np.float64],
        added: dict[str, NDArray[np.float64]],
    ) -> Hit:
        price = None if pd.isna(self._prices[at]) else float(self._prices[at])
        shares = {name: float(values[at]) for name, values in added.items()}
        return Hit(rank, self.products[at], self._names[at], price, float(score[at]), **shares)


class _Field:
    """One text of every product, by words."""

    def __init__(self, texts: Sequence[Sequence[str]]) -> None:
        self._index = TermIndex(texts)
        self._most = self._index.weights.max(axis=0).toarray().ravel()
        self._rare = float(self._most.max(initial=0.0))

    def share(self, asked: Sequence[str]) -> NDArray[np.float64]:
        """BM25 of every product as a share of the most that any could have for these terms [T]."""
        query = self._index.queries([list(asked)])
        unknown = len(set(asked)) - query.nnz
        # A word that no product has counts like a rare one, so that the rest cannot fill the share.
        whole = float(self._most[query.indices].sum() + unknown * self._rare)
        return np.asarray(self._index.scores(query)[0] / max(whole, 1e-6), dtype=np.float64)


def best(score: NDArray[np.float64], top: int) -> list[int]:
    """Where the `top` highest scores are, highest first, ties in the order they are in."""
    among = np.arange(len(score))
    if top < len(score):
        among = np.flatnonzero(score >= np.partition(score, len(score) - top)[len(score) - top])
    order = among[np.argsort(-score[among], kind="stable")][:top]
    return [int(at) for at in order]
