"""Search: graded relevance from titles, and retrieval over the catalogue, for unseen queries."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from shoplake.evaluate.findings import Findings, compared, recommended
from shoplake.evaluate.metrics import EvaluationError, Values
from shoplake.evaluate.relevance_baselines import PlainWords
from shoplake.evaluate.relevance_folds import MODEL as RELEVANCE
from shoplake.evaluate.relevance_folds import Pairs, baseline_grades, folded_grades
from shoplake.evaluate.relevance_metrics import grade_metrics, retrieval_metrics
from shoplake.evaluate.relevance_protocol import HELD_OUT, NOTES, protocol
from shoplake.models.search.config import SearchConfig, load_search
from shoplake.models.search.index import Queries
from shoplake.models.search.judgements import RELEVANT, Judgements, read_judgements
from shoplake.models.search.model import SearchModel, fit_search
from shoplake.models.search.tuning import halves_of
from shoplake.runtime.console import Clock
from shoplake.runtime.console import tell as say_aside

WORDS, BASE, ADDED, TERMS, TUNED, FIRST, RANKER = (
    "BM25, plain words",
    "MiniLM untouched",
    "BM25 + MiniLM untouched",
    "BM25, our text analysis",
    "encoder fine-tuned",
    "first score: words + letters + meaning",
    "learned ranker",
)
BASELINES = [WORDS, BASE, ADDED]


def run(
    data: Path, train: Path | None, *, seed: int, settings: SearchConfig | None = None
) -> Findings:
    """Both protocols on the queries of `data`; see `relevance_protocol.protocol`.

    Args:
        data: folder of judgements to judge on.
        train: folder to learn from; without it, a part of the queries of `data`.
        seed: of splits, encoders and trees.
        settings: of the model (default: conf/models/search.yml).

    Raises:
        SourceError: a folder has no judgements.
        EvaluationError: too few queries, or nothing relevant to find for them.
        ModelError: there is no base model, or LightGBM cannot start.
    """
    config = (settings or load_search()).seeded(seed)
    rows = read_judgements(data)
    learn, test, dropped = _split(rows, train, seed)
    titles = np.unique(pd.concat([learn, test])["title"].to_numpy(dtype=object))
    known, asked = Judgements.of(learn, titles), Judgements.of(test, titles)
    if min(len(known.queries), len(asked.queries)) < 20:
        raise EvaluationError("too few queries to learn from or to judge on", where=str(data))
    something_relevant(asked, data)
    clock = Clock()

    def tell(text: str) -> None:
        say_aside("search", f"{clock.seconds:6.0f} s  {text}")

    model = fit_search(known, config, tell)
    fitted = clock.seconds
    read = model.index.read(asked.queries.tolist())
    figures = compared(_retrieval(model, asked, read), BASELINES, "ndcg@10", seed=seed)
    ranked = clock.seconds
    tell(f"nDCG@10 {figures[RANKER]['ndcg@10'].value:.4f} on {len(asked.queries):,} queries")
    if train is None:
        every = Judgements.of(rows, titles)
        read = model.index.read(every.queries.tolist(), _trained_on(every, known, config))
        plain = PlainWords(titles.tolist(), every.queries.tolist())
        graded = folded_grades(model.index, every, read, plain, config, tell)
        truth = every
    else:
        graded, truth = _grades(model, known, asked, read, config), asked
    simple = [name for name in graded if name != RELEVANCE]
    figures |= grade_metrics(graded, truth.relevance, truth.query, simple, seed=seed)
    tell(f"RMSE {figures[RELEVANCE]['rmse'].value:.4f}")
    return Findings(
        task="search",
        protocol=protocol(known, asked, truth, dropped, folded=train is None),
        figures=figures,
        baselines=BASELINES + simple,
        champion=recommended(figures, BASELINES, "ndcg@10", RANKER),
        main="ndcg@10",
        notes=list(NOTES),
        seconds={
            "fit": round(fitted, 1),
            "retrieval": round(ranked - fitted, 1),
            "relevance": round(clock.seconds - ranked, 1),
        },
    )


def something_relevant(asked: Judgements, data: Path) -> None:
    """Refuse before anything is fitted what has no retrieval metric after it.

    Raises:
        EvaluationError: no judged title of any query is relevant.
    """
    if not (asked.relevance >= RELEVANT).any():
        raise EvaluationError(
            f"no judged pair of grade {RELEVANT} or more: there is nothing to find",
            where=f"{data}: {len(asked):,} pairs to judge on, "
            f"grades {asked.relevance.min():g} to {asked.relevance.max():g}",
            remedy="give judgements with relevant titles, graded 1 (irrelevant) to 3 (perfect)",
        )


def _split(
    rows: pd.DataFrame, train: Path | None, seed: int
) -> tuple[pd.DataFrame, pd.DataFrame, int]:
    """Rows to learn from, rows to judge on, and how many training queries were left out."""
    asked = rows["query"].str.lower()
    if train is not None:
        learn = read_judgements(train)
        known = learn["query"].str.lower()
        shared = known.isin(set(asked))
        return learn[~shared], rows, int(known[shared].nunique())
    queries = np.unique(asked.to_numpy(dtype=object))
    draw = np.random.default_rng(seed)
    held = set(draw.choice(queries, round(HELD_OUT * len(queries)), replace=False))
    out = asked.isin(held)
    return rows[~out], rows[out], 0


def _retrieval(
    model: SearchModel, asked: Judgements, read: Queries
) -> dict[str, dict[str, Values]]:
    plain = PlainWords(model.index.titles, asked.queries.tolist())
    found: dict[str, list[dict[str, Values]]] = {}
    for block in model.blocks(read):
        scores = block.scores
        words = plain.scores(block.part)
        best = np.maximum(words.max(axis=1, keepdims=True), 1e-6)
        pairs, ranks = model.ranked(block)
        ranked = np.full(words.shape, -np.inf, dtype=np.float32)
        ranked[pairs.query - block.part.start, pairs.title] = ranks
        systems = {
            WORDS: words,
            BASE: scores.base,
            ADDED: words / best + scores.base,
            TERMS: scores.bm25,
            **({} if scores.tuned is None else {TUNED: scores.tuned}),
            FIRST: scores.fused,
            RANKER: ranked,
        }
        for name, system in systems.items():
            found.setdefault(name, []).append(retrieval_metrics(system, asked, block.part))
    return {
        name: {metric: np.concatenate([p[metric] for p in parts]) for metric in parts[0]}
        for name, parts in found.items()
    }


def _grades(
    model: SearchModel,
    known: Judgements,
    asked: Judgements,
    read: Queries,
    config: SearchConfig,
) -> dict[str, Values]:
    """Grades of the pairs of `asked`, learnt from `known`."""
    assert model.regressor is not None
    assert model.learnt is not None
    parts = []
    for block in model.blocks(read):
        rows = (asked.query >= block.part.start) & (asked.query < block.part.stop)
        parts.append(model.pairs(block, asked.query[rows], asked.title[rows]).features)
    features = pd.concat(parts, ignore_index=True)
    graded = baseline_grades(
        _pairs(model, known, model.learnt), known.relevance, _pairs(model, asked, features), config
    )
    return {**graded, RELEVANCE: model.regressor.predict(features)}


def _pairs(model: SearchModel, judged: Judgements, features: pd.DataFrame) -> Pairs:
    plain = PlainWords(model.index.titles, judged.queries.tolist())
    return Pairs(judged.query, plain.pairs(judged.query, judged.title), features)


def _trained_on(
    every: Judgements, known: Judgements, config: SearchConfig
) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Which encoder learnt from each query of `every`; -1 for none."""
    half = dict(zip(known.queries, halves_of(known.queries.tolist(), config.seed), strict=True))
    return np.array([half.get(query, -1) for query in every.queries], dtype=np.int64)
