"""The one way rankings are evaluated here: what a number means, said beside the number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array

from shoplake.evaluate.baselines import Scorer
from shoplake.evaluate.intervals import bootstrap_mean, paired_difference
from shoplake.evaluate.metrics import METRICS, EvaluationError, Values, ranking_metrics

TASKS = {
    "all": "every candidate",
    "repurchase": "only items the person bought before the cut, as candidates and as truth",
    "new": "only items the person had not bought before the cut, as candidates and as truth",
}
_BLOCK_BYTES = 64 * 2**20


@dataclass(frozen=True)
class ProtocolCard:
    """Everything needed to repeat an evaluation and to read its numbers.

    Attributes:
        cut: histories and candidates end here; the truth starts here.
        horizon_days: length of the truth.
        k: cut-off of every metric.
        people: people evaluated in task "all"; other tasks have those with a true item left.
        items: candidates.
    """

    cut: datetime
    horizon_days: int
    people: int
    items: int
    k: int = 10
    tasks: tuple[str, ...] = tuple(TASKS)
    seed: int = 0
    resamples: int = 1000
    split: str = "by time: histories before the cut, purchases within the horizon after it"
    candidates: str = "the full catalogue: every item with an interaction before the cut"
    ties: str = "neutral: expected value under random order of equal scores"
    interval: str = "95% percentile bootstrap over people; paired for differences"

    def to_dict(self) -> dict[str, object]:
        """The card's fields, plain enough for JSON."""
        return {**asdict(self), "cut": self.cut.isoformat(sep=" "), "tasks": list(self.tasks)}

    def text(self) -> str:
        """One line: what a table column or a log can hold."""
        return (
            f"cut {self.cut:%Y-%m-%d %H:%M} UTC, next {self.horizon_days} days; "
            f"split {self.split}; "
            f"{self.people:,} people; candidates {self.items:,} items, {self.candidates}; "
            f"cut-off {self.k}; ties {self.ties}; "
            f"interval {self.interval}, {self.resamples:,} resamples, seed {self.seed}"
        )

    def markdown(self) -> str:
        """A two-column table, with a row for each task."""
        rows = [
            ("Cut", f"{self.cut:%Y-%m-%d %H:%M} UTC"),
            ("Horizon", f"{self.horizon_days} days"),
            ("Split", self.split),
            ("People", f"{self.people:,}"),
            ("Candidates", f"{self.items:,} items: {self.candidates}"),
            *((f"Task `{task}`", TASKS[task]) for task in self.tasks),
            ("Metrics", ", ".join(f"{metric}@{self.k}" for metric in METRICS)),
            ("Ties", self.ties),
            ("Interval", f"{self.interval}; {self.resamples:,} resamples, seed {self.seed}"),
        ]
        return "\n".join(
            ["| | |", "| --- | --- |", *(f"| {name} | {said} |" for name, said in rows)]
        )


@dataclass(frozen=True)
class RankingResults:
    """What an evaluation found.

    Attributes:
        metrics: one row a task, metric and scorer: task, metric ("recall@10"), scorer, value, low,
            high, people.
        differences: one row a task, metric and baseline: task, metric, model, baseline,
            difference (model - baseline), low, high, people.
        values: (scorer, task, metric without cut-off) -> [P], NaN without a true item.
    """

    metrics: pd.DataFrame
    differences: pd.DataFrame
    values: dict[tuple[str, str, str], Values]


def evaluate_ranking(
    scorers: Mapping[str, Scorer],
    truth: csr_array,
    bought: csr_array,
    candidates: NDArray[np.bool_],
    *,
    model: str,
    tasks: Sequence[str] = tuple(TASKS),
    k: int = 10,
    seed: int = 0,
    resamples: int = 1000,
) -> RankingResults:
    """Rank the full catalogue for everyone with every scorer, and compare the model to the others.

    People go through in blocks of about 64 MB of scores, so memory does not grow with people.
    A task nobody has a true item for has no rows.

    Args:
        scorers: by name; all score the same people in the same order.
        truth: [P, C] non-zero where the person bought the item within the horizon.
        bought: [P, C] non-zero where the person had bought the item before the cut.
        candidates: [C] items that can be recommended; column 0, the padding, never is one.
        model: which of the scorers is compared with all the others.

    Raises:
        EvaluationError: unknown task or model, or shapes that do not fit.
    """
    _require(model in scorers, f"model '{model}' is not among the scorers: {', '.join(scorers)}")
    for task in tasks:
        _require(task in TASKS, f"unknown task '{task}'; the tasks are {', '.join(TASKS)}")
    _require(
        truth.shape == bought.shape and truth.shape[1] == len(candidates),
        f"truth is {truth.shape}, bought {bought.shape}, candidates ({len(candidates)},)",
    )
    _require(truth.shape[0] > 0, "nobody bought anything within the horizon")
    candidates = candidates.copy()
    candidates[0] = False
    per_person = _per_person(scorers, truth, bought, candidates, tasks, k)

    metrics, differences = [], []
    for task in tasks:
        for metric in METRICS:
            values = {name: per_person[name, task, metric] for name in scorers}
            have_truth = ~np.isnan(values[model])
            people = int(have_truth.sum())
            if not people:
                continue
            about = {"task": task, "metric": f"{metric}@{k}"}
            draw: dict[str, Any] = {"seed": seed, "resamples": resamples}
            for name in scorers:
                mean = bootstrap_mean(values[name][have_truth], **draw)
                metrics.append({**about, "scorer": name, **asdict(mean), "people": people})
                if name == model:
                    continue
                lead = paired_difference(
                    values[model][have_truth], values[name][have_truth], **draw
                )
                differences.append(
                    {
                        **about,
                        "model": model,
                        "baseline": name,
                        "difference": lead.value,
                        "low": lead.low,
                        "high": lead.high,
                        "people": people,
                    }
                )
    return RankingResults(pd.DataFrame(metrics), pd.DataFrame(differences), per_person)


def incidence(people: Sequence[Sequence[int]], columns: int) -> csr_array:
    """A [P, columns] matrix of 1s at each person's item_index values; 0, the padding, drops out."""
    lists = [np.unique(items)[np.unique(items) > 0] for items in people]
    ends = np.cumsum([0, *(len(items) for items in lists)])
    indices = np.concatenate([*lists, np.array([], dtype=np.int64)]).astype(np.int64)
    return csr_array((np.ones(len(indices)), indices, ends), shape=(len(people), columns))


def _per_person(
    scorers: Mapping[str, Scorer],
    truth: csr_array,
    bought: csr_array,
    candidates: NDArray[np.bool_],
    tasks: Sequence[str],
    k: int,
) -> dict[tuple[str, str, str], Values]:
    """Each (scorer, task, metric)'s value for every person [P], NaN without a true item."""
    people, columns = truth.shape
    rows = max(1, _BLOCK_BYTES // (4 * columns))
    found: dict[tuple[str, str, str], list[Values]] = {}
    for start in range(0, people, rows):
        block = slice(start, min(start + rows, people))
        before = bought[block].toarray() != 0
        for name, scorer in scorers.items():
            scores = scorer.score(block)
            for task in tasks:
                allowed = _allowed(task, before, candidates)
                true = truth[block]
                if task != "all":
                    true = csr_array(true.multiply(before if task == "repurchase" else ~before))
                true.eliminate_zeros()
                masked = np.where(allowed, scores, np.float32(-np.inf))
                for metric, values in ranking_metrics(masked, true, k).items():
                    found.setdefault((name, task, metric), []).append(values)
    return {key: np.concatenate(parts) for key, parts in found.items()}


def _allowed(
    task: str, before: NDArray[np.bool_], candidates: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    if task == "all":
        return np.broadcast_to(candidates, before.shape)
    return candidates & (before if task == "repurchase" else ~before)


def _require(holds: bool, what: str) -> None:
    if not holds:
        raise EvaluationError(what, remedy="call evaluate_ranking with what its docstring asks for")
