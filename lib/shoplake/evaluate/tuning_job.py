"""From judged pairs or clicks to a judged ranker: what `jobs/finetune.py` does."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from shoplake.errors import ModelError
from shoplake.evaluate.findings import Figure
from shoplake.evaluate.tuning import Reranking
from shoplake.evaluate.tuning_trial import unlearnt
from shoplake.governance.run import Run
from shoplake.models.relevance.ranker import Ranker
from shoplake.models.relevance.settings import SCRATCH, RelevanceConfig
from shoplake.models.relevance.tracking import RankerRegistry
from shoplake.models.search.judgements import Judgements, read_judgements
from shoplake.models.search.roles import SPLIT, held_out
from shoplake.models.tracking import Parents
from shoplake.runtime.revision import code_revision
from shoplake.serve.search_clicks import PRIOR, over_expected

_MODEL = "fine-tuned"
_LEAST = 10
_MOST_TEXTS = 100_000
_JUDGED, _PRODUCTS, _EVENTS = "silver.judgements", "silver.products", "silver.events"
_REVIEWS = "silver.reviews"


@dataclass(frozen=True)
class JudgedPairs:
    """Pairs to learn from and to judge on, by query.

    Attributes:
        learn, asked: query, title, relevance (1 to 3).
        texts: titles and learnt queries, of a lake descriptions and reviews as well, for adaptation
            without labels.
        source: where they are from.
        versions: Delta versions of the tables read.
        fingerprint: of pairs and settings.
    """

    learn: pd.DataFrame
    asked: pd.DataFrame
    texts: list[str]
    source: str
    versions: dict[str, int]
    fingerprint: str

    def written(self, folder: Path) -> str:
        """The pairs to learn from, as a file that every process reads."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "pairs.parquet"
        self.learn.to_parquet(path)
        return str(path)

    def parents(self, run: Run) -> Parents:
        """What the model version will say it came from."""
        contracts = {
            t: f"{c.version} {c.fingerprint}" for t in self.versions if (c := run.contracts[t])
        }
        split = f"{SPLIT}; {len(self.learn):,} pairs of {self.source}"
        return Parents(self.versions, contracts, code_revision(), split)


@dataclass(frozen=True)
class Verdict:
    """How a ranker did on queries held out.

    Attributes:
        metrics: by scorer and metric.
        passed: whether it leads the best baseline's nDCG@10 beyond the paired interval.
        verdict: in words.
    """

    metrics: dict[str, float]
    passed: bool
    verdict: str


def folder_pairs(folder: Path, config: RelevanceConfig) -> JudgedPairs:
    """Judged pairs of a folder of the home_depot layout.

    Raises:
        SourceError: the folder has none.
        ModelError: they are too few.
    """
    return _split(read_judgements(folder), f"folder {folder.name}", {}, config)


def lake_pairs(run: Run, config: RelevanceConfig) -> JudgedPairs:
    """The lake's judged pairs, or else its clicks in search results as grades.

    Where the base model is adapted or made from scratch, descriptions and reviews are texts too;
    the version then counts as learnt from the people who wrote reviews.

    Raises:
        ModelError: there are neither, or too few.
    """
    versions = run.versions((_JUDGED, _PRODUCTS, _EVENTS, _REVIEWS))
    read = run.reader(versions)
    products = read(_PRODUCTS).where("is_current and name is not null")
    titles = products.select("product_id", F.col("name").alias("title"))
    said = read(_JUDGED).join(titles, "product_id").select("query", "title", "relevance")
    rows = pd.DataFrame(said.toPandas())
    used, source = [_JUDGED, _PRODUCTS], "judgements"
    if not len(rows):
        shown = read(_EVENTS).where(
            "query is not null and product_id is not null and position is not null"
            " and kind in ('impression', 'click') and not is_bot"
        )
        clicked = F.max((F.col("kind") == "click").cast("double")).alias("clicked")
        counted = shown.groupBy("session_id", "query", "product_id", "position").agg(clicked)
        rows = clicks_as_grades(pd.DataFrame(counted.join(titles, "product_id").toPandas()))
        used, source = [_EVENTS, _PRODUCTS], "clicks"
    texts: list[str] = []
    if config.base == SCRATCH or config.adapt.steps:
        texts = unlabelled(read)
        used.append(_REVIEWS)
    kept = {table: versions[table] for table in used if table in versions}
    return _split(rows, source, kept, config, texts)


def unlabelled(read: Callable[[str], DataFrame]) -> list[str]:
    """Descriptions of current products, and reviews, which were redacted on their way to silver.

    Args:
        read: the tables silver.products and silver.reviews by name.
    """
    described = read(_PRODUCTS).where("is_current").select(F.col("description").alias("said"))
    written = read(_REVIEWS).select(F.concat_ws(" ", "title", "text").alias("said"))
    told = described.union(written).where("length(trim(said)) > 0").distinct()
    return [row[0] for row in told.orderBy(F.xxhash64("said"), "said").limit(_MOST_TEXTS).collect()]


def clicks_as_grades(shown: pd.DataFrame) -> pd.DataFrame:
    """Query, title and relevance from clicks over those that the positions would have had anyway.

    As clicked as any is a 2; twice as often, with a prior, a 3; half as often a 1 (Zhang & Jones,
    WWW 2007). Pairs shown too seldom to tell are left out.

    Args:
        shown: query, title, position, clicked (0 or 1); a row each time it was shown.
    """
    columns = ["query", "title", "relevance"]
    if not len(shown):
        return pd.DataFrame(columns=columns)
    counts = over_expected(shown, "title")
    counts["relevance"] = np.clip(2 + np.log2(counts["ratio"]), 1, 3)
    told = (counts["clicked"] > 0) | (counts["expected"] >= PRIOR)
    return counts.loc[told, columns].reset_index(drop=True)


def _split(
    rows: pd.DataFrame,
    source: str,
    versions: dict[str, int],
    config: RelevanceConfig,
    texts: Iterable[str] = (),
) -> JudgedPairs:
    if rows["query"].nunique() < _LEAST:
        raise ModelError(
            f"{rows['query'].nunique()} judged queries are too few to learn from",
            where=source,
            remedy="give judged pairs with --data FOLDER (docs/fine-tuning.md), or label some "
            "with `shoplake label`",
        )
    rows = rows.sort_values(["query", "title"], ignore_index=True)
    kept = rows["query"].str.lower().isin(held_out(rows["query"].str.lower()))
    learn, asked = rows[~kept], rows[kept]
    every = sorted({*rows["title"], *learn["query"], *texts})
    said = json.dumps([config.said(), versions], sort_keys=True) + rows.to_csv()
    digest = hashlib.sha256(said.encode()).hexdigest()[:32]
    return JudgedPairs(
        learn.reset_index(drop=True), asked.reset_index(drop=True), every, source, versions, digest
    )


def serving_ranker(registry: RankerRegistry) -> tuple[str, Ranker] | None:
    """The champion with its version; None where there is none that could go on serving."""
    version = registry.champion()
    if version is None or registry.erased(version) is not None:
        return None
    try:
        return version, registry.ranker(version)
    except ModelError:
        return None


def judge_ranker(
    ranker: Ranker,
    pairs: JudgedPairs,
    config: RelevanceConfig,
    champion: tuple[str, Ranker] | None = None,
) -> Verdict:
    """Judge on the queries held out, beside BM25 and the untouched base.

    Args:
        ranker: to judge.
        pairs: `asked` are held out; every version's are the same queries.
        config: of the ranker.
        champion: of `serving_ranker`; a version that is worse than it does not take its place.
    """
    titles = np.unique(pd.concat([pairs.learn, pairs.asked])["title"].to_numpy(dtype=object))
    ranking = Reranking(Judgements.of(pairs.learn), Judgements.of(pairs.asked, titles))
    judged = unlearnt(ranking, config)
    baselines = list(judged)
    judged[_MODEL] = ranking.by(ranker.scores, ranker.graded)
    figures = ranking.figures(judged, baselines, seed=config.seed)
    metrics = {f"{m}.{n}": f.value for n, row in figures.items() for m, f in row.items()}
    metrics = {name.replace(" ", "_"): value for name, value in metrics.items()}
    verdict = _verdict(figures, baselines, metrics)
    if champion is None or not verdict.passed:
        return verdict
    version, serving = champion
    both = {version: ranking.by(serving.scores, serving.graded), _MODEL: judged[_MODEL]}
    lead = ranking.figures(both, [version], seed=config.seed)[_MODEL]["ndcg@10"].lead
    if lead is None or lead[2] >= 0:
        return verdict
    gap, low, high = lead
    behind = f"behind version {version}, which serves: {gap:+.3f} ({low:+.3f} to {high:+.3f})"
    return Verdict(metrics, False, f"{verdict.verdict}; {behind}")


def _verdict(
    figures: dict[str, dict[str, Figure]], baselines: list[str], metrics: dict[str, float]
) -> Verdict:
    mine = figures[_MODEL].get("ndcg@10")
    if mine is None or mine.lead is None:
        return Verdict(metrics, False, "no held-out query has a relevant title: not promoted")
    best = max(baselines, key=lambda name: figures[name]["ndcg@10"].value)
    gap, low, high = mine.lead
    return Verdict(
        metrics,
        low > 0,
        f"nDCG@10 {mine.value:.3f}, {best} {figures[best]['ndcg@10'].value:.3f}: {gap:+.3f} "
        f"({low:+.3f} to {high:+.3f}); RMSE {figures[_MODEL]['rmse'].value:.3f}",
    )
