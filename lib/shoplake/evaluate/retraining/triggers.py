"""What calls for training again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from shoplake.evaluate.retraining.settings import TriggerSettings
from shoplake.features.behaviour import Behaviour
from shoplake.governance.drift import stability_index
from shoplake.serve.instant import instant

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_WINDOW = timedelta(days=28)


@dataclass(frozen=True)
class Situation:
    """What has happened since the champion learnt.

    Attributes:
        champion: its version, None while there is none.
        learnt_until: end of its data, None where that is not on record.
        now: end of the data there is.
        before, since: interactions up to `learnt_until`, and after it.
        drift: the population stability index, None where either side bought nothing.
        erasure: the request that erased people it learnt from.
        lost: when a new version last lost against it; None: none has.
    """

    champion: str | None
    learnt_until: datetime | None
    now: datetime
    before: int = 0
    since: int = 0
    drift: float | None = None
    erasure: str | None = None
    lost: datetime | None = None


def due(found: Situation, limits: TriggerSettings) -> list[str]:
    """Why to train, in words; empty: nothing calls for it, or what does has to wait."""
    if found.champion is None:
        return ["no version serves"]
    name = f"version {found.champion}"
    reasons = []
    if found.erasure is not None:
        reasons.append(f"{name} learnt from people who have been erased (request {found.erasure})")
    if waits_until(found, limits) is not None:
        return reasons
    if found.learnt_until is None:
        return [*reasons, f"it is not on record until when {name} learnt"]
    age = (found.now - found.learnt_until) / timedelta(days=1)
    if age >= limits.days:
        reasons.append(f"{name} learnt until {age:.0f} days ago (limit {limits.days:g})")
    share = found.since / max(found.before, 1)
    if share >= limits.new_share:
        reasons.append(
            f"{found.since:,} interactions since, {share:.0%} of those before "
            f"(limit {limits.new_share:.0%})"
        )
    if found.drift is not None and found.drift >= limits.drift:
        reasons.append(
            f"what is bought has shifted between categories: stability index {found.drift:.2f} "
            f"(limit {limits.drift:g})"
        )
    return reasons


def waits_until(found: Situation, limits: TriggerSettings) -> datetime | None:
    """Until when learning again has to wait, because a new version has just lost; None: it has not.

    The same triggers stay due while the champion stays. Without a wait each turn would train on a
    day's more data, and of many tries some win by chance.
    """
    if found.lost is None:
        return None
    until = found.lost + timedelta(days=limits.wait_days)
    return until if found.now < until else None


def look(
    behaviour: Behaviour,
    products: DataFrame,
    champion: str | None,
    learnt_until: datetime | None,
    erasure: str | None,
    lost: datetime | None = None,
) -> Situation:
    """The situation, in one pass over the interactions.

    Args:
        behaviour: the newest interactions.
        products: silver.products.
        champion, learnt_until, erasure, lost: as in `Situation`.
    """
    now = behaviour.as_of
    if champion is None or learnt_until is None:
        return Situation(champion, learnt_until, now, erasure=erasure, lost=lost)
    until = instant(learnt_until)
    current = products.where("is_current").select("product_id", "category")
    late = F.col("at") >= until
    bought = F.col("kind") == "purchase"
    recent = F.col("at") >= instant(learnt_until - _WINDOW)
    rows = (
        behaviour.interactions.join(F.broadcast(current), "product_id", "left")
        .groupBy("category")
        .agg(
            F.count_if(~late).alias("before"),
            F.count_if(late).alias("since"),
            F.count_if(bought & ~late & recent).alias("bought_before"),
            F.count_if(bought & late).alias("bought_since"),
        )
        .collect()
    )
    past, new = [r["bought_before"] for r in rows], [r["bought_since"] for r in rows]
    return Situation(
        champion,
        learnt_until,
        now,
        sum(r["before"] for r in rows),
        sum(r["since"] for r in rows),
        stability_index(new, past) if sum(past) and sum(new) else None,
        erasure,
        lost,
    )
