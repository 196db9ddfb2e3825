"""Weights for `step rank`: learnt from the lake's clicks, kept for the command, and recorded."""

from __future__ import annotations

from datetime import datetime, timedelta

import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from shoplake.evaluate.retraining.decisions import DecisionBook
from shoplake.evaluate.retraining.verdicts import Decision
from shoplake.evaluate.search_weights import Learnt, learn_weights, moments
from shoplake.governance.run import Run
from shoplake.serve.search import WEIGHTS, ShopSearch
from shoplake.serve.search_lake import impressions, write_weights

#: As governance.model_decisions calls them.
MODEL, FIXED = "search_weights", "fixed"
_SEED = 7
_MONTH = timedelta(days=30)


def weighed(
    run: Run, search: ShopSearch, shown: pd.DataFrame, acts: DataFrame, now: datetime
) -> ShopSearch:
    """Search by the weights that the lake's clicks speak for, which are kept for the command.

    Whether they are used is written down before they are: a run that is killed later decides again.

    Args:
        run: of step rank.
        search: of the lake's products, by the fixed weights.
        shown: rows of `SHOWN`.
        acts: of `features.interactions`.
        now: the end of the data.
    """
    seen = impressions(shown, search.products)
    sold = _sold(acts, moments(seen), search.products) if len(seen) else pd.DataFrame()
    learnt = learn_weights(search, seen, sold, seed=_SEED)
    used = learnt.weights if learnt.passed else WEIGHTS
    _decide(run, learnt, now)
    write_weights(run.lake.settings, used, learnt.reason)
    return search.with_weights(used)


def _sold(acts: DataFrame, times: tuple[datetime, datetime], products: list[str]) -> pd.DataFrame:
    """Product (its place), people and as_of: as many bought it in the 30 days before each time."""
    bought = acts.where("kind = 'purchase'")
    place = {product: at for at, product in enumerate(products)}
    found = []
    for time in times:
        month = (F.col("at") < F.lit(time)) & (F.col("at") >= F.lit(time - _MONTH))
        people = F.count_distinct("person_key").alias("people")
        rows = bought.where(month).groupBy("product_id").agg(people).collect()
        found += [(place[r[0]], r[1], time) for r in rows if r[0] in place]
    return pd.DataFrame(found, columns=["product", "people", "as_of"])


def _decide(run: Run, learnt: Learnt, now: datetime) -> None:
    """Write down whether learnt weights are used, and why; nothing where there were none."""
    if learnt.gain is None:
        return
    decision = Decision(
        "offline", "promote" if learnt.passed else "keep", learnt.reason, "dcg@10", learnt.gain
    )
    DecisionBook(run, MODEL).record(f"{now:%Y-%m-%d}", decision, now, FIXED)
