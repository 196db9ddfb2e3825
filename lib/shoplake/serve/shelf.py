"""What can be shown as of a batch, the same until one of its tables changes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from shoplake.runtime.few import Few
from shoplake.serve.catalogue import Catalogue, load_catalogue
from shoplake.serve.fallback import Fallback, build_fallback, recent_popularity
from shoplake.serve.live import available_now
from shoplake.serve.stock import PLAN, in_supply

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from shoplake.governance.run import Pinned
    from shoplake.serve.settings import ServeSettings

ITEMS = "gold.item_features"
#: Tables that a shelf is read from.
TABLES = (ITEMS, PLAN, "silver.products", "silver.orders", "silver.people")
_SHELVES: dict[tuple[object, ...], Shelf] = {}


@dataclass(frozen=True)
class Shelf:
    """The items of a batch, what of them can be had now, and what was popular then.

    Attributes:
        items: one `as_of` of gold.item_features.
        index: product_id and item_index of the items, in the driver where they are few.
        popular: of `recent_popularity`.
        catalogue: the items.
        fallback: for people without a history.
    """

    items: DataFrame
    index: DataFrame
    popular: DataFrame
    catalogue: Catalogue
    fallback: Fallback

    def gone(self) -> list[str]:
        """product_id of the items that cannot be had."""
        return [str(i) for i in self.catalogue.product_ids[1:][~self.catalogue.available[1:]]]


def shelf(read: Pinned, settings: ServeSettings, since: datetime) -> Shelf:
    """The shelf of the batch of an instant; read once for each state of its tables.

    Args:
        read: of at least `TABLES`.
        settings: of serving.
        since: the batch's instant.
    """
    versions = tuple(read.versions.get(table) for table in TABLES)
    key = read.run.lake.settings.lake, since, versions, repr(settings)
    if key not in _SHELVES:
        _SHELVES.clear()
        _SHELVES[key] = _read(read, settings, since)
    return _SHELVES[key]


def _read(read: Pinned, settings: ServeSettings, since: datetime) -> Shelf:
    items = read(ITEMS).where(F.col("as_of") == F.lit(since))
    supplied = in_supply(items, read(PLAN), since, settings.exclude_short_days)
    index = Few.of(items.select("product_id", "item_index")).frame
    catalogue = load_catalogue(available_now(supplied, read("silver.products")))
    people = read("silver.people").withColumn("group", F.coalesce("segment", "country"))
    popular = recent_popularity(read("silver.orders"), people, "group", since)
    return Shelf(items, index, popular, catalogue, build_fallback(catalogue, settings, popular))
