"""How sure a mean over people is: the percentile bootstrap, resampling people.

Efron & Tibshirani, "An Introduction to the Bootstrap" (1993), chapter 13. Values that come in
groups (the prefixes of a session) are resampled by group: see `clustered`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shoplake.evaluate.metrics import EvaluationError, Values

_CHUNK_BYTES = 32 * 2**20


@dataclass(frozen=True)
class Interval:
    """A mean and its interval."""

    value: float
    low: float
    high: float


def bootstrap_mean(
    values: Values,
    *,
    seed: int,
    resamples: int = 1000,
    level: float = 0.95,
    group: NDArray[np.int64] | None = None,
) -> Interval:
    """The mean of per-person values [P] and its percentile bootstrap interval.

    Equal seeds draw equal resamples for an equal number of people, so give people in a fixed order.

    Args:
        values: [P].
        seed: of the resamples.
        resamples: how many.
        level: of the interval.
        group: [P] what each value belongs to, if several belong together: groups are drawn.

    Raises:
        EvaluationError: no people, or a value is not finite.
    """
    if not len(values) or not np.isfinite(values).all():
        raise EvaluationError(
            "an interval needs at least one person and a finite value for each",
            where=f"{len(values):,} people, {np.isfinite(values).sum():,} finite values",
            remedy="leave out people without a true item; check the horizon and the cut",
        )
    if group is None:
        means = [weights @ values for weights in _resamples(len(values), resamples, seed)]
    else:
        _, group = np.unique(group, return_inverse=True)
        total, size = np.bincount(group, values), np.bincount(group)
        means = [(w @ total) / (w @ size) for w in _resamples(len(size), resamples, seed)]
    tail = (1 - level) / 2
    low, high = np.quantile(np.concatenate(means), [tail, 1 - tail])
    return Interval(float(values.mean()), float(low), float(high))


def paired_difference(
    first: Values,
    second: Values,
    *,
    seed: int,
    resamples: int = 1000,
    level: float = 0.95,
    group: NDArray[np.int64] | None = None,
) -> Interval:
    """The mean of first - second over the same people [P], and its bootstrap interval.

    Pairing takes out what makes a person easy or hard for both, so a small steady lead shows.
    """
    if len(first) != len(second):
        raise EvaluationError(
            f"cannot pair {len(first):,} values with {len(second):,}",
            remedy="score the same people with both",
        )
    return bootstrap_mean(first - second, seed=seed, resamples=resamples, level=level, group=group)


def paired_ratio(
    first: Values, second: Values, *, seed: int, resamples: int = 1000, level: float = 0.95
) -> Interval:
    """The mean of first over that of second, of the same people [P], and its bootstrap interval.

    A resample in which second is 0 throughout counts as infinite.

    Raises:
        EvaluationError: the two do not pair, or the mean of second is 0.
    """
    if len(first) != len(second) or not second.any():
        raise EvaluationError(
            f"no ratio of {len(first):,} values to {len(second):,} with a sum of {second.sum():g}",
            remedy="score the same people with both, and divide by what is not 0",
        )
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = np.concatenate(
            [(w @ first) / (w @ second) for w in _resamples(len(first), resamples, seed)]
        )
    tail = (1 - level) / 2
    low, high = np.quantile(np.nan_to_num(ratios, nan=np.inf, posinf=np.inf), [tail, 1 - tail])
    return Interval(float(first.mean() / second.mean()), float(low), float(high))


def _resamples(people: int, resamples: int, seed: int) -> Iterator[NDArray[np.float64]]:
    """The weight of each person in each resample, [chunk, P], rows summing to 1."""
    random = np.random.default_rng(seed)
    chunk = max(1, _CHUNK_BYTES // (8 * people))
    for start in range(0, resamples, chunk):
        size = min(chunk, resamples - start)
        drawn = random.integers(people, size=(size, people))
        drawn += np.arange(size)[:, None] * people
        counts = np.bincount(drawn.ravel(), minlength=size * people)
        yield counts.reshape(size, people) / people
