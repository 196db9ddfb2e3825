"""Chinese reviews: is it a good one? Models from scratch with and without adaptation, and TF-IDF.

Run: .venv/bin/python tests/bench/bench_chinese.py [--data ../shared/data/zh_reviews] [--steps 200]
The folder has reviews.csv.gz with `cat`, `label` (1: good) and `review`. A ranker's cross-encoder reads
the category and the review; no outside weights. Accuracy with a 95% bootstrap interval over reviews.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from shoplake.models.relevance.adaptation import prepared
from shoplake.models.relevance.artifact import load_ranker
from shoplake.models.relevance.settings import SCRATCH, RelevanceConfig, load_relevance
from shoplake.models.relevance.training import finetune
from shoplake.runtime.settings import conf_dir

GOOD, BAD = 3.0, 1.0
ARMS = ("bert", "bert+mlm", "bert+simcse", "gpt", "gpt+causal", "gpt+simcse")


def main() -> None:
    """One line a model."""
    shared = Path(__file__).resolve().parents[3] / "shared" / "data"
    parser = argparse.ArgumentParser(description=__doc__)
    data = Path(os.environ.get("SHOPLAKE_DATA", shared)) / "zh_reviews"
    parser.add_argument("--data", type=Path, default=data)
    parser.add_argument("--learn", type=int, default=1500, help="labelled reviews learnt from")
    parser.add_argument("--judge", type=int, default=1500, help="other reviews judged")
    parser.add_argument("--texts", type=int, default=15000, help="unlabelled reviews")
    parser.add_argument("--steps", type=int, default=200, help="of fine-tuning")
    parser.add_argument("--adapt", type=int, default=400, help="steps of adaptation")
    parser.add_argument("--arms", default=",".join(ARMS), help="family, or family+adaptation")
    parser.add_argument("--seed", type=int, default=7)
    args = parser.parse_args()
    rows = reviews(args.data, args.seed)
    learn, judge = rows[: args.learn], rows[args.learn : args.learn + args.judge]
    # What is judged on is no text to adapt on.
    texts = rows[args.learn + args.judge :]["title"].tolist()[: args.texts]
    texts += learn["title"].tolist()
    good = (judge["relevance"] == GOOD).to_numpy()
    told("majority", np.full(len(judge), learn["relevance"].mean() > 2) == good, 0.0)
    started = time.monotonic()
    told("TF-IDF", by_characters(learn, judge) == good, started)
    for arm in args.arms.split(","):
        started = time.monotonic()
        family, _, kind = arm.partition("+")
        made = by_ranker(settings(family, kind, args), learn, judge, texts)
        told(arm, made == good, started)


def reviews(folder: Path, seed: int) -> pd.DataFrame:
    """Query (the category), title (the review) and relevance (3 good, 1 bad), in a drawn order."""
    rows = pd.read_csv(folder / "reviews.csv.gz", encoding="utf-8-sig").dropna()
    rows = rows.drop_duplicates("review")
    order = np.random.default_rng(seed).permutation(len(rows))
    grade = np.where(rows["label"] == 1, GOOD, BAD)
    made = pd.DataFrame({"query": rows["cat"], "title": rows["review"], "relevance": grade})
    return made.iloc[order].reset_index(drop=True)


def settings(family: str, kind: str, args: argparse.Namespace) -> RelevanceConfig:
    """A cross-encoder of two classes; equal for all but the family and the adaptation."""
    given = load_relevance(conf_dir() / "models" / "relevance_cross.yml")
    return replace(
        given,
        loss="classification",
        cuts=[2.0],
        base=SCRATCH,
        scratch=replace(given.scratch, family=family),
        max_tokens=96,
        token_budget=4096,
        method="full",
        learning_rates={"full": 0.001},
        adapt=replace(
            given.adapt,
            steps=args.adapt if kind else 0,
            kind=kind or given.adapt.kind,
            learning_rate=0.001,
        ),
        steps=args.steps,
        batch_size=32,
        validation=0.0,
        patience=0,
        seed=args.seed,
    )


def by_ranker(
    config: RelevanceConfig, learn: pd.DataFrame, judge: pd.DataFrame, texts: list[str]
) -> NDArray[np.bool_]:
    """Whether each review is good."""
    with tempfile.TemporaryDirectory() as folder:
        pairs = Path(folder) / "pairs.parquet"
        learn.to_parquet(pairs)
        plan = prepared(config, texts, Path(folder) / "base")
        ranker = load_ranker(Path(finetune(plan, str(pairs), folder, lambda _: None).folder))
    return ranker.grades(judge["query"].tolist(), judge["title"].tolist()) > 2


def by_characters(learn: pd.DataFrame, judge: pd.DataFrame) -> NDArray[np.bool_]:
    """Logistic regression over TF-IDF of characters and pairs of them."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    vectors = TfidfVectorizer(analyzer="char", ngram_range=(1, 2), sublinear_tf=True)
    model = make_pipeline(vectors, LogisticRegression(C=10, max_iter=1000))
    model.fit(learn["title"], learn["relevance"] == GOOD)
    return np.asarray(model.predict(judge["title"]), dtype=bool)


def told(name: str, right: NDArray[np.bool_], started: float) -> None:
    """A line: accuracy, its interval, seconds."""
    draw = np.random.default_rng(0)
    means = right[draw.integers(0, len(right), (2000, len(right)))].mean(1)
    low, high = np.quantile(means, [0.025, 0.975])
    seconds = time.monotonic() - started if started else 0.0
    print(f"{name:<20} {right.mean():.3f} ({low:.3f} to {high:.3f})  {seconds:4.0f} s", flush=True)


if __name__ == "__main__":
    main()
