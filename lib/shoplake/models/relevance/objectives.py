"""What a step learns from: parts whose losses add up to the step's, whoever computes which.

Everything drawn depends on the seed and the step alone. So a run that is resumed sees the same
steps, and any number of processes that share the parts out sees the same as one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from shoplake.models.relevance.ranker import Ranker, classes
from shoplake.models.relevance.settings import RelevanceConfig
from shoplake.models.search.bi_encoder import RELATED, nothing_related
from shoplake.models.search.encoder import budgeted
from shoplake.models.search.judgements import RELEVANT, Judgements
from shoplake.models.search.lexical import TermIndex
from shoplake.models.search.text import terms, words

_JUDGED_NEGATIVES = 0.5
_MOST_VALIDATED = 2000


class Objective(Protocol):
    """Losses of a kind of ranker."""

    def parts(self, step: int) -> list[Any]:
        """The parts of a step."""

    def validation(self) -> list[Any]:
        """Parts of the pairs held out; none where none are."""

    def loss(self, model: Ranker, part: Any) -> Tensor:
        """A part's share of the mean loss."""


def objective(
    config: RelevanceConfig, model: Ranker, learn: Judgements, held: Judgements | None
) -> Objective:
    """The objective of the config's architecture."""
    kind = Contrast if config.architecture == "bi_encoder" else Grades
    return kind(config, model, learn, held)


@dataclass(frozen=True)
class Group:
    """Queries and the titles that compete for them.

    Attributes:
        queries, titles: their tokens.
        target: each query's distribution over the titles [queries, titles].
        share: of the step's queries.
    """

    queries: list[list[int]]
    titles: list[list[int]]
    target: Tensor
    share: float


class Contrast:
    """InfoNCE over a group's titles (van den Oord et al. 2018), grades as soft targets.

    A query brings a title drawn by its grade and a hard negative: one that judges graded low, or
    one that BM25 ranks high and nobody judged for it.

    Raises:
        ModelError: no query to learn from has a title that is drawn to it.
    """

    def __init__(
        self, config: RelevanceConfig, model: Ranker, learn: Judgements, held: Judgements | None
    ) -> None:
        if not (learn.relevance >= RELATED).any():
            raise nothing_related()
        self._config = config
        self._learn = _Asked(config, model, learn)
        self._held = None if held is None else _Asked(config, model, held)

    def parts(self, step: int) -> list[Group]:
        """`accumulate` groups."""
        draw = np.random.default_rng([self._config.seed, step])
        chosen = draw.permutation(self._learn.usable)[: self._config.batch_size]
        groups = np.array_split(chosen, min(self._config.accumulate, len(chosen)))
        return [self._learn.group(g, draw, len(chosen)) for g in groups]

    def validation(self) -> list[Group]:
        """All queries held out, in groups as large as a step's."""
        if self._held is None:
            return []
        every, size = self._held.usable, self._config.batch_size
        draw = np.random.default_rng(self._config.seed)
        groups = [every[at : at + size] for at in range(0, len(every), size)]
        return [self._held.group(g, draw, len(every)) for g in groups]

    def loss(self, model: Ranker, part: Group) -> Tensor:
        """Cross-entropy of the softmax over cosines."""
        asked, held = model.vectors(part.queries), model.vectors(part.titles)
        logits = asked @ held.T / self._config.temperature
        surprise = -(part.target.to(logits.device) * torch.log_softmax(logits, 1)).sum(1)
        return surprise.mean() * part.share


class _Asked:
    """Judged queries ready to be drawn from."""

    def __init__(self, config: RelevanceConfig, model: Ranker, judged: Judgements) -> None:
        self._queries = model.tokens(judged.queries.tolist())
        self._titles = model.tokens(judged.titles.tolist())
        self._grades: list[dict[int, float]] = [{} for _ in judged.queries]
        for q, t, grade in zip(judged.query, judged.title, judged.relevance, strict=True):
            self._grades[q][int(t)] = float(grade)
        best = [max(g.values(), default=0.0) for g in self._grades]
        self.usable: NDArray[np.int64] = np.flatnonzero(np.array(best) >= RELATED)
        self._mined = _mined(judged, config.hard_negatives)

    def group(self, queries: NDArray[np.int64], draw: np.random.Generator, of: int) -> Group:
        """A group of `of` queries that the step or the validation has."""
        titles: dict[int, None] = {}
        for q in queries:
            titles[self._positive(q, draw)] = None
            titles[self._negative(q, draw)] = None
        gains = np.array(
            [[_gain(self._grades[q].get(t, 0.0)) for t in titles] for q in queries],
            dtype=np.float32,
        )
        target = torch.from_numpy(gains / gains.sum(1, keepdims=True))
        asked = [self._queries[q] for q in queries]
        return Group(asked, [self._titles[t] for t in titles], target, len(queries) / of)

    def _positive(self, query: int, draw: np.random.Generator) -> int:
        titles = list(self._grades[query])
        odds = np.array([_gain(g) for g in self._grades[query].values()])
        return int(draw.choice(titles, p=odds / odds.sum()))

    def _negative(self, query: int, draw: np.random.Generator) -> int:
        grades = self._grades[query]
        low = [t for t, grade in grades.items() if grade < RELATED]
        if low and draw.random() < _JUDGED_NEGATIVES:
            return int(draw.choice(low))
        fresh = [t for t in self._mined[query].tolist() if t not in grades]
        return int(draw.choice(fresh)) if fresh else int(draw.integers(len(self._titles)))


def _mined(judged: Judgements, count: int) -> NDArray[np.int64]:
    """The titles that BM25 ranks highest for each query [Q, count]."""
    index = TermIndex([terms(words(t)) for t in judged.titles])
    asked = index.queries([terms(words(q)) for q in judged.queries])
    count = min(count, len(judged.titles))
    found = np.empty((len(judged.queries), count), dtype=np.int64)
    for at in range(0, len(found), 256):
        scores = index.scores(asked[at : at + 256])
        found[at : at + 256] = np.argpartition(-scores, count - 1, axis=1)[:, :count]
    return found


def _gain(grade: float) -> float:
    if grade >= RELEVANT:
        return (grade - 1) / 2
    return 0.2 if grade >= RELATED else 0.0


@dataclass(frozen=True)
class Rows:
    """Pairs of a cross-encoder's step, of about equal length.

    Attributes:
        pairs: tokens and sides of each.
        target: relevance as 0..1, or the class.
        of: pairs of the whole step.
    """

    pairs: list[tuple[list[int], list[int]]]
    target: Tensor
    of: int


class Grades:
    """Squared error of relevance as 0..1, or cross-entropy of its class."""

    def __init__(
        self, config: RelevanceConfig, model: Ranker, learn: Judgements, held: Judgements | None
    ) -> None:
        self._config = config
        self._model = model
        self._tokens = {id(j): _pair_tokens(model, j) for j in (learn, held) if j is not None}
        self._learn, self._held = learn, held

    def parts(self, step: int) -> list[Rows]:
        """The step's pairs, sorted by length and cut by the token budget."""
        size = min(self._config.batch_size, len(self._learn))
        draw = np.random.default_rng([self._config.seed, step])
        return self._cut(self._learn, draw.choice(len(self._learn), size, replace=False))

    def validation(self) -> list[Rows]:
        """The pairs held out, or 2,000 of them."""
        if self._held is None:
            return []
        order = np.random.default_rng(self._config.seed).permutation(len(self._held))
        return self._cut(self._held, order[:_MOST_VALIDATED])

    def loss(self, model: Ranker, part: Rows) -> Tensor:
        """Of a part."""
        made, target = model.outputs(part.pairs), part.target.to(model.device)
        if self._config.loss == "regression":
            return ((made[:, 0] - target) ** 2).sum() / part.of
        return torch.nn.functional.cross_entropy(made, target, reduction="sum") / part.of

    def _cut(self, judged: Judgements, rows: NDArray[np.int64]) -> list[Rows]:
        pairs = [self._tokens[id(judged)](int(row)) for row in rows]
        relevance = judged.relevance[rows]
        target = torch.tensor((relevance - 1) / 2, dtype=torch.float32)
        if self._config.loss == "classification":
            target = torch.from_numpy(classes(relevance, self._config.cuts))
        return [
            Rows([pairs[i] for i in batch], target[batch], len(rows))
            for batch in budgeted([len(ids) for ids, _ in pairs], self._config.token_budget)
        ]


def _pair_tokens(model: Ranker, judged: Judgements) -> Any:
    queries = model.tokens(judged.queries.tolist())
    titles = model.tokens(judged.titles.tolist())

    def of(row: int) -> tuple[list[int], list[int]]:
        return model.paired(queries[judged.query[row]], titles[judged.title[row]])

    return of
