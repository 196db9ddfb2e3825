"""Who redeems which coupon: response models beside popularity, by a split in time."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from shoplake.evaluate.clustered import Scored, clustered_figures
from shoplake.evaluate.coupon_pairs import COUPON_RATE, HOUSEHOLD_RATE, Pairs, pairs
from shoplake.evaluate.coupons import Coupons
from shoplake.evaluate.findings import Findings
from shoplake.evaluate.metrics import EvaluationError
from shoplake.evaluate.uplift import effect_of_sending
from shoplake.models.ads.calibrate import calibrated_apart, fit_calibration
from shoplake.models.ads.examples import Floats
from shoplake.models.ads.responses import fit_response
from shoplake.models.ads.settings import AdsConfig, load_ads

BASELINES = ["same for all", "household's rate", "coupon's category rate", "household x coupon"]
MODELS = ("logistic", "boosted_trees", "cross_network")
MEAN = "mean of models"
_TEST_SHARE, _VALIDATION_SHARE = 0.25, 0.15
_NEVER = np.datetime64("2200-01-01")
_LEAST_GROUP = 30


def judge_redemptions(data: Path, train: Path | None, *, seed: int) -> Findings:
    """Learn on earlier campaigns, choose on the next, judge on the last.

    Raises:
        EvaluationError: files are missing or there are too few campaigns.
    """
    config = load_ads()
    coupons = Coupons(*([train, data] if train else [data]))
    after = Coupons(train).start.max() if train else None
    learn, choose, judge = split_campaigns(coupons, after)
    starts = coupons.start
    to_judge = starts[judge].min()
    early = pairs(coupons, learn, starts[choose].min())
    middle = pairs(coupons, choose, to_judge)
    late = pairs(coupons, judge, _NEVER)
    both = pairs(coupons, np.concatenate([learn, choose]), to_judge)
    validated, said, seconds = _probabilities(early, middle, both, late, config)
    loss = {name: Scored(middle.redeemed, p).measures() for name, p in validated.items()}
    champion = min((*MODELS, MEAN), key=lambda name: loss[name]["log_loss"])
    figures = clustered_figures(late.redeemed, said, late.household, BASELINES, seed=seed)

    def described(part: Pairs) -> str:
        ids = ", ".join(coupons.ids[np.unique(part.campaign)])
        return f"{len(part.redeemed):,} pairs, {part.redeemed.sum():,} redeemed; campaigns {ids}"

    return Findings(
        "ads",
        {
            "layout": "dunnhumby",
            "unit": "a household and a coupon of a campaign it was sent",
            "split": "by campaigns' first days: learn, choose and calibrate, judge; the final "
            "models learn on the first two; nothing after a campaign's first day is a feature",
            "learn": described(early),
            "choose": described(middle),
            "judge": f"from {to_judge}: {described(late)}",
            "calibration": "Platt or isotonic, by log-loss on the campaigns to choose on",
            "champion": "by log-loss on the campaigns to choose on: "
            + ", ".join(f"{name} {loss[name]['log_loss']:.5f}" for name in (*MODELS, MEAN)),
            "ties": "count half (auc) and are shared out (lift)",
            "interval": "95% percentile bootstrap over households, 200 resamples",
            "fairness": fairness(coupons, late, said[champion]),
            "uplift": str(effect_of_sending(coupons, seed=seed) or "no campaign can be asked of"),
        },
        figures,
        BASELINES,
        champion,
        "auc",
        [
            "uplift: who is sent a campaign was chosen by the grocer, not by chance; the plain "
            "difference says who was chosen, and the other ways stand beside a placebo",
            "campaigns of Type A send each household 16 coupons of the pool, and the data does not "
            "say which: all of the pool count as sent, so rates there are understated",
            *_left_out(coupons),
        ],
        seconds,
    )


def _left_out(coupons: Coupons) -> list[str]:
    if not coupons.left_out:
        return []
    return [f"{coupons.left_out:,} mailings and sales name no household, product or time: left out"]


def split_campaigns(
    coupons: Coupons, after: np.datetime64 | None
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Campaigns to learn from, to choose on and to judge, by first day.

    The last ones with at least a quarter of the mailings are judged (or those that begin after
    `after`), those before with at least 15% of them choose.

    Raises:
        EvaluationError: a part would be empty.
    """
    order = np.argsort(coupons.start, kind="stable")
    start = coupons.start[order]
    mailings = np.array([len(coupons.sent[c]) for c in order], float)
    from_end = np.cumsum(mailings[::-1])[::-1] / max(mailings.sum(), 1)
    to_judge = start[from_end >= _TEST_SHARE].max() if after is None else after + 1
    rest = start < to_judge
    if rest.any():
        share = np.cumsum((mailings * rest)[::-1])[::-1] / max(mailings.sum(), 1)
        enough = start[rest & (share >= _VALIDATION_SHARE)]
        to_choose = enough.max() if len(enough) else start[0]
        parts = (start < to_choose, rest & (start >= to_choose), ~rest)
        if all(part.any() for part in parts):
            return order[parts[0]], order[parts[1]], order[parts[2]]
    raise EvaluationError(
        f"{len(order)} campaigns cannot be split by time into three parts",
        remedy="give campaigns that begin on at least three different days"
        + ("" if after is None else f", some after {after}"),
    )


def _probabilities(
    early: Pairs, middle: Pairs, both: Pairs, late: Pairs, config: AdsConfig
) -> tuple[dict[str, Floats], dict[str, Floats], dict[str, float]]:
    """Calibrated probabilities of the campaigns to choose on and of those to judge."""
    validated: dict[str, Floats] = {}
    said: dict[str, Floats] = {}
    seconds: dict[str, float] = {}
    rate = float(middle.redeemed.mean())
    validated[BASELINES[0]] = np.full(len(middle.redeemed), rate)
    said[BASELINES[0]] = np.full(len(late.redeemed), rate)
    for name in BASELINES[1:]:
        began = time.monotonic()
        before, now = _popularity(name, middle), _popularity(name, late)
        curve = fit_calibration(before, middle.redeemed, middle.household)
        validated[name] = calibrated_apart(before, middle.redeemed, middle.household)
        said[name] = curve.apply(now)
        seconds[name] = round(time.monotonic() - began, 1)
    for name in MODELS:
        began = time.monotonic()
        first = fit_response(name, early.examples, early.redeemed, config)
        before = first.probability(middle.examples)
        curve = fit_calibration(before, middle.redeemed, middle.household)
        final = fit_response(name, both.examples, both.redeemed, config)
        validated[name] = calibrated_apart(before, middle.redeemed, middle.household)
        said[name] = curve.apply(final.probability(late.examples))
        seconds[name] = round(time.monotonic() - began, 1)
    for found in (validated, said):
        found[MEAN] = np.mean([found[name] for name in MODELS], axis=0)
    return validated, said, seconds


def _popularity(name: str, pairs: Pairs) -> Floats:
    household = pairs.examples.numbers[:, HOUSEHOLD_RATE].astype(float)
    coupon = np.exp(pairs.examples.numbers[:, COUPON_RATE].astype(float))
    value = {
        BASELINES[1]: household,
        BASELINES[2]: coupon,
        BASELINES[3]: np.sqrt(household * coupon),
    }[name]
    return np.clip(value, 1e-9, 1)


def fairness(coupons: Coupons, pairs: Pairs, said: Floats) -> dict[str, dict[str, str]]:
    """What is said and what happened in each income and age group: for the model card."""
    found: dict[str, dict[str, str]] = {}
    for name in ("income", "age"):
        group = coupons.people[name].to_numpy(dtype=str)[pairs.household]
        table = pd.DataFrame(
            {"group": group, "said": said, "seen": pairs.redeemed, "who": pairs.household}
        )
        found[name] = {}
        for value, rows in table.groupby("group"):
            if rows["who"].nunique() < _LEAST_GROUP or rows["seen"].nunique() < 2:
                continue
            auc = Scored(rows["seen"].to_numpy(), rows["said"].to_numpy())
            found[name][str(value)] = (
                f"{rows['who'].nunique()} households, said {rows['said'].mean():.2%}, "
                f"seen {rows['seen'].mean():.2%}, auc {auc.measures()['auc']:.3f}"
            )
    return found
