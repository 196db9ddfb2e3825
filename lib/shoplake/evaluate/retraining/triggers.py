"""What calls for training again."""

from __future__ import annotations

from collections.abc import Sequence
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
#: A trigger is looked at each day for years.
_SURE = 0.999


@dataclass(frozen=True)
class Situation:
    """What has happened since the champion learnt.

    Attributes:
        champion: its version, None while there is none.
        learnt_until: end of its data, None where that is not on record.
        now: end of the data there is.
        before, since: interactions up to `learnt_until`, and after it.
        drift: what `shift` finds; None where either side bought nothing.
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
            f"beyond chance (limit {limits.drift:g})"
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


def shift(now: Sequence[int], then: Sequence[int]) -> float | None:
    """The population stability index beyond what samples of these sizes show without any shift.

    Of n and m draws from one distribution over k categories the index is about (1/n + 1/m) times a
    chi-square of k - 1 degrees of freedom (Yurdakul & Naranjo, "Statistical properties of the
    population stability index", Journal of Risk Model Validation, 2020): its mean is taken off, and
    what is within 99.9% of it is no shift at all.

    Args:
        now, then: counts by category.

    Returns:
        0 or more; None where either side has no rows.
    """
    from scipy.stats import chi2

    # A category that nobody bought from on either side says nothing, and is no degree of freedom.
    bought = [(a, b) for a, b in zip(now, then, strict=True) if a or b]
    now, then = [a for a, _ in bought], [b for _, b in bought]
    n, m = sum(now), sum(then)
    if not n or not m:
        return None
    found, free = stability_index(now, then), len(now) - 1
    noise = 1 / n + 1 / m
    if free < 1 or found <= noise * chi2.ppf(_SURE, free):
        return 0.0
    return max(0.0, found - noise * free)


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
        shift(new, past),
        erasure,
        lost,
    )
