"""Whether a model beats every simple baseline, and by how much it could be chance (law 6)."""

from __future__ import annotations

from dataclasses import dataclass

from shoplake.evaluate.intervals import Interval
from shoplake.evaluate.metrics import EvaluationError
from shoplake.evaluate.protocol import RankingResults


@dataclass(frozen=True)
class Comparison:
    """The model against one baseline: the baseline's mean and the paired difference to it."""

    baseline: str
    baseline_value: float
    difference: Interval

    @property
    def beaten(self) -> bool:
        """The whole interval of model - baseline lies above 0."""
        return self.difference.low > 0

    @property
    def better(self) -> bool:
        """The whole interval of model - baseline lies below 0."""
        return self.difference.high < 0


@dataclass(frozen=True)
class Verdict:
    """The model on one task and metric against all baselines, hardest to beat first.

    Attributes:
        champion: against the version in service, which is no baseline: a new version need not beat
            it, but may not be worse. None: there is none.
        steered: people were shown the champion's lists in the held-out period. What they did then
            speaks for it, so the difference to it decides nothing.
    """

    task: str
    metric: str
    model: str
    mean: Interval
    comparisons: tuple[Comparison, ...]
    champion: Comparison | None = None
    steered: bool = False

    @property
    def passed(self) -> bool:
        """Every baseline is beaten."""
        return all(comparison.beaten for comparison in self.comparisons)

    @property
    def keeps_champion(self) -> bool:
        """The version in service is better, and not by chance."""
        return self.champion is not None and self.champion.better and not self.steered

    @property
    def hardest(self) -> Comparison:
        """The baseline with the smallest lower bound of the difference: it decides."""
        return self.comparisons[0]

    def text(self) -> str:
        """One or two sentences for a log or a registry's description."""
        hardest = self.hardest
        said = (
            f"{self.model} {'beats' if self.passed else 'does not beat'} every baseline on "
            f"{self.task} {self.metric}: {self.mean.value:.4f} "
            f"[{self.mean.low:.4f}, {self.mean.high:.4f}] against {hardest.baseline} "
            f"{hardest.baseline_value:.4f}, difference {_interval(hardest.difference)}"
        )
        if self.champion is None:
            return said
        name, lead = self.champion.baseline, _interval(self.champion.difference)
        if self.keeps_champion:
            return f"{said}. Keeps {name}: worse by {lead}, {self.champion.baseline_value:.4f}"
        if self.champion.better:
            return (
                f"{said}. {name} has {self.champion.baseline_value:.4f}, {lead}, which decides"
                " nothing: people were shown its lists in that period and did what these made easy"
            )
        return f"{said}. Not worse than {name}, {self.champion.baseline_value:.4f}: {lead}"


def verdict(
    results: RankingResults, task: str, metric: str, model: str, champion: str | None = None
) -> Verdict:
    """The verdict of an evaluation.

    Args:
        results: of `evaluate_ranking`.
        metric: with its cut-off, "ndcg@10".
        champion: which of the scorers is the version in service, and so not a baseline.

    Raises:
        EvaluationError: the evaluation has no such task, metric or model, or had no baseline.
    """
    metrics, differences = results.metrics, results.differences
    if metrics.empty or differences.empty:
        raise EvaluationError(
            f"there is nothing to compare {model} with",
            remedy="evaluate the model together with at least one baseline",
        )
    own = metrics[(metrics["task"] == task) & (metrics["metric"] == metric)]
    values = own.set_index("scorer")
    leads = differences[
        (differences["task"] == task)
        & (differences["metric"] == metric)
        & (differences["model"] == model)
    ]
    if model not in values.index or leads.empty:
        known = sorted(set(zip(differences["task"], differences["metric"], strict=True)))
        raise EvaluationError(
            f"{model} was not evaluated on {task} {metric}",
            where=", ".join(f"{name} {cut}" for name, cut in known),
            remedy="evaluate it on that task, or ask for one that has people with a true item",
        )
    comparisons = [
        Comparison(
            row.baseline,
            float(values.loc[row.baseline, "value"]),
            Interval(row.difference, row.low, row.high),
        )
        for row in leads.itertuples(index=False)
    ]
    comparisons.sort(key=lambda comparison: comparison.difference.low)
    mean = values.loc[model]
    return Verdict(
        task,
        metric,
        model,
        Interval(float(mean["value"]), float(mean["low"]), float(mean["high"])),
        tuple(c for c in comparisons if c.baseline != champion),
        next((c for c in comparisons if c.baseline == champion), None),
    )


def _interval(lead: Interval) -> str:
    return f"{lead.value:+.4f} [{lead.low:+.4f}, {lead.high:+.4f}]"
