"""Cheap labels: how many labels it takes, drawn at random, chosen, or chosen beside rules."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from shoplake.evaluate.findings import Figure, Findings
from shoplake.evaluate.metrics import EvaluationError
from shoplake.evaluate.tuning import by_query, some_queries
from shoplake.models.labelling.choose import worth_labelling
from shoplake.models.labelling.label_model import fit_label_model
from shoplake.models.labelling.learner import Floats, fit_trees, pair_features
from shoplake.models.labelling.votes import FUNCTIONS, GRADES, votes
from shoplake.models.labelling.wrong import class_of, likely_wrong, out_of_fold
from shoplake.models.search.judgements import Judgements, read_judgements
from shoplake.runtime.console import tell

HELD_OUT = 0.3
SHARES = (0.02, 0.05, 0.1, 0.2, 0.4)
RANDOM, ACTIVE, WEAK, RULES = "random", "active", "weak + active", "rules alone"
_SEEDS, _LEAST = 10, 20
_RESAMPLES = 1000
_PLANTED = 0.1


def run(
    data: Path, train: Path | None, *, seed: int, queries: int = 2000, base: str | None = None
) -> Findings:
    """Learn from a share of the labels, chosen in three ways, and judge grades of other queries.

    Args:
        data: folder of judgements to judge on.
        train: folder whose labels are bought; without it, 70% of the queries of `data`.
        seed: of the split and the first of the seeds.
        queries: most queries to learn from; half as many are judged on.
        base: of the cosine among the features (default: that of search).

    Raises:
        SourceError: a folder has no judgements.
        EvaluationError: too few queries.
    """
    earlier = read_judgements(train) if train else None
    pool_rows, asked_rows, _ = by_query(read_judgements(data), earlier, HELD_OUT, seed)
    pool_rows = some_queries(pool_rows, queries, seed)
    asked_rows = some_queries(asked_rows, max(_LEAST, queries // 2), seed)
    if min(r["query"].nunique() for r in (pool_rows, asked_rows)) < _LEAST:
        raise EvaluationError("too few queries to learn from or to judge on", where=str(data))
    both = Judgements.of(pd.concat([pool_rows, asked_rows]))
    ours = np.isin(both.queries, pool_rows["query"].unique())[both.query]
    tell("labels", f"features of {len(both):,} pairs")
    features = pair_features(both, base)
    rows, grades, query = features.to_numpy(dtype=float), both.relevance, both.query
    test = _Test(rows[~ours], grades[~ours], query[~ours])
    pool, known, group = rows[ours], grades[ours], query[ours]
    said = votes(features)
    model = fit_label_model(said[ours])
    weak = model.probabilities(said) @ GRADES
    flat, full = test.squares(np.full(len(test.grades), known.mean())), []
    squares: dict[str, dict[float, list[Floats]]] = {n: {} for n in (RANDOM, ACTIVE, WEAK)}
    for k in range(_SEEDS):
        full.append(test.squares(fit_trees(pool, known, seed=seed + k).predict(test.rows)))
        for name, found in squares.items():
            extra = weak if name == WEAK else None
            for share, made in _bought(pool, known, group, test, name, extra, ours, seed + k):
                found.setdefault(share, []).append(made)
        tell("labels", f"seed {k + 1} of {_SEEDS}: all labels {np.sqrt(full[-1].mean()):.4f}")
    draws = _Draws(test.query, seed)
    none, every = draws.errors([flat] * _SEEDS), draws.errors(full)
    gain = none - every
    if gain[0] <= 0:
        raise EvaluationError(
            f"all {len(known):,} labels foretell grades no better than their mean does: "
            f"RMSE {every[0]:.4f} and {none[0]:.4f}",
            where=str(data),
            remedy="give more queries, or grades that differ",
        )
    errors = {
        name: {share: draws.errors(made) for share, made in row.items()}
        for name, row in squares.items()
    }
    figures = _figures(errors, none, gain)
    figures[RULES] = {"rmse": Figure(float(np.sqrt(test.squares(weak[~ours]).mean())))}
    figures["mean grade"] = {"rmse": Figure(float(none[0]))}
    figures["all labels"] = {"rmse": Figure(float(every[0])), "quality@100%": Figure(1.0)}
    notes = [_aim(errors, none, gain), *_rules(said[ours], model.accuracy(), class_of(known))]
    notes += _wrong(pool, known, group, seed)
    return Findings(
        task="labels",
        protocol=_protocol(len(known), len(np.unique(group)), test),
        figures=figures,
        baselines=[RANDOM, "mean grade", RULES],
        champion=min((ACTIVE, WEAK, RANDOM), key=lambda n: float(errors[n][0.2][0])),
        main="quality@20%",
        notes=notes,
    )


class _Test:
    def __init__(self, rows: Floats, grades: Floats, query: NDArray[np.int64]) -> None:
        self.rows, self.grades, self.query = rows, grades, query

    def squares(self, said: Floats) -> Floats:
        """Squared error of each pair [n]."""
        return np.asarray((said - self.grades) ** 2)


class _Draws:
    """Queries and seeds drawn with replacement, the same for everything that is compared.

    Args:
        query: [n] of each judged pair.
        seed: of the draws.
    """

    def __init__(self, query: NDArray[np.int64], seed: int) -> None:
        draw = np.random.default_rng(seed)
        _, self._of = np.unique(query, return_inverse=True)
        many = int(self._of.max()) + 1
        drawn = draw.multinomial(many, np.full(many, 1 / many), size=_RESAMPLES)
        self._weights = np.vstack([np.ones(many), drawn])
        self._pairs = self._weights @ np.bincount(self._of)
        seeds = draw.multinomial(_SEEDS, np.full(_SEEDS, 1 / _SEEDS), size=_RESAMPLES)
        self._seeds = np.vstack([np.ones(_SEEDS), seeds]) / _SEEDS

    def errors(self, squares: list[Floats]) -> Floats:
        """Mean RMSE over the seeds [1 + resamples]; the first is of all queries and seeds."""
        sums = np.stack([np.bincount(self._of, s) for s in squares])
        return ((self._weights @ sums.T / self._pairs[:, None]) ** 0.5 * self._seeds).sum(axis=1)


def _bought(
    pool: Floats,
    known: Floats,
    group: NDArray[np.int64],
    test: _Test,
    name: str,
    weak: Floats | None,
    ours: NDArray[np.bool_],
    seed: int,
) -> list[tuple[float, Floats]]:
    """(share of the labels, squared errors) as more are bought; all begin with the same 1%."""
    start = np.random.default_rng(seed).permutation(len(pool))
    have = start[: max(_LEAST, len(pool) // 100)]
    learn_rows, asked = pool, test.rows
    if weak is not None:
        learn_rows = np.column_stack([pool, weak[ours]])
        asked = np.column_stack([asked, weak[~ours]])
    found = []
    for share in SHARES:
        want = max(len(have), round(share * len(pool)))
        if name == RANDOM:
            have = start[:want]
        else:
            rest = np.setdiff1d(np.arange(len(pool)), have)
            chosen, _ = worth_labelling(
                learn_rows[have], known[have], learn_rows[rest], group[rest],
                want - len(have), seed=seed,
            )  # fmt: skip
            have = np.concatenate([have, rest[chosen]])
        trees = fit_trees(learn_rows[have], known[have], seed=seed)
        found.append((share, test.squares(trees.predict(asked))))
    return found


def _figures(
    errors: dict[str, dict[float, Floats]], none: Floats, gain: Floats
) -> dict[str, dict[str, Figure]]:
    """Quality: the share of what all labels gain over the mean grade, with its 95% interval."""
    figures: dict[str, dict[str, Figure]] = {}
    for name, row in errors.items():
        figures[name] = {}
        for share, found in sorted(row.items(), key=lambda at: (at[0] != 0.2, at[0])):
            made = (none - found) / gain
            low, high = np.quantile(made[1:], (0.025, 0.975))
            figures[name][f"quality@{share:.0%}"] = Figure(float(made[0]), float(low), float(high))
        figures[name]["rmse"] = Figure(float(row[0.2][0]))
    return figures


def _aim(errors: dict[str, dict[float, Floats]], none: Floats, gain: Floats) -> str:
    reached = []
    for name, row in errors.items():
        first = next(
            (f"{s:.0%}" for s, e in sorted(row.items()) if (none[0] - e[0]) / gain[0] >= 0.9),
            f"more than {SHARES[-1]:.0%}",
        )
        reached.append(f"{name}: {first}")
    return "labels needed for 90% of what all labels gain: " + ", ".join(reached)


def _rules(said: NDArray[np.int64], believed: Floats, truth: NDArray[np.int64]) -> list[str]:
    notes = []
    for at, name in enumerate(FUNCTIONS):
        there = said[:, at] >= 0
        right = float((said[there, at] == truth[there]).mean()) if there.any() else float("nan")
        notes.append(
            f"rule '{name}': votes on {there.mean():.0%}, right {right:.0%}, believed "
            f"{believed[at]:.0%} by the label model"
        )
    return notes


def _wrong(pool: Floats, known: Floats, group: NDArray[np.int64], seed: int) -> list[str]:
    """Labels made wrong on purpose, and how many of them are found."""
    labels = class_of(known)
    draw = np.random.default_rng(seed)
    planted = draw.permutation(len(labels))[: round(_PLANTED * len(labels))]
    dirty = labels.copy()
    dirty[planted] = (dirty[planted] + draw.integers(1, 3, len(planted))) % 3
    _, of = np.unique(group, return_inverse=True)
    found = likely_wrong(dirty, out_of_fold(pool, dirty, of, seed=seed))
    best = found[: len(planted)]
    hit = np.isin(best, planted).mean() if len(best) else 0.0
    return [
        f"{len(planted):,} labels ({_PLANTED:.0%}) made wrong on purpose: of the {len(best):,} "
        f"that confident learning doubts most, {hit:.0%} are among them ({_PLANTED:.0%} by "
        "chance); "
        "some of the others may be wrong in the data"
    ]


def _protocol(pairs: int, queries: int, test: _Test) -> dict[str, str]:
    return {
        "split": f"by query: labels of {pairs:,} pairs of {queries:,} queries can be bought; "
        f"RMSE on {len(test.grades):,} pairs of {len(np.unique(test.query)):,} other queries",
        "quality": "(RMSE of the mean grade - RMSE) / (RMSE of the mean grade - RMSE with all "
        "labels): 1 is all labels",
        "learner": "120 small trees on features of words, letters and an untouched cosine",
        "ways": "random; active: uncertain to a committee, one a cluster and few of a query; weak: "
        "the label model's grade as one more feature",
        "interval": f"95%, bootstrap over queries and {_SEEDS} seeds, paired with all labels",
    }
