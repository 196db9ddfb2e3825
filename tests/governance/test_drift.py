"""Distances between histograms, with values worked out by hand or by SciPy."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest

from shoplake.governance.drift import distance
from shoplake.governance.metrics import State


def state(counts: Sequence[int], rows: int | None = None) -> State:
    bins = tuple(str(i) for i in range(len(counts) - 1))
    return State(rows or sum(counts), bins=bins, counts=tuple(counts))


@pytest.mark.parametrize("measure", ["psi", "ks", "chi_square"])
def test_the_same_shares_are_no_drift(measure: str) -> None:
    found = distance(measure, state([1000, 2000, 3000]), state([100, 200, 300]))
    assert found == pytest.approx(0, abs=2e-3)


def test_ks_is_the_largest_gap() -> None:
    assert distance("ks", state([8, 1, 1]), state([2, 3, 5])) == pytest.approx(0.6)


def test_chi_square_is_scipys_as_cramers_v() -> None:
    stats = pytest.importorskip("scipy.stats")
    now, then = [10, 20, 30], [30, 15, 20]
    chi = stats.chi2_contingency([now, then], correction=False).statistic
    assert distance("chi_square", state(now), state(then)) == pytest.approx(math.sqrt(chi / 125))


def test_psi_by_hand() -> None:
    p, q = (80.5 / 101.5, 20.5 / 101.5, 0.5 / 101.5), (50.5 / 101.5, 50.5 / 101.5, 0.5 / 101.5)
    wish = sum((a - b) * math.log(a / b) for a, b in zip(p, q, strict=True))
    assert distance("psi", state([80, 20]), state([50, 50])) == pytest.approx(wish)


def test_missing_values_are_a_bin() -> None:
    assert (distance("psi", state([10, 10], rows=40), state([20, 20])) or 0) > 0.5


def test_other_bins_cannot_be_compared() -> None:
    assert distance("psi", state([1, 2, 3]), state([1, 2])) is None
