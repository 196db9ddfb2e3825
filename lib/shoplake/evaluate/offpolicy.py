"""What a policy that was not run would have earned, from the log of one that was.

Estimators, with w = policy(action) / logging(action) and q a model of the reward:

- IPS: mean of w r (Horvitz & Thompson 1952; Strehl et al., NeurIPS 2010).
- SNIPS: sum of w r / sum of w (Swaminathan & Joachims, NeurIPS 2015).
- DM, the direct method: mean of the policy's expected q.
- DR, doubly robust: DM plus the mean of w (r - q) (Dudik, Langford & Li, ICML 2011).

Saito et al., "Open Bandit Dataset and Pipeline" (NeurIPS Datasets 2021), compare them on this data.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shoplake.evaluate.intervals import Interval
from shoplake.evaluate.metrics import EvaluationError

Floats = NDArray[np.float64]
ESTIMATORS = ("IPS", "SNIPS", "DM", "DR")


@dataclass(frozen=True)
class Log:
    """n rounds of a policy that was run.

    Attributes:
        action, place: [n] what was shown, and where.
        reward: [n] what came of it.
        propensity: [n] probability with which the policy showed it, above 0.
    """

    action: NDArray[np.int64]
    place: NDArray[np.int64]
    reward: Floats
    propensity: Floats

    def __post_init__(self) -> None:
        if not len(self.action):
            raise EvaluationError("the log has no rounds")
        bad = ~((self.propensity > 0) & (self.propensity <= 1))
        if bad.any():
            raise EvaluationError(
                f"{bad.sum():,} propensities are not above 0 and at most 1",
                where=f"first in round {int(bad.argmax()):,}",
                remedy="leave out rounds whose probability was not logged",
            )


def estimate(
    log: Log,
    policy: Floats,
    q: Floats | None = None,
    *,
    seed: int,
    resamples: int = 1000,
    level: float = 0.95,
) -> dict[str, Interval]:
    """The policy's mean reward by each estimator, with percentile bootstrap intervals over rounds.

    Args:
        log: of the policy that was run.
        policy: [n, A] the new policy's probabilities in each round, or [places, A].
        q: [n, A] expected reward, of a model that has not seen the round; None: IPS and SNIPS only.
        seed: of the resamples, which all estimators share.

    Raises:
        EvaluationError: the policy's probabilities do not sum to 1.
    """
    parts = _parts(log, policy, q)
    rows = np.arange(len(parts))
    mean, drawn = resampled(parts, rows, seed, resamples)
    return {
        name: interval(_value(name, mean), _value(name, drawn), level)
        for name in (ESTIMATORS if q is not None else ESTIMATORS[:2])
    }


def compare(
    log: Log,
    new: Floats,
    old: Floats,
    q: Floats | None = None,
    *,
    person: NDArray[np.int64],
    seed: int,
    resamples: int = 1000,
    level: float = 0.95,
) -> dict[str, tuple[Interval, Interval, Interval]]:
    """Two policies' mean rewards from one log, and new - old, by each estimator.

    Args:
        log: of a policy that was run, which may be neither.
        new, old: [n, A] or [places, A], as the `policy` of `estimate`.
        q: as in `estimate`.
        person: [n] who it was, 0 to P - 1; people are resampled with all their rounds, and both
            policies share the resamples.

    Returns:
        By estimator: the new policy, the old one, the difference.

    Raises:
        EvaluationError: a policy's probabilities do not sum to 1.
    """
    both = np.hstack([_parts(log, policy, q) for policy in (new, old)])
    mean, drawn = resampled(both, person, seed, resamples)
    half = both.shape[1] // 2
    found = {}
    for name in ESTIMATORS if q is not None else ESTIMATORS[:2]:
        values = [_value(name, mean[part]) for part in (slice(half), slice(half, None))]
        spread = [_value(name, drawn[part]) for part in (slice(half), slice(half, None))]
        first, second = (interval(v, s, level) for v, s in zip(values, spread, strict=True))
        lead = interval(values[0] - values[1], spread[0] - spread[1], level)
        found[name] = first, second, lead
    return found


def effective_rounds(log: Log, policy: Floats) -> float:
    """Kish's effective sample size: as many rounds of the policy itself would say as much."""
    weight = weights(log, policy)
    return float(weight.sum() ** 2 / max((weight**2).sum(), 1e-12))


def weights(log: Log, policy: Floats) -> Floats:
    """[n] policy(action) / logging(action); 1 on average where the log may show any action.

    Args:
        log: of the policy that was run.
        policy: as in `estimate`.
    """
    chances = policy if len(policy) == len(log.action) else policy[log.place]
    return np.asarray(chances[np.arange(len(log.action)), log.action] / log.propensity)


def _parts(log: Log, policy: Floats, q: Floats | None) -> Floats:
    """[n, 2 or 4]: weight, weight x reward, and the model's direct and doubly robust terms."""
    chances = policy if len(policy) == len(log.action) else policy[log.place]
    if not np.allclose(chances.sum(axis=1), 1, atol=1e-6):
        raise EvaluationError(
            "a policy's probabilities must sum to 1 in each round",
            where=f"they sum to {chances.sum(axis=1).min():.4f} to {chances.sum(axis=1).max():.4f}",
        )
    rows, weight = np.arange(len(log.action)), weights(log, policy)
    columns = [weight, weight * log.reward]
    if q is not None:
        direct = (chances * q).sum(axis=1)
        columns += [direct, direct + weight * (log.reward - q[rows, log.action])]
    return np.stack(columns, axis=1)


def resampled(
    parts: Floats, cluster: NDArray[np.int64], seed: int, resamples: int
) -> tuple[Floats, Floats]:
    """Means of the columns, [columns], and those of resamples of whole clusters, [columns, R]."""
    groups = int(cluster.max()) + 1
    sums = np.stack([np.bincount(cluster, column, groups) for column in parts.T], axis=1)
    sizes = np.bincount(cluster, minlength=groups).astype(float)
    random = np.random.default_rng(seed)
    drawn = []
    for _ in range(resamples):
        times = np.bincount(random.integers(groups, size=groups), minlength=groups)
        drawn.append(times @ sums / max(times @ sizes, 1.0))
    return sums.sum(axis=0) / sizes.sum(), np.stack(drawn, axis=1)


def interval(value: Floats | float, drawn: Floats, level: float = 0.95) -> Interval:
    """The percentile interval of resampled values [R]."""
    tail = (1 - level) / 2
    low, high = np.quantile(drawn, [tail, 1 - tail])
    return Interval(float(value), float(low), float(high))


def _value(name: str, means: NDArray[np.float64]) -> NDArray[np.float64]:
    """An estimator from the means of weight, weight x reward, and the model's two columns."""
    if name == "IPS":
        return np.asarray(means[1])
    if name == "SNIPS":
        return np.asarray(means[1] / np.maximum(means[0], 1e-12))
    return np.asarray(means[2 if name == "DM" else 3])
