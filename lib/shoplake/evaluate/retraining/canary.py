"""The challenger against the champion on people: who got which one's lists was drawn by lot."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from shoplake.evaluate.intervals import Interval
from shoplake.evaluate.offpolicy import interval, resampled

_LEVEL = 0.99


@dataclass(frozen=True)
class Canary:
    """Rewards a list of two versions, and how many lists each has shown.

    Attributes:
        lists: of the challenger and the champion.
        new, old, difference: reward a list, with 99% intervals; None until both have shown lists.
    """

    lists: tuple[int, int]
    new: Interval | None = None
    old: Interval | None = None
    difference: Interval | None = None


def canary(
    shown: pd.DataFrame, challenger: str, champion: str, *, seed: int, resamples: int = 2000
) -> Canary:
    """Compare what both versions' own lists earned.

    Each turn looks again, and of some fourteen looks at 95% one in five shows a difference where
    there is none; at 99% each, about one in twenty (Pocock, "Group sequential methods in the design
    and analysis of clinical trials", 1977).

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
        interval(new[0], drawn_new[0], _LEVEL),
        interval(old[0], drawn_old[0], _LEVEL),
        interval(new[0] - old[0], drawn_new[0] - drawn_old[0], _LEVEL),
    )
