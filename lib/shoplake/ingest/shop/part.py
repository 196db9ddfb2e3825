"""One part of the people: lived day by day, made dirty and written; what one Spark task does."""

from __future__ import annotations

from collections import defaultdict
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from shoplake.ingest.shop.catalogue import (
    Catalogue,
    Market,
    build_catalogue,
    build_market,
    product_records,
)
from shoplake.ingest.shop.choice import best_list
from shoplake.ingest.shop.config import ShopConfig, Stream, generator
from shoplake.ingest.shop.dirt import bot_session, plant
from shoplake.ingest.shop.files import TOLD, Row, Rows, happened, write_part
from shoplake.ingest.shop.people import person_number
from shoplake.ingest.shop.reactions import Reactions, Recommended
from shoplake.ingest.shop.shopper import RECORDED, Shopper
from shoplake.ingest.shop.visit import Visit

Counts = defaultdict[tuple[str, str], float]
"""(measure, name) to number: rows of an entity, plants of a kind of dirt, files, lists' values."""
_BOTS, _REACTED, _PRODUCTS = 100, 200, 300  # ids of dirt streams, beyond those of RECORDED


@lru_cache(maxsize=2)
def shop_of(config: ShopConfig, days: int) -> tuple[Catalogue, Market]:
    """The catalogue and its market over days 0..days-1; each worker builds it, it is not sent."""
    catalogue = build_catalogue(config)
    return catalogue, build_market(config, catalogue, days)


def members(config: ShopConfig, part: int) -> range:
    """Numbers of the people of a part."""
    first = part * config.people_per_file
    return range(first, min(first + config.people_per_file, config.people))


def simulate_part(
    config: ShopConfig, out: Path, part: int, first_day: int, last_day: int,
    recommendations: pd.DataFrame | None = None,
) -> Counts:  # fmt: skip
    """Write one part's files for first_day..last_day.

    Args:
        recommendations: the lists shown to people of this part: person_id, product_id, rank,
            model_version, request_id. Reactions go to files of their own, `reactions-*`, so that
            the files of ordinary behaviour do not depend on what was recommended.
    """
    catalogue, market = shop_of(config, last_day + 1)
    counts: Counts = defaultdict(float)
    lists = {} if recommendations is None else _lists(config, catalogue, recommendations, counts)
    ordinary, reacted = _no_rows(*RECORDED, "sessions"), _no_rows("feedback", "orders")
    ordinary[TOLD] = []

    def keep(rows: Rows, into: Rows) -> None:
        for name, more in rows.items():
            into[name].extend(r for r in more if first_day <= r.arrives <= last_day)

    for number in members(config, part):
        shopper = Shopper(config, catalogue, market, number)
        reactions = Reactions(shopper, lists[number]) if number in lists else None
        bots = generator(config, Stream.DIRT, number, _BOTS)
        for day in np.flatnonzero(shopper.visits).tolist():
            if reactions is not None and day >= first_day:
                for index, (entity, rows) in enumerate(reactions.react(day).items()):
                    ids = number, _REACTED + index, day
                    keep(_dirty(config, entity, rows, ids), reacted)
            Visit(shopper, day).happen()
            keep(bot_session(bots, config, catalogue, number, day), ordinary)
        for index, (entity, rows) in enumerate(shopper.rows.items()):
            keep(_dirty(config, entity, rows, (number, index)), ordinary)
        keep({TOLD: shopper.told}, ordinary)
        if reactions is not None:
            counts["list", "shown"] += reactions.shown
            counts["list", "expected_purchases"] += reactions.expected
            counts["list", "best_purchases"] += reactions.best
    _write(out, ordinary, f"part-{part:05d}", first_day, last_day, counts)
    if recommendations is not None:
        _write(out, reacted, f"reactions-{part:05d}", first_day, last_day, counts)
    return counts


def simulate_catalogue(config: ShopConfig, out: Path, first_day: int, last_day: int) -> Counts:
    """Write the product files of first_day..last_day."""
    catalogue, market = shop_of(config, last_day + 1)
    rows, counts = _no_rows("products"), Counts(float)
    for day in range(first_day, last_day + 1):
        records = product_records(catalogue, market, day)
        # Duplicates of products arrive the same day: an older statement is not sent again later.
        sent = _dirty(
            config, "products", [happened(day, 0, r) for r in records], (0, _PRODUCTS, day)
        )
        for name, more in sent.items():
            rows[name].extend(r._replace(arrives=day) for r in more)
    _write(out, rows, "catalogue", first_day, last_day, counts)
    return counts


def best_part(config: ShopConfig, part: int, day: int, length: int) -> pd.DataFrame:
    """Each person's `length` items in stock of highest utility as `day` begins, best first."""
    catalogue, market = shop_of(config, day + 1)
    lists = []
    for number in members(config, part):
        shopper = Shopper(config, catalogue, market, number)
        for visited in np.flatnonzero(shopper.visits[:day]).tolist():
            Visit(shopper, visited).happen()
        wanted = np.where(market.available[day], shopper.utilities(day), -np.inf)
        best = best_list(wanted, min(length, int(market.available[day].sum())))
        lists.append(
            pd.DataFrame({
                "person_id": shopper.person.online_id,
                "product_id": [catalogue.ids[i] for i in best],
                "rank": np.arange(1, len(best) + 1, dtype=np.int32),
                "model_version": "best",
                "request_id": f"best-{day}-{number}",
            })
        )  # fmt: skip
    return pd.concat(lists, ignore_index=True)


def _lists(
    config: ShopConfig, catalogue: Catalogue, given: pd.DataFrame, counts: Counts
) -> dict[int, Recommended]:
    """Person number to the list of their first identity; what the shop does not know is counted."""
    index = {sku: i for i, sku in enumerate(catalogue.ids)}
    lists: dict[int, Recommended] = {}
    for (person_id, request_id), rows in given.groupby(["person_id", "request_id"], sort=True):
        number = person_number(str(person_id))
        if number is None or number >= config.people:
            counts["list", "unknown_people"] += 1
            continue
        ranked = rows.sort_values(["rank", "product_id"])
        items = [index.get(str(sku).strip().upper()) for sku in ranked["product_id"]]
        counts["list", "unknown_products"] += items.count(None)
        known = list(dict.fromkeys(i for i in items if i is not None))
        version = str(ranked["model_version"].iloc[0])
        lists.setdefault(number, Recommended(str(person_id), known, version, str(request_id)))
    return lists


def _no_rows(*entities: str) -> Rows:
    return {name: [] for entity in entities for name in (entity, f"truth/{entity}")}


def _dirty(config: ShopConfig, entity: str, rows: list[Row], ids: tuple[int, ...]) -> Rows:
    return plant(rows, entity, config.dirt, generator(config, Stream.DIRT, *ids))


def _write(out: Path, rows: Rows, name: str, first_day: int, last_day: int, counts: Counts) -> None:
    sent = {entity: r for entity, r in rows.items() if entity != "sessions"}
    for entity, written in write_part(out, sent, name, first_day, last_day).items():
        if not entity.startswith("truth/"):
            counts["rows", entity] += written.rows
        counts["files", "written"] += written.written
        counts["files", "unchanged"] += written.unchanged
    for entity, truths in rows.items():
        if entity.startswith("truth/") and entity != TOLD:
            for truth in truths:
                counts["dirt", str(truth.record["dirt"])] += 1
