"""The lake's people and impressions for audiences and ads, and their rows in gold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from scipy.sparse import csr_array

from shoplake.features.interactions import POSITIVE, happened_before, instant
from shoplake.models.ads.audiences import lookalikes, person_vectors
from shoplake.models.ads.examples import Floats
from shoplake.models.ads.impressions import Response, Showings, learn_responses
from shoplake.models.ads.pacing import paced_bids
from shoplake.models.ads.settings import AdsConfig, AudienceConfig

_KEPT = 200_000


def addressable(interactions: DataFrame, people: DataFrame, as_of: datetime) -> DataFrame:
    """What people who agreed to advertising did: person_key, product_id, n and last bought.

    Nobody without consent is read any further, not even to find who is alike.
    """
    agreed = people.where("consent").select("person_key")
    bought = F.col("kind") == "purchase"
    return (
        interactions.where(happened_before(instant(as_of)))
        .where(F.col("kind").isin(*POSITIVE))
        .join(agreed, "person_key", "left_semi")
        .groupBy("person_key", "product_id")
        .agg(
            F.sum(F.when(bought, 3).otherwise(1)).alias("n"),
            F.max(F.when(bought, F.col("at"))).alias("bought_at"),
        )
    )


def audience_rows(
    done: pd.DataFrame, category: dict[str, str], as_of: datetime, config: AudienceConfig, seed: int
) -> Iterator[tuple[Any, ...]]:
    """Rows of gold.audiences: one audience a category.

    Args:
        done: of `addressable`.
        category: of each product; products without one seed no audience.
        as_of: the instant.
        config: settings.
        seed: of the decomposition.
    """
    if done.empty:
        return
    done = done.sort_values(["person_key", "product_id"])
    people, person = np.unique(done["person_key"].to_numpy(dtype=str), return_inverse=True)
    items, item = np.unique(done["product_id"].to_numpy(dtype=str), return_inverse=True)
    counts = csr_array((done["n"].to_numpy(float), (person, item)), shape=(len(people), len(items)))
    since = pd.Timestamp(as_of).tz_localize(None) - timedelta(days=config.seed_days)
    lately = (pd.to_datetime(done["bought_at"]).dt.tz_localize(None) >= since).to_numpy()
    kind = done["product_id"].map(category).to_numpy(dtype=object)
    seeds = {
        str(name): np.unique(person[lately & (kind == name)])
        for name in sorted({k for k in kind[lately] if isinstance(k, str)})
    }
    vectors = person_vectors(counts, config.dimension, seed)
    model = f"svd of what people did, {vectors.shape[1]} dimensions"
    for found in lookalikes(vectors, seeds, config):
        for rank, (who, alike, own) in enumerate(
            zip(found.people, found.similarity, found.is_seed, strict=True), 1
        ):
            yield (found.name, as_of, str(people[who]), rank, float(alike), bool(own), model)


def shown(events: DataFrame, feedback: DataFrame, people: DataFrame, as_of: datetime) -> DataFrame:
    """Impressions before `as_of`: person_key, product_id, day, position, clicked, bought.

    Of people who agreed to advertising: nobody else is learnt from either.

    A click or purchase counts if it was of the same session (or request) and product, and not
    before the product was shown: the impression had no part in that. Of more than
    200,000 sessions' worth of impressions, sessions are drawn evenly.
    """
    parts = [
        events.where("NOT is_bot").select("kind", "person_key", "product_id", "position",
            F.col("session_id").alias("visit"), F.col("occurred_at").alias("at")),
        feedback.select("kind", "person_key", "product_id", "position",
            F.col("request_id").alias("visit"), F.col("occurred_at").alias("at")),
    ]  # fmt: skip
    agreed = people.where("consent").select("person_key")
    seen = parts[0].unionByName(parts[1]).where(F.col("at") < instant(as_of))
    seen = seen.join(agreed, "person_key", "left_semi")

    def when(kind: str) -> Any:
        return F.when(F.col("kind") == kind, F.col("at"))

    first = F.min(when("impression"))

    def followed(kind: str) -> Any:
        return F.coalesce(F.max(when(kind)) >= first, F.lit(False))

    return (
        seen.where("product_id IS NOT NULL AND visit IS NOT NULL")
        .groupBy("visit", "person_key", "product_id")
        .agg(
            F.to_date(first).alias("day"),
            F.min(F.when(F.col("kind") == "impression", F.col("position"))).alias("position"),
            followed("click").alias("clicked"),
            followed("purchase").alias("bought"),
        )
        .where("day IS NOT NULL")
        .orderBy(F.xxhash64("visit"), "product_id")
        .limit(_KEPT)
    )


@dataclass(frozen=True)
class Learnt:
    """Models of responses, and what they were learnt from.

    Attributes:
        responses: of "clicked" and "bought".
        showings: what was shown.
        people: person_key by code.
        first: the day that is 0 in `showings`.
    """

    responses: dict[str, Response]
    showings: Showings
    people: NDArray[np.str_]
    first: pd.Timestamp


def learn_ads(
    audience: pd.DataFrame, impressions: pd.DataFrame, items: pd.DataFrame, config: AdsConfig
) -> Learnt | None:
    """Learn what people respond to; None where a shop tells of no impressions of its products.

    Args:
        audience: rows of gold.audiences as of an instant.
        impressions: of `shown`.
        items: gold.item_features as of then, by product_id, numbered from 0.
        config: settings.

    Raises:
        AdsError: there are too few impressions to learn from.
    """
    place = {p: i for i, p in enumerate(items["product_id"])}
    known = impressions[impressions["product_id"].isin(place)]
    if audience.empty or known.empty:
        return None
    kind, kinds = pd.factorize(items["category"].fillna(""), sort=True)
    person, people = pd.factorize(
        pd.concat([known["person_key"], audience["person_key"]]), sort=True
    )
    first = pd.to_datetime(known["day"]).min()
    product = known["product_id"].map(place).to_numpy(np.int64)
    showings = Showings(
        pd.DataFrame(
            {
                "person": person[: len(known)],
                "product": product,
                "category": kind[product],
                "day": (pd.to_datetime(known["day"]) - first).dt.days.to_numpy(np.int64),
                "position": known["position"].fillna(1).to_numpy(float),
                "log_price": _log_price(items)[product],
                "clicked": known["clicked"].to_numpy(bool),
                "bought": known["bought"].to_numpy(bool),
            }
        ),
        (len(people), len(items), len(kinds)),
    )
    return Learnt(learn_responses(showings, config), showings, people.to_numpy(dtype=str), first)


def ad_rows(
    learnt: Learnt,
    audience: pd.DataFrame,
    items: pd.DataFrame,
    as_of: datetime,
    config: AdsConfig,
) -> Iterator[tuple[Any, ...]]:
    """Rows of gold.ad_scores: each person's best offers of the audience's category.

    Args:
        learnt: of `learn_ads`, with the same audience and items.
        audience: rows of gold.audiences as of then.
        items: gold.item_features as of then, by product_id, numbered from 0.
        as_of: the instant.
        config: settings.
    """
    responses, showings = learnt.responses, learnt.showings
    who = dict(zip(learnt.people, range(len(learnt.people)), strict=True))
    kind, _ = pd.factorize(items["category"].fillna(""), sort=True)
    price = _log_price(items)
    model = "; ".join(f"{k}: {r}" for k, r in responses.items())
    today = (pd.Timestamp(as_of).tz_localize(None) - learnt.first).days
    campaign = config.campaign
    for name, members in audience.groupby("audience", sort=True):
        offers = items.index[(items["category"] == name) & items["available"]].to_numpy()
        best = np.argsort(-items["log_popularity"].to_numpy(float)[offers], kind="stable")
        offers = offers[best[: 4 * campaign.offers]]
        if not len(offers):
            continue
        keys = members["person_key"].to_numpy(dtype=str)
        asked = pd.DataFrame(
            {
                "person": np.repeat([who[k] for k in keys], len(offers)),
                "product": np.tile(offers, len(keys)),
                "category": kind[np.tile(offers, len(keys))],
                "day": today,
                "position": 1.0,
                "log_price": np.tile(price[offers], len(keys)),
            }
        )
        examples = showings.examples(asked)
        click, buy = (r.probability(examples) for r in responses.values())
        buy = np.minimum(buy, click)
        value = buy * np.tile(np.expm1(price[offers]), len(keys)) * campaign.margin
        order = np.argsort(-value.reshape(len(keys), -1), axis=1, kind="stable")
        top = order[:, : campaign.offers]
        rows = (np.arange(len(keys))[:, None] * len(offers) + top).ravel()
        bid = paced_bids(click[rows], value[rows], budget=campaign.budget, limit=campaign.bid_limit)
        ids = items["product_id"].to_numpy(dtype=str)[asked["product"].to_numpy()[rows]]
        for i, row in enumerate(rows):
            yield (
                str(name),
                as_of,
                str(keys[i // top.shape[1]]),
                str(ids[i]),
                i % top.shape[1] + 1,
                float(click[row]),
                float(buy[row]),
                float(value[row]),
                float(bid[i]),
                float(click[row] * bid[i]),
                model,
            )


def _log_price(items: pd.DataFrame) -> Floats:
    return np.asarray(np.log1p(items["price"].fillna(0).to_numpy(float)))
