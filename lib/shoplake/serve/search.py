"""Products for a query: words in two fields, meaning, and what people did, each a share of a sum.

Words are BM25 as a share of the best any product could reach for the query, so a query that nothing
matches scores low instead of being stretched; name and other text are two fields. Meaning is the
cosine of an encoder. Behaviour is the clicks for this and similar queries and the popularity.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from shoplake.models.search.encoder import TextEncoder
from shoplake.models.search.lexical import LetterIndex, TermIndex
from shoplake.models.search.spelling import Speller
from shoplake.models.search.text import terms, words
from shoplake.serve.search_clicks import ClickedQueries

#: What one unit of each part adds to the score.
WEIGHTS = {
    "name": 1.0,
    "text": 0.25,
    "letters": 0.4,
    "meaning": 1.0,
    "clicks": 0.25,
    "popularity": 0.1,
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
        behaviour: what clicks, popularity or earlier judgements add.
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


class ShopSearch:
    """Searches the products of a lake."""

    def __init__(
        self, products: pd.DataFrame, clicked: ClickedQueries | None, encoder: TextEncoder
    ) -> None:
        """Index the products.

        Args:
            products: product_id, name, text (other words about it), price, people (who bought it
                lately) and available.
            clicked: clicks by query; None where nobody searched yet.
            encoder: any text encoder.
        """
        self._products = products.reset_index(drop=True)
        names = self._products["name"].tolist()
        texts = self._products["text"].tolist()
        self._speller = Speller(
            [f"{n} {t}" for n, t in zip(names, texts, strict=True)], encoder.ordinary_words()
        )
        self._fields = {
            "name": TermIndex([terms(words(name)) for name in names]),
            "text": TermIndex([terms(words(text)) for text in texts]),
        }
        self._letters = LetterIndex([" ".join(words(name)) for name in names])
        self._encoder = encoder
        self._vectors = encoder.encode_kept(
            [f"{n}. {t}"[:300] for n, t in zip(names, texts, strict=True)]
        )
        self._clicked = clicked
        people = np.log1p(self._products["people"].to_numpy(dtype=float))
        self._popularity = people / max(people.max(initial=0), 1e-6)

    def answer(self, query: str, top: int) -> Answer:
        """The best `top` products that have anything to do with the query."""
        tokens = self._speller.correct(query)
        understood = " ".join(tokens)
        vector = self._encoder.encode([understood])
        parts = {name: _share(index, terms(tokens)) for name, index in self._fields.items()}
        letters = self._letters.scores(self._letters.queries([understood]))[0]
        meaning = np.maximum(self._vectors @ vector[0], 0)
        clicks = np.zeros(len(meaning))
        if self._clicked is not None:
            clicks = self._clicked.votes(vector[0])
        related = np.maximum(meaning, np.maximum(parts["name"], letters))
        added = {
            "words": WEIGHTS["name"] * parts["name"]
            + WEIGHTS["text"] * parts["text"]
            + WEIGHTS["letters"] * letters,
            "meaning": WEIGHTS["meaning"] * meaning,
            # Popularity counts among products that fit, it does not make one fit.
            "behaviour": WEIGHTS["clicks"] * clicks
            + WEIGHTS["popularity"] * self._popularity * related,
        }
        keep = np.where(self._products["available"].to_numpy(dtype=bool), 1.0, _UNAVAILABLE)
        added = {name: values * keep for name, values in added.items()}
        score = added["words"] + added["meaning"] + added["behaviour"]
        order = np.argsort(-score, kind="stable")[:top]
        hits = [self._hit(rank, int(at), score, added) for rank, at in enumerate(order, 1)]
        return Answer(query, understood, hits)

    def _hit(
        self,
        rank: int,
        at: int,
        score: NDArray[np.float64],
        added: dict[str, NDArray[np.float64]],
    ) -> Hit:
        row = self._products.iloc[at]
        price = None if pd.isna(row["price"]) else float(row["price"])
        shares = {name: float(values[at]) for name, values in added.items()}
        return Hit(rank, row["product_id"], row["name"], price, float(score[at]), **shares)


def _share(index: TermIndex, asked: Sequence[str]) -> NDArray[np.float64]:
    """BM25 of every product as a share of the most that any could have for these terms [T]."""
    query = index.queries([list(asked)])
    most = index.weights.max(axis=0).toarray().ravel()
    unknown = len(set(asked)) - query.nnz
    # A word that no product has counts like a rare one, so that the rest cannot fill the share.
    whole = float(most[query.indices].sum() + unknown * most.max(initial=0.0))
    return np.asarray(index.scores(query)[0] / max(whole, 1e-6), dtype=np.float64)
