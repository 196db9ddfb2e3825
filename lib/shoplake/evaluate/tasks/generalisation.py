"""What a ranker learnt elsewhere is worth here, and what adaptation without labels recovers of it.

Elsewhere is another shop (`--train`) or, without one, other topics of the same shop.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from shoplake.errors import ShoplakeError
from shoplake.evaluate.findings import Findings, recommended
from shoplake.evaluate.intervals import paired_difference
from shoplake.evaluate.metrics import EvaluationError
from shoplake.evaluate.tasks.search import something_relevant
from shoplake.evaluate.tasks.tuning import table_rows
from shoplake.evaluate.topics import kept_topics
from shoplake.evaluate.tuning import (
    CANDIDATES,
    Judged,
    Reranking,
    by_query,
    some_queries,
)
from shoplake.evaluate.tuning_trial import OWN, equal_settings, tried, unlearnt
from shoplake.models.relevance.settings import SCRATCH, RelevanceConfig
from shoplake.models.search.judgements import Judgements, read_judgements
from shoplake.runtime.console import Clock, tell

#: Rows: what was learnt elsewhere, the same after adaptation to texts from here, learnt here.
ELSEWHERE, ADAPTED, HERE = "elsewhere", "elsewhere, adapted", "here"
_KEPT, _LEAST = 0.3, 20


@dataclass(frozen=True)
class _Parts:
    """Queries to judge on, as many to learn from here, and those elsewhere; with their titles."""

    asked: pd.DataFrame
    here: pd.DataFrame
    elsewhere: pd.DataFrame
    texts: list[str]
    said: str


def run(
    data: Path,
    train: Path | None,
    *,
    seed: int,
    methods: str | None = None,
    steps: int | None = None,
    queries: int = 600,
    model: str = "relevance",
) -> Findings:
    """One method, learnt elsewhere, adapted, and learnt here, judged on the same queries.

    Args:
        data: folder of judgements to judge on.
        train: folder of another shop; without it, other topics of `data` are elsewhere.
        seed: of splits, weights and batches.
        methods: one method; default: the settings'.
        steps: of fine-tuning, and of adaptation; default: the settings'.
        queries: most queries to learn from, elsewhere and here; half as many are judged on.
        model: conf/models/<model>.yml, or a file.

    Raises:
        SourceError: a folder has no judgements.
        EvaluationError: too few queries, or nothing relevant to find for them.
        ShoplakeError: no such method.
        ModelError: there is no base model.
    """
    config = equal_settings(model, seed, steps)
    method = methods or (OWN if config.base == SCRATCH else config.method)
    if method not in (known := [n for n in table_rows(config) if "+" not in n]):
        raise ShoplakeError(f"no method '{method}'", remedy=f"one of {', '.join(known)}")
    parts = _parts(data, train, queries, seed)
    titles = np.unique(np.array(parts.texts, dtype=object))
    asked = Judgements.of(parts.asked, titles)
    something_relevant(asked, data)
    clock = Clock()
    ranking = Reranking(Judgements.of(parts.elsewhere), asked)
    judged = unlearnt(ranking, config)
    baselines = list(judged)
    seconds = {"baselines": clock.seconds}
    rows = {
        ELSEWHERE: (method, parts.elsewhere),
        ADAPTED: (f"{config.adapt.kind}+{method}", parts.elsewhere),
        HERE: (method, parts.here),
    }
    with tempfile.TemporaryDirectory() as folder:
        for at, (name, (how, learn)) in enumerate(rows.items()):
            clock = Clock()
            pairs = Path(folder) / f"{at}.parquet"
            learn.to_parquet(pairs)
            texts = [*parts.texts, *learn["query"].unique()]
            made, judged[name] = tried(how, config, pairs, texts, ranking, Path(folder) / str(at))
            seconds[name] = clock.seconds
            tell("generalisation", f"{name}: {made.seconds:.0f} s")
    figures = ranking.figures(judged, baselines, seed=seed)
    return Findings(
        task="generalisation",
        protocol=_protocol(config, method, parts, asked),
        figures=figures,
        baselines=baselines,
        champion=recommended(figures, baselines, "ndcg@10", ADAPTED),
        main="ndcg@10",
        notes=_notes(ranking, judged, seed),
        seconds={name: round(value, 1) for name, value in seconds.items()},
    )


def _parts(data: Path, train: Path | None, queries: int, seed: int) -> _Parts:
    rows = read_judgements(data)
    if train is None:
        topics = kept_topics(rows, _KEPT, seed)
        ours = rows["query"].isin(topics.queries)
        elsewhere, rows = rows[~ours], rows[ours]
        said = f"{len(topics.queries):,} queries of the topics {topics.said}"
    else:
        other = read_judgements(train)
        known = set(rows["query"].str.lower())
        elsewhere = other[~other["query"].str.lower().isin(known)]
        said = f"queries of {data.name}; elsewhere is {train.name}"
    here, asked, _ = by_query(rows, None, 0.5, seed)
    count = min(queries, here["query"].nunique(), elsewhere["query"].nunique())
    if min(count, asked["query"].nunique()) < _LEAST:
        raise EvaluationError("too few queries to learn from or to judge on", where=str(data))
    titles = rows["title"] if train else pd.concat([rows, elsewhere])["title"]
    return _Parts(
        some_queries(asked, max(_LEAST, queries // 2), seed),
        some_queries(here, count, seed),
        some_queries(elsewhere, count, seed),
        np.unique(titles.to_numpy(dtype=object)).tolist(),
        said,
    )


def _notes(ranking: Reranking, judged: dict[str, Judged], seed: int) -> list[str]:
    """What was lost by learning elsewhere, and how much of it came back, over paired queries."""
    values = {name: ranking.ranked(judged[name].order)["ndcg@10"] for name in judged}
    # Of a query that nothing fits, none has a value.
    values = {name: found[np.isfinite(found)] for name, found in values.items()}
    found = []
    for said, better, worse in (
        ("learning here instead of elsewhere", HERE, ELSEWHERE),
        ("adaptation of what was learnt elsewhere", ADAPTED, ELSEWHERE),
    ):
        gain = paired_difference(values[better], values[worse], seed=seed)
        figures = f"{gain.value:+.3f} ({gain.low:+.3f} to {gain.high:+.3f})"
        found.append(f"{said}: nDCG@10 {figures}, paired over queries")
    return found


def _protocol(
    config: RelevanceConfig, method: str, parts: _Parts, asked: Judgements
) -> dict[str, str]:
    return {
        "here": parts.said,
        "split": f"{len(asked.queries):,} queries from here to judge on; "
        f"{parts.elsewhere['query'].nunique():,} elsewhere ({len(parts.elsewhere):,} pairs) and "
        f"{parts.here['query'].nunique():,} others from here ({len(parts.here):,}) to learn from",
        "ranking": f"BM25's best {CANDIDATES} of {len(asked.titles):,} titles put in order; gain = "
        "grade - 1, ideal: the query's judged titles, so a perfect order may be below 1",
        "equal for all": f"{method}, {config.architecture}, {config.steps} steps of "
        f"{config.batch_size}, no early stopping, seed {config.seed}; grades by a line learnt "
        "with the pairs",
        "adaptation": f"{config.adapt.kind}, {config.adapt.steps} steps of "
        f"{config.adapt.batch_size} titles and learnt queries, without labels, before",
        "interval": "95% percentile bootstrap over queries; paired for differences",
    }
