"""What `step rank` learns for search: weights of its parts, and whose vectors it uses."""

from __future__ import annotations

from datetime import datetime, timedelta

import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from shoplake.evaluate.retraining.decisions import DecisionBook
from shoplake.evaluate.retraining.verdicts import Choice, Decision
from shoplake.evaluate.search_encoder import compare_encoders
from shoplake.evaluate.search_past import moments
from shoplake.evaluate.search_weights import Learnt, learn_weights
from shoplake.governance.run import Run
from shoplake.models.relevance.tracking import RankerRegistry
from shoplake.models.search.roles import SPLIT
from shoplake.runtime.console import say
from shoplake.serve.search import ShopSearch
from shoplake.serve.search_lake import Held, impressions, shop_search
from shoplake.serve.search_tuned import Tuned, encoder_or_base, write_tuned

#: As governance.model_decisions calls them, and what they are compared with.
WEIGHTS_MODEL, FIXED = "search_weights", "fixed"
ENCODER_MODEL, UNTOUCHED = "search_encoder", "base"
_SEED = 7
_MONTH = timedelta(days=30)


def candidate(run: Run) -> str | None:
    """The champion of `relevance` if search could use its vectors.

    Not of a cross-encoder, nor of one that may have learnt from the queries it is to be judged on,
    or from somebody who has been erased.
    """
    registry = RankerRegistry.of(run.lake.settings)
    version = registry.champion()
    if version is None or registry.erased(version) is not None:
        return None
    if not registry.parents(version).split.startswith(SPLIT):
        said = f"version {version} of {registry.name} was made before queries were held out"
        say(run.step, f"{said} for search; run the step finetune to have it tried")
        return None
    return version if registry.architecture(version) == "bi_encoder" else None


def tuned_search(
    run: Run, held: Held, acts: DataFrame, now: datetime, version: str | None
) -> ShopSearch:
    """Search by what the lake's clicks speak for, which is kept for the command.

    Whether it is used is written down before it is: a run that is killed later decides again.

    Args:
        run: of step rank.
        held: what search is made of.
        acts: of `features.interactions`.
        now: the end of the data.
        version: of `candidate`.
    """
    search = shop_search(held)
    seen = impressions(held.shown, search.products)
    sold = _sold(acts, moments(seen), search.products) if len(seen) else pd.DataFrame()
    learnt = learn_weights(search, seen, sold, seed=_SEED)
    _decide(run, WEIGHTS_MODEL, f"{now:%Y-%m-%d}", learnt, now, FIXED)
    used = Tuned(learnt.weights if learnt.passed else search.weights, None, (learnt.reason,))
    search = search.with_weights(used.weights)
    if (encoder := encoder_or_base(run.lake.settings, version)) is not None:
        tuned = shop_search(held, encoder)
        found = compare_encoders(search, tuned, seen, sold, seed=_SEED)
        _decide(run, ENCODER_MODEL, str(version), found, now, UNTOUCHED)
        if found.passed:
            used = Tuned(found.weights, version, (*used.reasons, found.reason))
            search = tuned.with_weights(found.weights)
    write_tuned(run.lake.settings, used)
    return search


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


def _decide(
    run: Run, model: str, version: str, learnt: Learnt, now: datetime, against: str
) -> None:
    """Write down whether it is used, and why; nothing where there were too few clicks to tell."""
    if learnt.gain is None:
        return
    choice: Choice = "promote" if learnt.passed else "keep"
    decision = Decision("offline", choice, learnt.reason, "dcg@10", learnt.gain)
    DecisionBook(run, model).record(version, decision, now, against)
