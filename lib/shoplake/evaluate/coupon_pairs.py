"""Every household and coupon of a campaign, with what was known when the campaign began."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from shoplake.evaluate.coupons import PEOPLE, Coupons
from shoplake.evaluate.metrics import EvaluationError
from shoplake.models.ads.examples import Examples, Floats

_NUMBERS = (
    "campaigns before",
    "redemptions before",
    "share of coupons redeemed",
    "days since redemption",
    "spend",
    "spend in 60 days",
    "days since purchase",
    "uses coupons",
    "days of the campaign",
    "coupons in it",
    "products of the coupon",
    "private brand",
    "rate of the coupon",
    "rate of its category",
    "rate of its department",
    "spend on its products",
    "spend on its category",
    "spend on its department",
    "redemptions in its category",
    "redemptions in its department",
)
#: Columns of `_NUMBERS` that are baselines by themselves.
HOUSEHOLD_RATE, COUPON_RATE = 2, 13


@dataclass(frozen=True)
class Pairs:
    """Households with the coupons of campaigns they were sent.

    Attributes:
        examples: features as of the campaign's first day.
        redeemed: [n] within the campaign and before the cut.
        household: [n] index of the household.
        campaign: [n] index of the campaign.
    """

    examples: Examples
    redeemed: np.ndarray
    household: np.ndarray
    campaign: np.ndarray


def pairs(coupons: Coupons, campaigns: np.ndarray, cut: np.datetime64) -> Pairs:
    """All pairs of these campaigns; redemptions on the cut's day or later are not known."""
    parts = [_campaign(coupons, int(c), cut) for c in campaigns if len(coupons.sent[int(c)])]
    parts = [part for part in parts if len(part[2])]
    if not parts:
        raise EvaluationError("no household was sent a coupon in these campaigns")
    numbers, categories, household, redeemed, campaign = (
        np.concatenate([part[i] for part in parts]) for i in range(5)
    )
    codes = [pd.factorize(values, sort=True) for values in coupons.people.values()]
    examples = Examples(
        numbers.astype(np.float32),
        np.concatenate([categories, np.stack([c[0][household] + 1 for c in codes], 1)], axis=1),
        (
            int(coupons.kind.max()) + 1,
            int(coupons.department.max()) + 2,
            int(coupons.category.max()) + 2,
            *(len(c[1]) + 1 for c in codes),
        ),
        _NUMBERS,
        ("campaign type", "department", "category", *PEOPLE),
    )
    return Pairs(examples, redeemed, household, campaign)


def _campaign(coupons: Coupons, c: int, cut: np.datetime64) -> tuple[np.ndarray, ...]:
    day, who, upcs = coupons.start[c], coupons.sent[c], coupons.offered[c]
    shape = (len(who), len(upcs))
    before = coupons.redeemed_on < day
    past, when = coupons.redeemed[before], coupons.redeemed_on[before]
    earlier = [p for p in range(len(coupons.ids)) if coupons.start[p] < day]
    person = _person(coupons, day, who, past, when, earlier)
    coupon = _coupon(coupons, c, upcs, past, earlier)
    crossed = _crossed(coupons, day, who, upcs, past)
    numbers = [np.broadcast_to(v[:, None], shape) for v in person]
    numbers += [np.broadcast_to(v[None], shape) for v in coupon]
    numbers += crossed
    kinds = (
        np.full(len(upcs), coupons.kind[c]),
        coupons.coupon_department[upcs] + 1,
        coupons.coupon_category[upcs] + 1,
    )
    categories = [np.broadcast_to(k[None], shape).ravel() for k in kinds]
    label = np.zeros(shape, np.bool_)
    mine = (coupons.redeemed[:, 2] == c) & (coupons.redeemed_on < cut)
    rows = np.searchsorted(who, coupons.redeemed[mine, 0])
    columns = np.searchsorted(upcs, coupons.redeemed[mine, 1])
    ok = np.isin(coupons.redeemed[mine, 0], who) & np.isin(coupons.redeemed[mine, 1], upcs)
    label[rows[ok], columns[ok]] = True
    return (
        np.stack([n.ravel() for n in numbers], axis=1),
        np.stack(categories, axis=1),
        np.repeat(who, len(upcs)),
        label.ravel(),
        np.full(label.size, c),
    )


def _person(
    coupons: Coupons,
    day: np.datetime64,
    who: np.ndarray,
    past: np.ndarray,
    when: np.ndarray,
    earlier: list[int],
) -> list[Floats]:
    n = len(coupons.households)
    campaigns, offers = np.zeros(n), np.zeros(n)
    for p in earlier:
        campaigns[coupons.sent[p]] += 1
        offers[coupons.sent[p]] += len(coupons.offered[p])
    redeemed = np.bincount(past[:, 0], minlength=n)
    overall = redeemed.sum() / max(offers.sum(), 1)
    rate = (redeemed + 50 * overall) / (offers + 50)
    known = coupons.bought_on < day
    buyer, on = coupons.buyer[known], coupons.bought_on[known]
    fresh = on >= day - 60
    spend = np.bincount(buyer, coupons.spent[known], minlength=n)
    recent = np.bincount(buyer[fresh], coupons.spent[known][fresh], minlength=n)
    users = np.bincount(buyer, coupons.with_coupon[known], minlength=n)
    found = [
        campaigns,
        redeemed,
        rate,
        _days_since(day, past[:, 0], when, n),
        np.log1p(spend),
        np.log1p(recent),
        _days_since(day, buyer, on, n),
        users / np.maximum(np.bincount(buyer, minlength=n), 1),
    ]
    return [np.asarray(column, float)[who] for column in found]


def _coupon(
    coupons: Coupons, c: int, upcs: np.ndarray, past: np.ndarray, earlier: list[int]
) -> list[Floats]:
    exposed = np.zeros(len(coupons.upcs))
    for p in earlier:
        exposed[coupons.offered[p]] += len(coupons.sent[p])
    redeemed = np.bincount(past[:, 1], minlength=len(coupons.upcs)).astype(float)
    overall = redeemed.sum() / max(exposed.sum(), 1)

    def rate(codes: np.ndarray, prior: float, base: Floats | float) -> Floats:
        size = int(codes.max()) + 1
        shown = np.bincount(codes, exposed, minlength=size)
        taken = np.bincount(codes, redeemed, minlength=size)
        return np.asarray((taken[codes] + prior * base) / (shown[codes] + prior))

    department = rate(coupons.coupon_department, 2000, overall)
    category = rate(coupons.coupon_category, 1000, department)
    own = rate(np.arange(len(coupons.upcs)), 500, category)
    length = float((coupons.end[c] - coupons.start[c]).astype(int))
    columns: list[Floats] = [
        np.full(len(upcs), length),
        np.full(len(upcs), np.log1p(len(upcs))),
        np.log1p(coupons.coupon_size[upcs]),
        coupons.coupon_private[upcs],
        *(np.log(np.maximum(r[upcs], 1e-6)) for r in (own, category, department)),
    ]
    return columns


def _crossed(
    coupons: Coupons, day: np.datetime64, who: np.ndarray, upcs: np.ndarray, past: np.ndarray
) -> list[np.ndarray]:
    known = (coupons.bought_on < day) & (coupons.bought >= 0)
    buyer, item, spent = coupons.buyer[known], coupons.bought[known], coupons.spent[known]
    n = len(coupons.households)

    def spend(codes: np.ndarray) -> csr_array:
        size = int(codes.max()) + 1
        return csr_array((spent, (buyer, codes[item])), shape=(n, size))

    products = csr_array((spent, (buyer, item)), shape=(n, len(coupons.products)))[who]
    on_products = (products @ coupons.covers[upcs].T).toarray()
    category = spend(coupons.category)[who][:, coupons.coupon_category[upcs]].toarray()
    department = spend(coupons.department)[who][:, coupons.coupon_department[upcs]].toarray()

    def taken(codes: np.ndarray) -> np.ndarray:
        size = int(codes.max()) + 1
        ones = np.ones(len(past))
        return csr_array((ones, (past[:, 0], codes[past[:, 1]])), shape=(n, size))[who][
            :, codes[upcs]
        ].toarray()

    return [
        np.log1p(on_products),
        np.log1p(category),
        np.log1p(department),
        taken(coupons.coupon_category),
        taken(coupons.coupon_department),
    ]


def _days_since(day: np.datetime64, who: np.ndarray, when: np.ndarray, n: int) -> Floats:
    """Days since the last of a household's dates [n]; NaN where there is none."""
    last = np.full(n, np.nan)
    days = (day - when).astype("timedelta64[D]").astype(float)
    order = np.argsort(-days, kind="stable")
    last[who[order]] = days[order]
    return last
