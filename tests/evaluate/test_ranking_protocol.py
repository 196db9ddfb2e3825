"""What the protocol masks, compares and says."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pytest

from shoplake.evaluate import protocol
from shoplake.evaluate.baselines import Popularity
from shoplake.evaluate.metrics import EvaluationError
from shoplake.evaluate.protocol import (
    ProtocolCard,
    RankingResults,
    evaluate_ranking,
    incidence,
)
from shoplake.evaluate.verdict import verdict

CARD = ProtocolCard(cut=datetime(2011, 10, 9), horizon_days=30, people=1_234, items=3_210)


class Given:
    def __init__(self, scores: list[list[float]]) -> None:
        self.scores = np.array(scores, dtype=np.float32)

    def score(self, people: slice) -> np.ndarray:
        return self.scores[people].copy()


# Person 0 had bought 1 and buys 1 and 3; person 1 had bought 2 and buys 4.
TRUTH, BOUGHT = incidence([[1, 3], [4]], 5), incidence([[1], [2]], 5)
EVERY = np.ones(5, dtype=bool)
MODEL = Given([[9, 4, 3, 2, 1], [9, 1, 5, 3, 4]])


def values(results: RankingResults, scorer: str, metric: str) -> dict[str, float]:
    rows = results.metrics
    rows = rows[(rows["scorer"] == scorer) & (rows["metric"] == metric)]
    return dict(zip(rows["task"], rows["value"], strict=True))


def evaluate(k: int = 1, **changes: object) -> RankingResults:
    scorers = {"model": MODEL, "popularity": Popularity(np.array([0, 0, 9, 0, 0]))}
    asked = {"model": "model", "k": k, "resamples": 50, **changes}
    return evaluate_ranking(scorers, TRUTH, BOUGHT, EVERY, **asked)


def test_each_task_masks_candidates_and_truth() -> None:
    # all: 1 is first and true for person 0, 2 is first and wrong for person 1.
    # repurchase: only person 0 has truth, {1}, and 1 is the only candidate.
    # new: person 0 may get 2, 3, 4 and gets 2 (true: 3); person 1 may get 1, 3, 4 and gets 4.
    found = values(evaluate(), "model", "recall@1")
    assert found == {"all": 0.25, "repurchase": 1.0, "new": 0.5}


def test_people_without_truth_in_a_task_are_not_counted() -> None:
    rows = evaluate().metrics.drop_duplicates("task").set_index("task")["people"]
    assert rows.to_dict() == {"all": 2, "repurchase": 1, "new": 2}


def test_padding_is_never_a_candidate() -> None:
    assert values(evaluate(tasks=["all"]), "model", "mrr@1") == {"all": 0.5}


def test_items_unknown_before_the_cut_are_missed() -> None:
    candidates = np.array([False, True, True, True, False])
    results = evaluate_ranking(
        {"model": MODEL}, TRUTH, BOUGHT, candidates, model="model", k=5, resamples=10
    )
    assert values(results, "model", "recall@5")["all"] == 0.5


def test_blocks_of_people_do_not_change_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = evaluate(k=3)
    monkeypatch.setattr(protocol, "_BLOCK_BYTES", 1)
    assert evaluate(k=3).metrics.equals(whole.metrics)


def test_the_model_is_compared_with_every_other_scorer() -> None:
    rows = evaluate(tasks=["new"]).differences
    rows = rows[rows["metric"] == "recall@1"]
    assert rows["baseline"].tolist() == ["popularity"]
    # Popularity gets person 0 wrong, and ties 1, 3 and 4 for person 1: one third.
    assert rows["difference"].tolist() == [pytest.approx(1 / 2 - (0 + 1 / 3) / 2)]


def test_an_unknown_task_is_refused() -> None:
    with pytest.raises(EvaluationError, match="unknown task 'old'"):
        evaluate(tasks=["old"])


def test_nobody_to_evaluate_is_refused() -> None:
    none = incidence([], 5)
    with pytest.raises(EvaluationError, match="nobody bought"):
        evaluate_ranking({"model": MODEL}, none, none, EVERY, model="model")


def test_a_verdict_needs_every_baseline_beaten() -> None:
    people = 40
    truth, bought = incidence([[1]] * people, 4), incidence([[]] * people, 4)
    good, bad = Given([[0, 3, 2, 1]] * people), Given([[0, 1, 2, 3]] * people)
    candidates = np.ones(4, dtype=bool)

    def judge(**baselines: Given) -> object:
        scorers = {"model": good, **baselines}
        results = evaluate_ranking(
            scorers, truth, bought, candidates, model="model", k=1, resamples=50
        )
        return verdict(results, "all", "ndcg@1", "model")

    assert judge(bad=bad).passed
    both = judge(bad=bad, same=good)
    assert not both.passed
    assert both.hardest.baseline == "same"
    assert "model does not beat every baseline on all ndcg@1: 1.0000" in both.text()


def test_a_verdict_without_a_baseline_is_refused() -> None:
    results = evaluate_ranking({"m": MODEL}, TRUTH, BOUGHT, EVERY, model="m", resamples=10)
    with pytest.raises(EvaluationError, match="at least one baseline"):
        verdict(results, "all", "ndcg@10", "m")


def test_a_verdict_on_what_was_not_evaluated_is_refused() -> None:
    with pytest.raises(EvaluationError, match="not evaluated on all ndcg@10"):
        verdict(evaluate(k=1), "all", "ndcg@10", "model")


def test_the_card_says_what_a_reader_needs() -> None:
    for said in ("2011-10-09 00:00 UTC", "30 days", "1,234", "3,210", "neutral", "seed 0"):
        assert said in CARD.text()
        assert said in CARD.markdown()
    assert CARD.to_dict()["cut"] == "2011-10-09 00:00:00"
