"""How far a batch's values are from those of earlier batches, over one histogram's bins."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import accumulate

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from shoplake.contracts.model import Contract, Rule
from shoplake.governance.metrics import State, is_numeric, key_of
from shoplake.governance.passes import chosen_in, number

#: Bins of a histogram: bounds between quantiles of numbers, or the most frequent categories.
BINS = 20


def distance(measure: str, now: State, then: State) -> float | None:
    """The drift between two states over the same bins; None where either has no rows.

    Args:
        measure: `psi`, the population stability index with half a row added to every bin (below
            .1 is usually taken as stable, above .25 as a shift); `ks`, the Kolmogorov-Smirnov
            statistic, the largest gap between the cumulative shares at a bin's bound; or
            `chi_square`, the statistic of the 2 x bins table as Cramer's V, 0 to 1, which unlike a
            p-value does not shrink with the number of rows. Absent values are a bin of their own,
            but for `ks`.
        now, then: the batch and its reference.
    """
    if now.counts is None or then.counts is None or now.bins != then.bins:
        return None
    p, q = list(now.counts), list(then.counts)
    if measure != "ks":
        p, q = [*p, now.rows - sum(p)], [*q, then.rows - sum(q)]
    n, m = sum(p), sum(q)
    if not n or not m:
        return None
    if measure == "ks":
        return max(abs(a / n - b / m) for a, b in zip(accumulate(p), accumulate(q), strict=True))
    if measure == "psi":
        return stability_index(p, q)
    chi = 0.0
    for a, b in zip(p, q, strict=True):
        if a + b:
            expected = (a + b) * n / (n + m)
            chi += (a - expected) ** 2 / expected
            expected = (a + b) * m / (n + m)
            chi += (b - expected) ** 2 / expected
    return math.sqrt(chi / (n + m))


def stability_index(now: Sequence[int], then: Sequence[int]) -> float:
    """The population stability index of two counts over the same bins, half a row added to each."""
    n, m, k = sum(now), sum(then), len(now)
    shares = [
        ((a + 0.5) / (n + k / 2), (b + 0.5) / (m + k / 2)) for a, b in zip(now, then, strict=True)
    ]
    return sum((a - b) * math.log(a / b) for a, b in shares)


def bins_for(
    rows: DataFrame, contract: Contract, known: dict[tuple[str, str], tuple[str, ...]]
) -> dict[tuple[str, str], tuple[str, ...]]:
    """The bins of every drift rule, by column and scope.

    Args:
        rows: the batch's rows.
        contract: the table's.
        known: bins in use; those of another rule are found in `rows`, by a job of its own, once.
    """
    found = dict(known)
    for rule in contract.rules:
        if rule.kind == "drift" and key_of(rule) not in found:
            looked = rows.where(F.expr(chosen_in(rule.where or "true")))
            found[key_of(rule)] = _find(looked, contract, rule)
    return found


def _find(rows: DataFrame, contract: Contract, rule: Rule) -> tuple[str, ...]:
    name = rule.columns[0]
    if not is_numeric(contract.column(name)):
        often = rows.where(F.col(name).isNotNull()).groupBy(F.col(name).cast("string").alias("v"))
        top = often.count().orderBy(F.desc("count"), "v").limit(BINS)
        return tuple(sorted(row["v"] for row in top.collect()))
    value = number(name, contract.column(name).type)
    shares = [i / BINS for i in range(1, BINS)]
    found = rows.where(F.abs(value) < float("inf")).agg(F.percentile_approx(value, shares)).first()
    return tuple(repr(float(v)) for v in sorted(set(found[0] or ()))) if found else ()
