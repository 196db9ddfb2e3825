"""The lake's sales and catalogue, and the panel they make."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from shoplake.features.interactions import instant
from shoplake.models.demand.panel import DemandError, Panel, Returns, season_of

#: Days. "Infinity" is a number in JSON texts, too.
_LONGEST_LEAD = 730


def sales_lines(orders: DataFrame, as_of: datetime) -> DataFrame:
    """Product, day, units and money of sales before `as_of`, and units taken back a day.

    One row a product, day of sale and day of return (null: kept). Lines whose quantity is an
    outlier are left out: a single bulk order says nothing about the next weeks.
    """
    lines = orders.where("line_kind = 'product'").where(F.col("ordered_at") < instant(as_of))
    sales = lines.where("kind = 'sale' AND NOT is_outlier")
    back = lines.where("kind = 'cancellation' AND cancels_order_line_id IS NOT NULL").select(
        F.col("cancels_order_line_id").alias("order_line_id"),
        F.col("order_date").alias("returned_on"),
        F.col("quantity").alias("returned"),
    )
    kept = sales.select(
        "product_id",
        F.col("order_date").alias("sold_on"),
        F.lit(None).cast("date").alias("returned_on"),
        "quantity",
        F.col("amount").cast("double").alias("amount"),
    )
    taken = sales.join(back, "order_line_id").select(
        "product_id",
        F.col("order_date").alias("sold_on"),
        "returned_on",
        F.col("returned").alias("quantity"),
        F.lit(0.0).alias("amount"),
    )
    return (
        kept.unionByName(taken)
        .groupBy("product_id", "sold_on", "returned_on")
        .agg(F.sum("quantity").alias("quantity"), F.sum("amount").alias("amount"))
    )


def catalogue_at(products: DataFrame, as_of: datetime) -> DataFrame:
    """Products as of then: product_id, name, stock, price and lead_days (null where not said).

    `listed_at` is when the product was first told of.
    `lead_days` is the attribute restocking_lead_time, in calendar days; what is not 0 to 730 of
    them is no lead time.
    """
    at = instant(as_of)
    lead = F.get_json_object("attributes", "$.restocking_lead_time").try_cast("double")
    listed = products.groupBy("product_id").agg(F.min("valid_from").alias("listed_at"))
    return (
        products.where("kind = 'product'")
        .where(
            (F.col("valid_from") < at) & (F.col("valid_to").isNull() | (F.col("valid_to") >= at))
        )
        .select(
            "product_id",
            "name",
            "stock",
            F.col("price").cast("double").alias("price"),
            F.when(lead.between(0, _LONGEST_LEAD), lead).alias("lead_days"),
        )
        .join(listed, "product_id")
    )


def panel_of(lines: pd.DataFrame, names: dict[str, str]) -> tuple[Panel, list[str]]:
    """The panel of `sales_lines`, and the product of each series.

    Raises:
        DemandError: nothing was sold.
    """
    sales = lines[lines["returned_on"].isna()]
    if sales.empty:
        raise DemandError(
            "no product was sold", where="silver.orders", remedy="run the step `refine` first"
        )
    dates = pd.DatetimeIndex(np.sort(pd.to_datetime(sales["sold_on"]).unique()))
    products, series = np.unique(sales["product_id"].to_numpy(dtype=str), return_inverse=True)
    period = dates.get_indexer(pd.to_datetime(sales["sold_on"]))
    sold = np.zeros((len(products), len(dates)), np.float32)
    value = np.zeros_like(sold)
    np.add.at(sold, (series, period), sales["quantity"].to_numpy(np.float32))
    np.add.at(value, (series, period), sales["amount"].to_numpy(np.float32))
    price = pd.DataFrame(np.where(sold > 0, value / np.maximum(sold, 1), np.nan))
    back = lines[lines["returned_on"].notna()]
    returned = np.searchsorted(dates, pd.to_datetime(back["returned_on"]))
    season = len(np.unique(dates[-28:].dayofweek))
    panel = Panel(
        dates,
        sold,
        season_of(dates, "day", season),
        season,
        np.argmax(sold > 0, axis=1),
        price.ffill(axis=1).to_numpy(np.float32),
        np.zeros(len(dates), np.bool_),
        names=tuple(names.get(p, "") for p in products),
        returns=Returns(
            np.searchsorted(products, back["product_id"].to_numpy(dtype=str)),
            dates.get_indexer(pd.to_datetime(back["sold_on"])),
            np.minimum(returned, len(dates) - 1),
            back["quantity"].to_numpy(np.float32),
        ),
    )
    return panel, [str(p) for p in products]
