"""From a lake's purchases to a judged version of any family: `jobs/train.py` without towers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from pyspark.sql import DataFrame

from shoplake.evaluate.champion import Champion, champion_to_beat, fairly
from shoplake.evaluate.lake_moments import Instant, LakeItems, LakeReader
from shoplake.evaluate.recommender import Judgement, judge_ranking
from shoplake.evaluate.training import ITEMS, SNAPSHOTS, TrainingSet, held_out, pin, record
from shoplake.features.behaviour import TABLES
from shoplake.governance.run import Run
from shoplake.ingest.mapping_model import Mapping
from shoplake.models.artifact import finished
from shoplake.models.config import TwoTowerConfig, load_two_tower, model_file
from shoplake.models.inputs import SNAPSHOT_COLUMNS
from shoplake.models.recommenders.config import OF_TITLES
from shoplake.models.recommenders.content import title_vectors
from shoplake.models.recommenders.lake_config import LakeFamily, is_lake_family, load_lake_family
from shoplake.models.recommenders.lake_model import LakeModel, load_lake_model, save_lake_model
from shoplake.models.recommenders.lake_ranker import LakeRanker, Moment
from shoplake.models.recommenders.near import speaking_for
from shoplake.models.recommenders.parts import Part
from shoplake.models.recommenders.seen_features import ItemFacts
from shoplake.models.recommenders.tracking import register_family
from shoplake.models.tracking import Registry
from shoplake.runtime.console import Clock, say

_TITLE_DIMENSIONS = 96
#: The part whose pairs give the ranker's reasons.
_SPEAKS = "item_knn"


def planned(
    run: Run, model: str, mapping: Mapping
) -> tuple[TrainingSet, TwoTowerConfig | LakeFamily]:
    """What a model would be trained on, and its settings.

    Args:
        model: conf/models/<model>.yml, or a file; named like a family it is one, else a two-tower.
        mapping: the shop's.

    Raises:
        ModelError: there is no training set.
        SettingsError: a key is unknown, missing or of a wrong type.
    """
    pinned = pin(run, mapping.horizon_days)
    if not is_lake_family(model):
        return pinned, load_two_tower(model_file(model))
    pinned = replace(pinned, versions={**pinned.versions, **run.versions(TABLES)})
    return pinned, load_lake_family(model, mapping.history_length)


def train_family(
    run: Run, pinned: TrainingSet, family: LakeFamily, registry: Registry, *, hold: bool
) -> None:
    """Learn before the test cut, judge beside the baselines, register, promote if earned.

    Args:
        pinned, family: what `planned` returns.
        registry: of the shop's recommender; all families are versions of one registered model.
        hold: leave the champion, if there is one.
    """
    fingerprint = pinned.fingerprint(family)
    version = registry.find(fingerprint)
    if version is not None and registry.verdict(version) is not None:
        say(run.step, f"{registry.name} version {version} [dim]unchanged[/]")
        return
    made = finished(Path(run.lake.settings.lake) / "runs" / fingerprint)
    reader = LakeReader(run, pinned, family.history_length)
    with run.lake.held(reader.view()) as view:
        instants = reader.instants(view, training=family.ranker is not None)
        if version is None and not made.is_dir():
            save_lake_model(made, learn(reader, family, instants))
        model = _loaded(registry, version, made)
        champion = champion_to_beat(registry, version, run.step)
        judged = judge_family(reader, model, instants[-1], view, registry.name, champion)
    parents = pinned.parents(run)
    if version is None:
        version = register_family(
            registry, made, family, parents,
            fingerprint=fingerprint, metrics=judged.scalars(registry.name),
            privacy=model.spent(),
        )  # fmt: skip
    take = record(run, pinned, judged, parents, registry, version, hold=hold)
    tell_lineage(reader, registry.name, version)
    took = registry.promote(version, take, judged.verdict.text())
    say(run.step, f"version {version} is {'champion' if took else 'not promoted'}")


def _loaded(registry: Registry, version: str | None, made: Path) -> LakeModel:
    if version is None:
        return load_lake_model(made)
    return registry.fetch(version, load_lake_model, "remove the version and train again")


def learn(reader: LakeReader, family: LakeFamily, instants: list[Instant]) -> LakeModel:
    """A model from what there was at the test cut; a ranker from the training cuts before it.

    Args:
        instants: of `LakeReader.instants`; the test cut is the last.
    """
    items, clock, step = reader.items(), Clock(), reader.run.step
    vectors = np.zeros((len(items.texts), 1), dtype=np.float32)
    if OF_TITLES & {part.name for part in family.parts.values()}:
        vectors = title_vectors(items.texts, _TITLE_DIMENSIONS)

    def fitted(instant: Instant) -> dict[str, Part]:
        found = {n: Part.fitted(f, instant.seen, vectors) for n, f in family.parts.items()}
        people = f"{len(instant.keys):,} people of cut {instant.snapshot}"
        say(step, f"{people} [dim]{clock.seconds:.0f} s[/]")
        return found

    def moments() -> Iterator[Moment]:
        for instant in instants[:-1]:
            facts = facts_of(instant, items)
            truth = reader.bought_after(instant)
            yield Moment(instant.seen, facts, fitted(instant), truth)

    ranker = LakeRanker.learned(family.ranker, moments()) if family.ranker else None
    if ranker is not None:
        say(step, f"ranker over {', '.join(family.parts)} [dim]{clock.seconds:.1f} s[/]")
    parts = fitted(instants[-1])
    near = speaking_for(parts.get(_SPEAKS) or next(iter(parts.values())), len(items.product_ids))
    return LakeModel(family, items.product_ids, items.category, near, parts, ranker)


def facts_of(instant: Instant, items: LakeItems) -> ItemFacts:
    """Items as of a cut."""
    return ItemFacts(instant.log_popularity[1:], instant.log_recent[1:], items.category)


def judge_family(
    reader: LakeReader,
    model: LakeModel,
    cut: Instant,
    view: DataFrame,
    name: str,
    champion: Champion | None = None,
) -> Judgement:
    """Judge on the test split, with the very scorer that would serve at the cut.

    Args:
        model: the trained model.
        cut: the test cut.
        view: of `LakeReader.view`.
        name: what to call the model in the results.
        champion: the version in service, judged on the same.
    """
    pinned = reader.pinned
    inputs = pinned.texts, cut.log_popularity, cut.log_recent, pinned.products
    judged = judge_ranking(
        name,
        model.scorer(*inputs),
        held_out(reader.run, pinned, view),
        cut=pinned.cut,
        horizon_days=pinned.horizon_days,
        task=model.family.decides_on,
        champion=(champion.name, champion.model.scorer(*inputs)) if champion else None,
    )
    judged = fairly(reader.run, judged, champion, pinned.cut, pinned.end)
    said = replace(judged.verdict, model=f"{name} ({model.family.name})")
    return replace(judged, verdict=said)


def tell_lineage(reader: LakeReader, name: str, version: str) -> None:
    """Record what the version was trained on: interactions, items and popularity."""
    read = reader.run.reader(reader.pinned.versions)
    reader.run.lineage.flows(
        f"model:{name}/{version}",
        [None],
        read(ITEMS).select("product_id", "item_index", "text", "category"),
        read(SNAPSHOTS).select(*SNAPSHOT_COLUMNS),
        reader.view().select("person_key", "product_id", "kind", "at", "taken_back_at"),
        sources={},
    )
