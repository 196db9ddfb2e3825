"""What sending a campaign changed, as far as that can be told without an experiment.

Who is sent a campaign is chosen by the shop, so a plain difference says who was chosen. Compared
are changes: spending on the campaign's products while it ran, less that in as many days before it
(difference in differences), of households that were sent it and of others, the others weighed to
be like them before (inverse odds of a logistic propensity; Hirano, Imbens & Ridder 2003; Abadie
2005). The same is asked of the time before anything was sent: a placebo whose effect is known to be
none (Imbens & Rubin 2015, chapter 21). Where it finds one, the method does not tell the effect.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shoplake.evaluate.coupons import Coupons
from shoplake.evaluate.findings import Figure

Floats = NDArray[np.float64]
#: A propensity nearer to 0 or 1 has nobody to compare with.
_EDGE = 0.02
_LEAST = 20


@dataclass(frozen=True)
class Uplift:
    """Money a household and campaign that sending added, by three ways of asking.

    Attributes:
        naive: who was sent it less who was not, while it ran.
        effect: difference in differences, weighed.
        placebo: the same before it was sent.
        overlap: share of those who were sent it that somebody else is like.
        campaigns: how many could be asked of: those with as many days of sales three times before.
    """

    naive: Figure
    effect: Figure
    placebo: Figure
    overlap: float
    campaigns: int

    @property
    def told(self) -> bool:
        """Whether the placebo finds nothing, as it should."""
        low, high = self.placebo.low, self.placebo.high
        return low is None or high is None or low <= 0 <= high

    def __str__(self) -> str:
        def money(figure: Figure) -> str:
            return f"{figure.value:.2f} ({figure.low:.2f} to {figure.high:.2f})"

        said = (
            f"sent less not sent {money(self.naive)} a household and campaign; difference in"
            f" differences {money(self.effect)}; the same before anything was sent"
            f" {money(self.placebo)}; {self.overlap:.0%} of who was sent have others like them;"
            f" {self.campaigns} campaigns"
        )
        verdict = "the placebo finds nothing" if self.told else "the placebo finds an effect"
        return f"{said}: {verdict}, so the effect can{'' if self.told else 'not'} be told this way"


@dataclass(frozen=True)
class _Asked:
    """One campaign: who [n], weights [n] that sum to 1 and -1, and what each way compares [n]."""

    who: NDArray[np.int64]
    plain: Floats
    now: Floats
    change: Floats
    before: Floats
    weight: Floats
    earlier: Floats
    size: int
    overlap: float


def effect_of_sending(coupons: Coupons, *, seed: int, resamples: int = 200) -> Uplift | None:
    """Ask of all campaigns together, each by how many were sent it; None where none can be asked.

    Args:
        coupons: the layout.
        seed: of the resamples of households.
        resamples: for 95% percentile intervals; weights stay as they are.
    """
    found = [a for c in range(len(coupons.ids)) if (a := _asked(coupons, c)) is not None]
    if not found:
        return None
    draw, count = np.random.default_rng(seed), len(coupons.households)
    times = np.ones((resamples + 1, count))
    times[1:] = draw.multinomial(count, np.full(count, 1 / count), size=resamples)
    ways = {
        "naive": [(a, a.plain, a.now) for a in found],
        "effect": [(a, a.weight, a.change) for a in found],
        "placebo": [(a, a.earlier, a.before) for a in found],
    }
    figures = {name: _pooled(parts, times) for name, parts in ways.items()}
    sizes = np.array([a.size for a in found], float)
    overlap = float(np.average([a.overlap for a in found], weights=sizes))
    return Uplift(**figures, overlap=overlap, campaigns=len(found))


def _asked(coupons: Coupons, c: int) -> _Asked | None:
    start, days = coupons.start[c], int((coupons.end[c] - coupons.start[c]).astype(int)) + 1
    first, last = coupons.bought_on.min(), coupons.bought_on.max()
    if start - 3 * days < first or coupons.end[c] > last or not len(coupons.offered[c]):
        return None
    on_offer = np.asarray(coupons.covers[coupons.offered[c]].sum(axis=0)).ravel() > 0
    these = on_offer[coupons.bought]
    starts = [start - step * days for step in range(4)]
    spent = [_spent(coupons, these, day, days) for day in starts]
    whole = [_spent(coupons, None, day, days) for day in starts]
    who = np.flatnonzero(whole[1] + whole[2] + whole[3] > 0)
    sent = np.isin(who, coupons.sent[c])
    if min(sent.sum(), (~sent).sum()) < _LEAST:
        return None
    often = np.zeros(len(coupons.households))
    for earlier in np.flatnonzero(coupons.start < start):
        often[coupons.sent[int(earlier)]] += 1

    def known(steps: Sequence[int]) -> Floats:
        return np.stack([*(np.log1p(t[s][who]) for t in (spent, whole) for s in steps), often[who]])

    weight, overlap = _odds(known((1, 2)), sent)
    earlier, _ = _odds(known((2, 3)), sent)
    if weight is None or earlier is None:
        return None
    plain = np.where(sent, 1 / sent.sum(), -1 / (~sent).sum())
    return _Asked(
        who,
        plain,
        spent[0][who],
        (spent[0] - spent[1])[who],
        (spent[1] - spent[2])[who],
        weight,
        earlier,
        int(sent.sum()),
        overlap,
    )


def _spent(
    coupons: Coupons, these: NDArray[np.bool_] | None, start: np.datetime64, days: int
) -> Floats:
    """Money of each household within some days, on some sales or on all."""
    inside = (coupons.bought_on >= start) & (coupons.bought_on < start + days)
    if these is not None:
        inside &= these
    buyer, spent = coupons.buyer[inside], coupons.spent[inside]
    return np.bincount(buyer, spent, minlength=len(coupons.households)).astype(float)


def _odds(known: Floats, sent: NDArray[np.bool_]) -> tuple[Floats | None, float]:
    """Weights of those sent (equal, 1 in all) and of the others (by their odds, -1 in all)."""
    from sklearn.linear_model import LogisticRegression

    scale = (known - known.mean(axis=1, keepdims=True)) / (known.std(axis=1, keepdims=True) + 1e-9)
    chance = (
        LogisticRegression(C=10.0, max_iter=500).fit(scale.T, sent).predict_proba(scale.T)[:, 1]
    )
    inside = (chance >= _EDGE) & (chance <= 1 - _EDGE)
    mine, theirs = sent & inside, ~sent & inside
    if min(mine.sum(), theirs.sum()) < _LEAST:
        return None, 0.0
    odds = np.where(theirs, chance / (1 - chance), 0.0)
    return mine / mine.sum() - odds / odds.sum(), float(mine.sum() / sent.sum())


def _pooled(parts: Sequence[tuple[_Asked, Floats, Floats]], times: Floats) -> Figure:
    """The mean over campaigns by size, with an interval over resamples of households."""
    total, sizes = np.zeros(len(times)), 0.0
    for asked, weight, value in parts:
        drawn = times[:, asked.who]
        up, down = np.maximum(weight, 0), np.maximum(-weight, 0)
        mine = drawn @ (up * value) / np.maximum(drawn @ up, 1e-12)
        theirs = drawn @ (down * value) / np.maximum(drawn @ down, 1e-12)
        total += asked.size * (mine - theirs)
        sizes += asked.size
    found = total / sizes
    low, high = np.percentile(found[1:], [2.5, 97.5])
    return Figure(float(found[0]), float(low), float(high))
