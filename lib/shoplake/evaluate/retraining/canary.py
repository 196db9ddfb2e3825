"""The challenger against the champion on people: who got which one's lists was drawn by lot."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from shoplake.evaluate.intervals import Interval
from shoplake.evaluate.offpolicy import interval, resampled


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
    earned = shown.groupby(["model_version", "person_key", "request_id"], as_index=False)["reward"]
    lists = earned.sum()
    sides = [lists[lists["model_version"] == version] for version in (challenger, champion)]
    counts = len(sides[0]), len(sides[1])
    if not all(counts):
        return Canary(counts)
    # Seeds of their own: the two have no person in common, and with one seed the resamples of
    # equal numbers of people would rise and fall together.
    (new, drawn_new), (old, drawn_old) = (
        resampled(
            side[["reward"]].to_numpy(float), pd.factorize(side["person_key"])[0], at, resamples
        )
        for at, side in enumerate(sides, start=2 * seed)
    )
    return Canary(
        counts,
        interval(new[0], drawn_new[0]),
        interval(old[0], drawn_old[0]),
        interval(new[0] - old[0], drawn_new[0] - drawn_old[0]),
    )
