"""Who buys again, lapses and spends: three families beside simple rules, at a later cut."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from shoplake.evaluate.behaviour_figures import amounts, chances
from shoplake.evaluate.findings import Figure, Findings
from shoplake.evaluate.metrics import EvaluationError
from shoplake.evaluate.timing import timed
from shoplake.models.ads.calibrate import calibrated_apart, fit_calibration
from shoplake.models.behaviour.features import DAY, features, spent
from shoplake.models.behaviour.learners import MODELS, Floats, Kind, learn
from shoplake.models.behaviour.settings import BehaviourConfig

BASELINES = ["same for all", "recency", "frequency", "same as last month"]
_LEAST = 50


@dataclass(frozen=True)
class Cut:
    """People at an instant: features, and what each then did by target."""

    at: pd.Timestamp
    x: pd.DataFrame
    y: dict[str, Floats]


def judge(
    judged: pd.DataFrame, other: pd.DataFrame | None, config: BehaviourConfig, seed: int
) -> Findings:
    """Learn at earlier cuts, calibrate and choose at a later one, judge at the last.

    Raises:
        EvaluationError: the period or the number of people is too small.
    """
    notes: list[str] = []
    lines, cut, short, long = _period(judged, other, config, notes)
    start = lines["at"].min().normalize()
    targets: dict[str, Kind] = {f"buy {short}": "chance", f"lapse {long}": "chance",
                                f"spend {short}": "amount", f"spend {long}": "amount"}  # fmt: skip

    def at(moment: pd.Timestamp) -> Cut:
        x = features(lines, moment)
        y: dict[str, Floats] = {}
        for days in (short, long):
            bought, money = spent(lines, x.index, moment, days)
            y |= {f"spend {days}": money}
            if days == short:
                y[f"buy {short}"] = bought.astype(float)
            if days == long:
                y[f"lapse {long}"] = 1.0 - bought
        return Cut(moment, x, y)

    last = at(cut)
    first = judged["at"].min().normalize()
    before = lines["at"][lines["at"] < first]
    told = first if before.empty else before.max().normalize() + DAY
    middle = at(clear_of(cut - long * DAY, long, told, first))
    early: list[Cut] = []
    moment = clear_of(middle.at - long * DAY, long, told, first)
    while (moment - start) / DAY >= config.least_history and len(early) < config.cuts:
        early.append(at(moment))
        moment = clear_of(moment - short * DAY, long, told, first)
    if not early or min(len(middle.x), len(last.x)) < _LEAST:
        raise EvaluationError(
            f"{len(last.x):,} people and {max((cut - start) / DAY, 0):.0f} days before "
            f"{cut:%Y-%m-%d}",
            remedy=f"give {_LEAST} people or more, and {2 * long + config.least_history} days "
            f"before the {long} that are judged (earlier ones of the same shop as --train)",
        )
    figures: dict[str, dict[str, Figure]] = {name: {} for name in (*BASELINES, *MODELS)}
    loss = dict.fromkeys(MODELS, 0.0)
    seconds: dict[str, float] = {}
    for target, kind in targets.items():
        said, validated = _said(early, middle, last, target, kind, config, seed, seconds)
        judge_by = chances if kind == "chance" else amounts
        for name, row in judge_by(last.y[target], said, BASELINES, target, seed).items():
            figures[name] |= row
        if kind == "chance":
            for name in MODELS:
                loss[name] += _log_loss(middle.y[target], validated[name])
            quality = said
    main = f"auc buy {short}"
    champion = min(loss, key=lambda name: loss[name])
    lead = figures[champion][main].lead
    if lead is not None and lead[1] <= 0:
        notes.append("no model leads the strongest rule beyond its interval here")
        champion = max(BASELINES, key=lambda name: figures[name][main].value)
    return Findings(
        "behaviour",
        {
            "question": f"of everybody who bought before {cut:%Y-%m-%d}: who buys within {short} "
            f"days, who buys nothing in {long} (lapse), who spends how much",
            "learned on": f"{len(early)} cuts up to {early[0].at:%Y-%m-%d}, then refitted with "
            f"{middle.at:%Y-%m-%d}; no label reaches beyond {cut:%Y-%m-%d}",
            "calibrated and chosen on": f"{middle.at:%Y-%m-%d}, {len(middle.x):,} people; log loss "
            + ", ".join(f"{name} {value:.4f}" for name, value in loss.items()),
            "metrics": "auc, log_loss, brier of chances; mae of money, of predicted medians",
            "leads": "gains over the best baseline by auc or mae: + is better, also where less is",
            "interval": "95% percentile bootstrap over people, paired",
            "units": f"{len(last.x):,} people",
            "quality by segment": _segments(last, f"lapse {long}", quality[champion]),
        },
        figures,
        BASELINES,
        champion,
        main,
        notes,
        seconds,
    )


def clear_of(
    moment: pd.Timestamp, days: int, told: pd.Timestamp, again: pd.Timestamp
) -> pd.Timestamp:
    """The moment, or an earlier one whose `days` to come hold none of [told, again).

    Of these days, between the two folders, neither tells: they are not days without a purchase.
    """
    reaches = told < again and moment < again and moment + days * DAY > told
    return told - days * DAY if reaches else moment


def _period(
    judged: pd.DataFrame, other: pd.DataFrame | None, config: BehaviourConfig, notes: list[str]
) -> tuple[pd.DataFrame, pd.Timestamp, int, int]:
    """All lines, the judged cut, and the days of the short and the long horizon."""
    first = judged["at"].min().normalize()
    end = judged["at"].max().normalize() + DAY
    lines = judged
    if other is not None:
        if other["person"].isin(judged["person"]).any():
            lines = pd.concat([other[other["at"] < first], judged], ignore_index=True)
        else:
            notes.append(
                "the training folder has no person in common with the judged one: not used"
            )
    days = (end - lines["at"].min().normalize()) / DAY
    long = config.long if days >= config.long_needs else config.short
    cut = end - long * DAY
    if len(lines) > len(judged):
        cut = max(cut, first)
        long = int((end - cut) / DAY)
    if long == config.short:
        notes.append(f"the data is short: lapse is to buy nothing in {long} days")
    return lines, cut, min(config.short, long), long


def _said(
    early: list[Cut], middle: Cut, last: Cut, target: str, kind: Kind, config: BehaviourConfig,
    seed: int, seconds: dict[str, float],
) -> tuple[dict[str, Floats], dict[str, Floats]]:  # fmt: skip
    """What every model says at the last cut, and what it said at the middle one."""
    said: dict[str, Floats] = {}
    validated: dict[str, Floats] = {}
    truth = middle.y[target]
    for name in BASELINES:
        before, now = (_rule(name, cut, target, kind, truth) for cut in (middle, last))
        validated[name], said[name] = _calibrated(before, now, truth, kind)
    x, y = _joined(early, target)
    full_x, full_y = _joined([*early, middle], target)
    mx, lx = middle.x.to_numpy(), last.x.to_numpy()
    for name in MODELS:
        with timed(seconds, name):
            ks = config.neighbours if name == MODELS[2] else (0,)
            tries = {k: learn(name, x, y, kind, config, seed, k)(mx) for k in ks}
            k = min(tries, key=lambda k: _error(truth, tries[k], kind))
            final = learn(name, full_x, full_y, kind, config, seed, k)(lx)
        validated[name], said[name] = _calibrated(tries[k], final, truth, kind)
    return said, validated


def _calibrated(before: Floats, now: Floats, truth: Floats, kind: Kind) -> tuple[Floats, Floats]:
    if kind == "amount":
        return before, now
    who = np.arange(len(truth))
    curve = fit_calibration(before, truth > 0, who)
    # The model is chosen by what is said of people who did not make the curve.
    return calibrated_apart(before, truth > 0, who), curve.apply(now)


def _rule(name: str, cut: Cut, target: str, kind: Kind, truth: Floats) -> Floats:
    """A simple rule's score of each person, in (0, 1) for a chance."""
    x, days = cut.x, float(target.split()[1])
    if kind == "amount":
        rate = np.expm1(x["spend"]) / x["tenure_days"].clip(lower=days) * days
        month = np.expm1(x["spend_30"]) * days / 30
        late = np.expm1(x["order_value"]).where(x["recency_days"] <= days, 0)
        found = {BASELINES[0]: np.full(len(x), np.median(truth)), BASELINES[1]: late,
                 BASELINES[2]: rate, BASELINES[3]: month}[name]  # fmt: skip
        return np.asarray(found, dtype=np.float64)
    again = {
        BASELINES[0]: np.full(len(x), truth.mean()),
        BASELINES[1]: 1 / (1 + x["recency_days"] / 30),
        BASELINES[2]: 1 - np.exp(-x["orders"] * days / x["tenure_days"].clip(lower=days)),
        BASELINES[3]: 0.25 + 0.5 * (x["orders_30"] > 0),
    }[name]
    flipped = target.startswith("lapse") and name != BASELINES[0]
    found = np.asarray(1 - again if flipped else again, dtype=np.float64)
    return np.clip(found, 1e-4, 1 - 1e-4)


def _joined(cuts: list[Cut], target: str) -> tuple[Floats, Floats]:
    return (
        np.concatenate([cut.x.to_numpy() for cut in cuts]),
        np.concatenate([cut.y[target] for cut in cuts]),
    )


def _error(truth: Floats, said: Floats, kind: Kind) -> float:
    return _log_loss(truth, said) if kind == "chance" else float(np.abs(truth - said).mean())


def _log_loss(truth: Floats, said: Floats) -> float:
    said = np.clip(said, 1e-12, 1 - 1e-12)
    return float(-np.where(truth > 0, np.log(said), np.log1p(-said)).mean())


def _segments(cut: Cut, target: str, said: Floats) -> dict[str, Any]:
    """What the champion says and what happened, by how long and how well people are known."""
    found = {}
    x, truth = cut.x, cut.y[target]
    for name, who in {
        "new (known for 30 days or less)": x["tenure_days"] <= 30,
        "light (one or two orders)": (x["orders"] <= 2) & (x["tenure_days"] > 30),
        "regular": (x["orders"] > 2) & (x["tenure_days"] > 30),
    }.items():
        rows = who.to_numpy()
        if rows.any():
            found[name] = (
                f"{rows.sum():,} people, {target}: said {said[rows].mean():.1%}, seen "
                f"{truth[rows].mean():.1%}, log loss {_log_loss(truth[rows], said[rows]):.3f}"
            )
    return found
