"""What privacy a training with sampled, clipped and noisy gradients spends.

Renyi differential privacy of the sampled Gaussian mechanism at whole orders (Mironov, Talwar &
Zhang, "Renyi differential privacy of the sampled Gaussian mechanism", 2019), added up over steps
and turned into (epsilon, delta) by the tighter rule of Balle et al., "Hypothesis testing
interpretations and Renyi differential privacy" (AISTATS 2020).
"""

from __future__ import annotations

import math

import numpy as np
from scipy.special import gammaln, logsumexp

ACCOUNTANT = "RDP of the sampled Gaussian mechanism (Mironov et al. 2019, Balle et al. 2020)"
_ORDERS = (*range(2, 65), 80, 96, 128, 192, 256, 512)


def epsilon(sampled: float, noise: float, steps: int, delta: float) -> float:
    """The epsilon at `delta`, for the addition or removal of one person; infinite without noise.

    Args:
        sampled: chance of each person to be in a step.
        noise: standard deviation of the noise over the largest norm of a gradient.
        steps: how many.
        delta: chance by which the guarantee may fail.
    """
    if noise <= 0:
        return math.inf
    if sampled <= 0 or steps <= 0:
        return 0.0
    best = math.inf
    for order in _ORDERS:
        spent = steps * renyi(sampled, noise, order)
        rest = math.log1p(-1 / order) - (math.log(delta) + math.log(order)) / (order - 1)
        best = min(best, max(spent + rest, 0.0))
    return best


def renyi(sampled: float, noise: float, order: int) -> float:
    """Renyi divergence of one step at a whole order of 2 or more."""
    if sampled >= 1:
        return order / (2 * noise**2)
    k = np.arange(order + 1)
    log_choose = gammaln(order + 1) - gammaln(k + 1) - gammaln(order - k + 1)
    terms = log_choose + k * math.log(sampled) + (order - k) * math.log1p(-sampled)
    terms = terms + k * (k - 1) / (2 * noise**2)
    return float(logsumexp(terms)) / (order - 1)
