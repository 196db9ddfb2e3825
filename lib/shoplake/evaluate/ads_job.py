"""The ads of an instant: their model card in governance first, then `gold.ad_scores`.

In this order a run that is killed leaves no scores without a card, and what it left is not made
again: both are of the same pinned tables.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from shoplake.contracts.ddl import schema
from shoplake.evaluate.ads_card import MODEL, SPLIT, card_rows, version_of
from shoplake.evaluate.segments import facts_of_people
from shoplake.governance.run import Read, Run
from shoplake.models.ads.lake import Learnt, ad_rows, learn_ads, shown
from shoplake.models.ads.settings import AdsConfig
from shoplake.runtime.revision import code_revision

METRICS, PARENTS, SCORES = (
    "governance.model_metrics",
    "governance.model_data",
    "gold.ad_scores",
)


@dataclass(frozen=True)
class _Looked:
    """The tables as of the instant, and what was learnt from them."""

    people: DataFrame
    seen: DataFrame
    items: DataFrame
    audience: pd.DataFrame
    offers: pd.DataFrame
    learnt: Learnt | None


def build_ads(run: Run, config: AdsConfig, as_of: datetime, inputs: Sequence[str]) -> None:
    """Build the ads of an instant and their card.

    Args:
        run: to read and write with.
        config: settings.
        as_of: the instant.
        inputs: the tables that ads come from.

    Raises:
        AdsError: there are too few impressions to learn from.
    """
    # Learnt once for both tables.
    pinned = run.pins(inputs)
    built: dict[str, Any] = {"inputs": inputs, "pinned": pinned}

    @cache
    def look() -> _Looked:
        return _look(run.reader(pinned), config, as_of)

    def card(_: Read) -> DataFrame:
        found = look().learnt
        rows = []
        if found is not None:
            keys = found.people.tolist()  # plain texts: Spark takes no others
            facts = facts_of_people(run, keys, as_of).set_index("person_key")
            rows = list(card_rows(found.responses, facts.reindex(keys), as_of))
        return run.lake.spark.createDataFrame(rows, schema(run.contracts[METRICS]))

    def scores(_: Read) -> DataFrame:
        found, contract = look(), run.contracts[SCORES]
        run.lineage.flows(
            SCORES, contract.column_names, found.people, found.seen, found.items, sources={}
        )
        rows = []
        if found.learnt is not None:
            rows = list(ad_rows(found.learnt, found.audience, found.offers, as_of, config))
        return run.lake.spark.createDataFrame(rows, schema(contract))

    def parents(_: Read) -> DataFrame:
        rows = []
        for table, at in run.reader(pinned).versions.items():
            under = run.contracts[table]
            said = f"{under.version} {under.fingerprint}"
            rows.append((MODEL, version_of(as_of), table, at, said, SPLIT, code_revision()))
        return run.lake.spark.createDataFrame(rows, schema(run.contracts[PARENTS]))

    measured = run.build(METRICS, card, params=[MODEL, as_of, config], **built)
    if measured.good:
        run.build(PARENTS, parents, params=[MODEL, as_of], **built)
    run.build(SCORES, scores, params=[as_of, config], **built)


def _look(read: Read, config: AdsConfig, as_of: datetime) -> _Looked:
    def at(table: str) -> DataFrame:
        return read(table).where(F.col("as_of") == F.lit(as_of))

    people, items = at("gold.audiences"), at("gold.item_features")
    seen = shown(read("silver.events"), read("silver.feedback"), read("silver.people"), as_of)
    audience, offers = pd.DataFrame(people.toPandas()), pd.DataFrame(items.toPandas())
    offers = offers.sort_values("product_id").reset_index(drop=True)
    learnt = learn_ads(audience, pd.DataFrame(seen.toPandas()), offers, config)
    return _Looked(people, seen, items, audience, offers, learnt)
