"""From a pinned training set to a judged, registered model version: what `jobs/train.py` does."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from shoplake.contracts.ddl import schema
from shoplake.errors import ModelError
from shoplake.evaluate.champion import champion_to_beat, fairly
from shoplake.evaluate.holdout import Holdout, load_holdout
from shoplake.evaluate.recommender import Judgement, judge_recommender
from shoplake.evaluate.retraining.decisions import TABLE, DecisionBook
from shoplake.evaluate.retraining.verdicts import Choice, Decision
from shoplake.evaluate.segments import FACTS, by_segment, facts_of_people
from shoplake.features.behaviour import read_behaviour
from shoplake.features.histories import Cut, cut_table, seen
from shoplake.features.settings import load_labels
from shoplake.features.training import plan_cuts
from shoplake.feed import materialise
from shoplake.governance.run import Run
from shoplake.models.artifact import LoadedTwoTower
from shoplake.models.config import TwoTowerConfig
from shoplake.models.inputs import (
    COLUMNS,
    ITEM_COLUMNS,
    SNAPSHOT_COLUMNS,
    WEIGHTS,
    TrainInputs,
    training_rows,
)
from shoplake.models.recommenders.lake_config import LakeFamily
from shoplake.models.tracking import Parents, Registry
from shoplake.runtime.revision import code_revision

EXAMPLES, SNAPSHOTS, ITEMS = (
    "gold.training_examples",
    "gold.item_snapshots",
    "gold.item_features",
)
#: What lineage calls the copy of the examples that training reads.
FEED = "feed:examples"


@dataclass(frozen=True)
class TrainingSet:
    """Pinned gold tables that one model version comes from.

    Attributes:
        versions: Delta versions by table.
        cut: the test cut; training labels end at or before it.
        horizon_days: days that labels look ahead.
        texts, products: item texts and product ids by item_index, row 0 the padding's.
    """

    versions: dict[str, int]
    cut: datetime
    horizon_days: int
    texts: list[str]
    products: list[str]

    @property
    def end(self) -> datetime:
        """End of the data that there was: of the test window."""
        return self.cut + timedelta(days=self.horizon_days)

    def fingerprint(self, config: TwoTowerConfig | LakeFamily) -> str:
        """Same tables and settings, same model: it need not be trained again."""
        said = json.dumps([self.versions, asdict(config), self.horizon_days], sort_keys=True)
        return hashlib.sha256(said.encode()).hexdigest()[:32]

    def parents(self, run: Run) -> Parents:
        """What the model version will say it came from."""
        contracts = {
            t: f"{c.version} {c.fingerprint}" for t in self.versions if (c := run.contracts[t])
        }
        split = (
            f"by time: train before {self.cut:%Y-%m-%d}, test the {self.horizon_days} days after"
        )
        return Parents(self.versions, contracts, code_revision(), split)


def pin(run: Run, horizon_days: int) -> TrainingSet:
    """The newest versions of the training set's tables.

    Raises:
        TooYoungError: the shop has too little past for them.
        ModelError: they have not been built.
    """
    versions = run.versions((EXAMPLES, SNAPSHOTS, ITEMS))
    if len(versions) < 3:
        behaviour = read_behaviour(run)
        plan_cuts(behaviour.first, behaviour.as_of, horizon_days, load_labels().dataset)
        raise ModelError("there is no training set", remedy="run the step `dataset` first")
    read = run.reader(versions)
    cut = read(SNAPSHOTS).where("split = 'test'").agg(F.max("as_of")).first()
    if cut is None or cut[0] is None:
        raise ModelError("the training set has no test split", where=SNAPSHOTS)
    wanted = ("item_index", "text", "product_id")
    items = pd.DataFrame(newest_items(read(ITEMS)).select(*wanted).toPandas())
    size = int(items["item_index"].max()) + 1
    texts, products = [""] * size, [""] * size
    for index, text, product in zip(*(items[name] for name in wanted), strict=True):
        texts[index], products[index] = text, product
    return TrainingSet(versions, cut[0], horizon_days, texts, products)


def newest_items(items: DataFrame) -> DataFrame:
    """The rows of gold.item_features as of its newest instant."""
    return items.join(F.broadcast(items.agg(F.max("as_of").alias("as_of"))), "as_of", "left_semi")


def train_inputs(run: Run, pinned: TrainingSet, config: TwoTowerConfig) -> TrainInputs:
    """The files that training reads: a shuffled copy of the examples, and the small tables' own."""
    read = run.reader(pinned.versions)
    folder = Path(run.lake.settings.lake) / "feed"
    examples = materialise(
        training_rows(read(EXAMPLES)),
        folder / "examples",
        source=f"{EXAMPLES}@{pinned.versions[EXAMPLES]} train, {WEIGHTS}",
        key="example_id",
        columns=COLUMNS,
        seed=config.seed,
    )
    lake = run.lake
    return TrainInputs(
        tuple(examples),
        tuple(lake.files(ITEMS, pinned.versions[ITEMS])),
        tuple(lake.files(SNAPSHOTS, pinned.versions[SNAPSHOTS])),
    )


def judge(
    run: Run,
    pinned: TrainingSet,
    model: LoadedTwoTower,
    interactions: DataFrame,
    registry: Registry,
    version: str | None,
) -> Judgement:
    """Judge a trained model on the test split, and the version in service beside it.

    Args:
        run: to read with.
        pinned: the training set.
        model: the trained model.
        interactions: the view of `features.interactions`.
        registry: of the shop's recommender.
        version: of the model, if it is registered.
    """
    read = run.reader(pinned.versions)
    size = len(pinned.texts)
    snapshots = pd.DataFrame(read(SNAPSHOTS).where("split = 'test'").toPandas())
    inputs = (
        pinned.texts,
        _column(snapshots, "log_popularity", size),
        _column(snapshots, "log_recent", size),
        pinned.products,
    )
    holdout, champion = (
        held_out(run, pinned, interactions),
        champion_to_beat(registry, version, run.step),
    )
    examples = pd.DataFrame(read(EXAMPLES).where("split = 'test'").toPandas())
    judged = judge_recommender(
        registry.name,
        model.scorer(*inputs),
        holdout,
        examples,
        cut=pinned.cut,
        horizon_days=pinned.horizon_days,
        champion=(champion.name, champion.model.scorer(*inputs)) if champion else None,
    )
    return fairly(run, judged, champion, pinned.cut, pinned.end)


def held_out(run: Run, pinned: TrainingSet, interactions: DataFrame) -> Holdout:
    """The period after the test cut, and what had been touched before it."""
    read = run.reader(pinned.versions)
    cut = cut_table(run.lake.spark, [Cut(0, pinned.cut, pinned.cut, "test")])
    index = newest_items(read(ITEMS)).select("product_id", "item_index")
    past = seen(interactions, cut).join(F.broadcast(index), "product_id")
    with run.lake.held(past) as before:
        return load_holdout(read(EXAMPLES), read(SNAPSHOTS), before, len(pinned.texts) - 1)


def record(
    run: Run,
    pinned: TrainingSet,
    judged: Judgement,
    parents: Parents,
    registry: Registry,
    version: str,
    *,
    hold: bool,
) -> bool:
    """Write a version's metrics, parents and the decision about it to governance.

    Args:
        hold: a version that is good enough is not promoted yet if there is a champion.

    Returns:
        Whether it is to be promoted.
    """
    name, verdict, champion = registry.name, judged.verdict, registry.champion()
    good: Choice = "hold" if hold and champion is not None else "promote"
    took = verdict.passed and not verdict.keeps_champion
    lead = verdict.champion.difference if verdict.champion else None
    metric = f"{verdict.task} {verdict.metric}" if lead else None
    decision = Decision("baselines", good if took else "keep", verdict.text(), metric, lead)
    facts = facts_of_people(run, judged.people.keys, pinned.cut)
    segments = by_segment(judged.people, verdict.task, facts)
    registry.log_table(version, "segments", segments)
    metrics = [
        (
            *(name, version, r.task, r.metric, r.scorer, float(r.value)),
            *(None if pd.isna(v) else float(v) for v in (r.low, r.high)),
            *(int(r.people), judged.card.text()),
        )
        for r in pd.concat([judged.metrics, segments]).itertuples(index=False)
        if np.isfinite(r.value)
    ]
    read = sorted({*pinned.versions, *FACTS})
    book = DecisionBook(run, name)
    run.together(
        {
            "governance.model_metrics": lambda: _keep(
                run, "governance.model_metrics", metrics, read, name, version
            ),
            "governance.model_data": lambda: record_parents(run, parents, name, version),
            TABLE: lambda: book.record(version, decision, pinned.end, champion, pinned.end),
        }
    )
    return decision.choice == "promote"


def record_parents(run: Run, parents: Parents, name: str, version: str) -> None:
    """Write a version's parents to governance, where an erasure looks for who learnt from whom."""
    rows = [
        (name, version, table, at, parents.contracts[table], parents.split, parents.git_revision)
        for table, at in parents.tables.items()
    ]
    if rows:
        _keep(run, "governance.model_data", rows, list(parents.tables), name, version)


def _keep(
    run: Run, table: str, rows: list[tuple[Any, ...]], inputs: list[str], name: str, version: str
) -> None:
    frame = run.lake.spark.createDataFrame(rows, schema(run.contracts[table]))
    run.build(table, lambda _: frame, inputs=inputs, params=[name, version])


def tell_lineage(run: Run, pinned: TrainingSet, name: str, version: str) -> None:
    """Record what the model version was trained on: the feed, item texts and popularity."""
    read = run.reader(pinned.versions)
    run.lineage.columns(FEED, training_rows(read(EXAMPLES)).select(*COLUMNS))
    run.lineage.flows(
        f"model:{name}/{version}",
        [None],
        read(ITEMS).select(*ITEM_COLUMNS),
        read(SNAPSHOTS).select(*SNAPSHOT_COLUMNS),
        sources={FEED: COLUMNS},
    )


def _column(snapshots: pd.DataFrame, name: str, size: int) -> np.ndarray:
    values = np.zeros(size)
    values[snapshots["item_index"].to_numpy(dtype=np.int64)] = snapshots[name].to_numpy()
    return values
