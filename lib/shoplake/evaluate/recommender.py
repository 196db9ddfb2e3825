"""A trained recommender judged on the held-out period, beside the simple baselines."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import pandas as pd

from shoplake.evaluate.baselines import Model
from shoplake.evaluate.baselines import Scorer as Scored
from shoplake.evaluate.classification import classification_metrics
from shoplake.evaluate.holdout import Holdout
from shoplake.evaluate.protocol import ProtocolCard, RankingResults, evaluate_ranking
from shoplake.evaluate.segments import PerPerson
from shoplake.evaluate.verdict import Verdict, verdict
from shoplake.models.scorer import TwoTowerScorer
from shoplake.serve.scorer import AnyScorer

#: The task a model is judged by: items new to the person, which is what a recommender adds to a
#: shop. What people buy again is reported beside it, and personal frequency is hard to beat there.
TASK, METRIC = "new", "ndcg@10"
INTEREST = "interest"


@dataclass(frozen=True)
class Judgement:
    """What an evaluation found.

    Attributes:
        metrics: task, metric, scorer, value, low, high, people; rows of all tasks.
        card: the protocol behind them.
        verdict: whether the model beats every baseline on the task that decides.
        people: what is behind the metrics, person by person.
    """

    metrics: pd.DataFrame
    card: ProtocolCard
    verdict: Verdict
    people: PerPerson

    def scalars(self, scorer: str) -> dict[str, float]:
        """One scorer's metrics by a name that MLflow accepts."""
        own = self.metrics[self.metrics["scorer"] == scorer]
        return {
            f"{r.task}/{r.metric}".replace("@", "_at_"): float(r.value)
            for r in own.itertuples(index=False)
        }


def judge_ranking(
    name: str,
    scorer: AnyScorer,
    holdout: Holdout,
    *,
    cut: datetime,
    horizon_days: int,
    task: str = TASK,
    champion: tuple[str, AnyScorer] | None = None,
) -> Judgement:
    """Rank the full catalogue for the people of the held-out period, beside the baselines.

    Args:
        name: what to call the model in the results.
        scorer: of the whole catalogue, as of the cut.
        holdout: the held-out period.
        cut: the test cut.
        horizon_days: days after it.
        task: the one that decides.
        champion: name and scorer of the version in service, judged beside them and no baseline.
    """
    models = {name: scorer, **dict([champion] if champion else [])}
    scorers: dict[str, Scored] = {n: Model(s, holdout.histories) for n, s in models.items()}
    scorers |= holdout.baselines()
    found: RankingResults = evaluate_ranking(
        scorers, holdout.truth, holdout.bought, holdout.candidates, model=name
    )
    card = ProtocolCard(
        cut=cut,
        horizon_days=horizon_days,
        people=holdout.truth.shape[0],
        items=int(holdout.candidates.sum()),
    )
    said = verdict(found, task, METRIC, name, champion[0] if champion else None)
    people = PerPerson(holdout.keys, holdout.histories, found.values, card.k)
    return Judgement(found.metrics, card, said, people)


def judge_recommender(
    name: str,
    scorer: TwoTowerScorer,
    holdout: Holdout,
    examples: pd.DataFrame,
    *,
    cut: datetime,
    horizon_days: int,
    champion: tuple[str, AnyScorer] | None = None,
) -> Judgement:
    """Rank the full catalogue for the people of the held-out period, and classify its examples.

    Args:
        name: what to call the model in the results.
        scorer: of the whole catalogue, with popularity as of the cut.
        holdout: the held-out period.
        examples: of the test split: target_index, label and the history arrays.
        cut: the test cut.
        horizon_days: days after it.
        champion: as in `judge_ranking`.
    """
    ranking = judge_ranking(
        name, scorer, holdout, cut=cut, horizon_days=horizon_days, champion=champion
    )
    interest = interest_metrics(scorer, examples)
    rows = pd.DataFrame(
        {
            "task": INTEREST,
            "metric": list(interest),
            "scorer": name,
            "value": list(interest.values()),
            "low": np.nan,
            "high": np.nan,
            "people": int(examples["person_key"].nunique()),
        }
    )
    return replace(ranking, metrics=pd.concat([ranking.metrics, rows], ignore_index=True))


def interest_metrics(scorer: TwoTowerScorer, examples: pd.DataFrame) -> dict[str, float]:
    """Accuracy, precision, recall, F1, AUC and the like of "shows interest" (label > 0).

    Half of the examples are negatives drawn by popularity, so these say how well interest is told
    from popularity, not how rare it is.
    """
    history, counts, days = (
        np.stack(examples[column].to_list()).astype(np.int64)
        for column in ("history", "history_counts", "history_days")
    )
    target = examples["target_index"].to_numpy(dtype=np.int64)
    scores = np.einsum("pd,pd->p", scorer.people(history, counts, days), scorer.items[target])
    own = scorer.own_adjustment(counts, days)
    scores = scores + np.where(history == target[:, None], own, 0.0).sum(1)
    probability = scorer.probability(scores.astype(np.float32))
    positive = examples["label"].to_numpy() > 0
    return classification_metrics(positive, probability.astype(np.float64))
