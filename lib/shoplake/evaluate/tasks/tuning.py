"""Fine-tuning methods of a ranker of text, on equal data and steps, beside untouched and BM25."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from shoplake.errors import ShoplakeError
from shoplake.evaluate.findings import Figure, Findings, recommended
from shoplake.evaluate.metrics import EvaluationError
from shoplake.evaluate.tasks.search import something_relevant
from shoplake.evaluate.tuning import (
    CANDIDATES,
    Reranking,
    by_query,
    some_queries,
)
from shoplake.evaluate.tuning_trial import OWN, equal_settings, tried, unlearnt
from shoplake.models.base import load_base
from shoplake.models.relevance.reading import FAMILIES, is_gpt
from shoplake.models.relevance.settings import (
    GPT_METHODS,
    METHODS,
    SCRATCH,
    RelevanceConfig,
)
from shoplake.models.search.judgements import Judgements, read_judgements
from shoplake.runtime.console import Clock, tell

HELD_OUT = 0.3
_LEAST = 20


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
    """Every method with the same pairs and steps.

    Args:
        data: folder of judgements to judge on.
        train: folder to learn from; without it, 70% of the queries of `data`.
        seed: of splits, weights and batches.
        methods: names with commas between, of `table_rows`; default: all of them.
        steps: of each method, and of the adaptation; default: the settings'.
        queries: most queries to learn from; half as many are judged on.
        model: conf/models/<model>.yml, or a file; its `adapt: kind` is that of the adapted rows.

    Raises:
        SourceError: a folder has no judgements.
        EvaluationError: too few queries, or nothing relevant to find for them.
        ShoplakeError: no such method.
        ModelError: there is no base model.
    """
    config = equal_settings(model, seed, steps)
    names = _names(methods, config)
    earlier = read_judgements(train) if train else None
    learn_rows, asked_rows, dropped = by_query(read_judgements(data), earlier, HELD_OUT, seed)
    titles = np.unique(pd.concat([learn_rows, asked_rows])["title"].to_numpy(dtype=object))
    learn_rows = some_queries(learn_rows, queries, seed)
    asked_rows = some_queries(asked_rows, max(_LEAST, queries // 2), seed)
    if min(r["query"].nunique() for r in (learn_rows, asked_rows)) < _LEAST:
        raise EvaluationError("too few queries to learn from or to judge on", where=str(data))
    learn, asked = Judgements.of(learn_rows), Judgements.of(asked_rows, titles)
    something_relevant(asked, data)
    ranking = Reranking(learn, asked)
    costs: dict[str, dict[str, Figure]] = {}
    clock = Clock()
    judged = unlearnt(ranking, config)
    baselines = list(judged)
    seconds = {"untouched": clock.seconds}
    texts = [*titles.tolist(), *learn.queries.tolist()]
    with tempfile.TemporaryDirectory() as folder:
        pairs = Path(folder) / "pairs.parquet"
        learn_rows.to_parquet(pairs)
        for name in names:
            clock = Clock()
            made, judged[name] = tried(name, config, pairs, texts, ranking, Path(folder) / name)
            seconds[name] = clock.seconds
            costs[name] = {
                "memory_mb": Figure(made.bytes / 1e6),
                "train_seconds": Figure(made.seconds),
                "trainable_k": Figure(made.trained / 1e3),
                "trainable_%": Figure(100 * made.trained / made.parameters),
            }
            loss = np.mean([value for _, value in made.curve[-20:]])
            tell("tuning", f"{name}: {made.seconds:.0f} s, loss {loss:.3f}")
    figures = ranking.figures(judged, baselines, seed=seed)
    for name, row in costs.items():
        figures[name] |= row
    best = max(names, key=lambda name: figures[name]["ndcg@10"].value)
    return Findings(
        task="tuning",
        protocol=_protocol(config, learn, asked, dropped),
        figures=figures,
        baselines=baselines,
        champion=recommended(figures, baselines, "ndcg@10", best),
        main="ndcg@10",
        notes=_NOTES,
        seconds={name: round(value, 1) for name, value in seconds.items()},
    )


def table_rows(config: RelevanceConfig) -> tuple[str, ...]:
    """Rows of the table: methods that the base model has, adapted ones, and no outside weights."""
    gpt = config.scratch.family == "gpt"
    if config.base != SCRATCH:
        gpt = is_gpt(load_base(config.base, FAMILIES).encoder)
    kind = config.adapt.kind
    return (*(GPT_METHODS if gpt else METHODS), f"{kind}+lora", OWN, f"{kind}+{OWN}")


def _names(methods: str | None, config: RelevanceConfig) -> list[str]:
    known = table_rows(config)
    names = [n.strip() for n in methods.split(",")] if methods else list(known)
    if unknown := [n for n in names if n not in known]:
        raise ShoplakeError(f"no method '{unknown[0]}'", remedy=f"methods: {', '.join(known)}")
    return names


_NOTES = [
    "memory_mb: bytes of tensors that training keeps: weights, gradients, the optimiser's state, "
    "and what the largest part's forward pass keeps for its backward pass; not the process",
    "train_seconds: fine-tuning alone, without adaptation and without judging, on this machine",
    "leads in rmse are the best baseline's error less the model's: positive is better",
]


def _protocol(
    config: RelevanceConfig, learn: Judgements, asked: Judgements, dropped: int
) -> dict[str, str]:
    return {
        "split": f"by query: {len(learn.queries):,} queries ({len(learn):,} pairs) to learn from, "
        f"{len(asked.queries):,} others to judge on; {dropped:,} queries in both were left out",
        "ranking": f"BM25's best {CANDIDATES} of {len(asked.titles):,} titles put in order; gain = "
        "grade - 1, ideal: the query's judged titles, so a perfect order may be below 1",
        "rmse": f"grades of {len(asked):,} judged pairs; of scores by a line through known grades",
        "equal for all": f"{config.architecture}, {config.steps} steps of {config.batch_size}, at "
        f"most {config.max_tokens} tokens, {config.optimizer}, no early stopping, seed "
        f"{config.seed}; rates by method: {config.learning_rates}",
        "rates": "fixed before, by convention; not chosen on this data",
        "adaptation": f"{config.adapt.kind}, {config.adapt.steps} steps of "
        f"{config.adapt.batch_size} texts of the whole catalogue "
        "before fine-tuning, without labels",
        "interval": "95% percentile bootstrap over queries; paired for differences",
    }
