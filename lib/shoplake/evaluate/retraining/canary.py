"""The challenger against the champion on people: who got which one's lists was drawn by lot."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from shoplake.evaluate.intervals import Interval


@dataclass(frozen=True)
class Canary:
    """Rewards a list of two versions, and how many lists each has shown.

    Attributes:
        lists: of the challenger and the champion.
        new, old, difference: reward a list; None until both have shown lists.
    """

    lists: tuple[int, int]
    new: Interval | None = None
    old: Interval | None = None
    difference: Interval | None = None


def canary(
    shown: pd.DataFrame, challenger: str, champion: str, *, seed: int, resamples: int = 1000
) -> Canary:
    """Compare what both versions' own lists earned.

    Args:
        shown: rows of `showings.shown` since the canary began.
        challenger, champion: versions.
        seed: of the resamples, which draw people with all their lists.
    """
    lists = shown.groupby(["model_version", "person_key", "request_id"])["reward"].sum()
    sides = [
        lists.loc[version].groupby("person_key").agg(["sum", "size"]).to_numpy(float)
        if version in lists.index.get_level_values(0)
        else np.zeros((0, 2))
        for version in (challenger, champion)
    ]
    counts = int(sides[0][:, 1].sum()), int(sides[1][:, 1].sum())
    if not all(counts):
        return Canary(counts)
    random = np.random.default_rng(seed)
    drawn = [_means(side, random, resamples) for side in sides]
    values = [side[:, 0].sum() / side[:, 1].sum() for side in sides]
    new, old, lead = (
        Interval(float(value), *(float(edge) for edge in np.quantile(spread, [0.025, 0.975])))
        for value, spread in (
            *zip(values, drawn, strict=True),
            (values[0] - values[1], drawn[0] - drawn[1]),
        )
    )
    return Canary(counts, new, old, lead)


def _means(side: np.ndarray, random: np.random.Generator, resamples: int) -> np.ndarray:
    people = len(side)
    times = [
        np.bincount(random.integers(people, size=people), minlength=people) @ side
        for _ in range(resamples)
    ]
    totals = np.stack(times)
    return np.asarray(totals[:, 0] / totals[:, 1])
