"""A log by a known choice model, so that the truth about an order is known."""

from __future__ import annotations

import numpy as np
import pytest

from shoplake.evaluate.offpolicy import Log, compare, estimate
from shoplake.evaluate.retraining.offline import challenge, item_scores
from shoplake.evaluate.retraining.showings import Showings
from shoplake.serve.histories import Histories

LENGTH, EXPLORATION = 4, 0.5
WORTH = np.array([0.0, 0.1, 0.2, 0.4, 0.8])  # by item; looked at with 1 / (1 + place)
LOOKED_AT = 1 / (1 + np.arange(LENGTH))


def log(lists: int, seed: int = 0, exploration: float = EXPLORATION) -> Showings:
    """Lists of items 1 to 4 in that order, or with a probability in any order."""
    draw = np.random.default_rng(seed)
    parts = []
    for _ in range(lists):
        order = np.arange(LENGTH)
        if draw.random() < exploration:
            order = draw.permutation(LENGTH)
        item = order + 1
        propensity = exploration / LENGTH + (1 - exploration) * (order == np.arange(LENGTH))
        reward = (draw.random(LENGTH) < WORTH[item] * LOOKED_AT).astype(float)
        parts.append((item, propensity, reward))
    item, propensity, reward = (np.concatenate(column) for column in zip(*parts, strict=True))
    request = np.repeat(np.arange(lists), LENGTH)
    place = np.tile(np.arange(LENGTH), lists)
    return Showings(request, request // 2, item, place, propensity, reward)


def truth(order: list[int]) -> float:
    return float((WORTH[order] * LOOKED_AT).mean())


def test_the_log_tells_what_a_better_order_would_have_earned() -> None:
    showings = log(3000)
    found = challenge(showings, WORTH[showings.item], -WORTH[showings.item], seed=0)
    gain = truth([4, 3, 2, 1]) - truth([1, 2, 3, 4])
    for name, (new, old, lead) in found.found.items():
        assert new.value == pytest.approx(truth([4, 3, 2, 1]), abs=0.02), name
        assert old.value == pytest.approx(truth([1, 2, 3, 4]), abs=0.02), name
        assert lead.value == pytest.approx(new.value - old.value), name
    assert found.difference.low < gain < found.difference.high
    assert (found.lists, found.impressions) == (3000, 12000)
    assert found.effective < 12000


def test_the_same_order_makes_no_difference() -> None:
    showings = log(200)
    scores = WORTH[showings.item]
    lead = challenge(showings, scores, 2 * scores + 1, seed=0).difference
    assert (lead.value, lead.low, lead.high) == (0, 0, 0)


def test_a_list_with_lost_impressions_is_ordered_into_the_places_on_record() -> None:
    showings = log(3000)
    kept = np.arange(len(showings.item)) % 7 != 0
    fields = (getattr(showings, name)[kept] for name in Showings.__dataclass_fields__)
    thinned = Showings(*fields)
    found = challenge(thinned, WORTH[thinned.item], -WORTH[thinned.item], seed=0)
    assert found.difference.low > 0


def test_intervals_of_people_with_many_rounds_are_wider_than_of_rounds() -> None:
    """Each person's rounds are copies, so that only the number of people says anything."""
    draw = np.random.default_rng(0)
    clicked = np.repeat((draw.random(50) < 0.3).astype(float), 20)
    action = np.zeros(1000, np.int64)
    logged = Log(action, action, clicked, np.ones(1000))
    policy = np.array([[1.0]])
    rounds = estimate(logged, policy, seed=0)["IPS"]
    people = compare(logged, policy, policy, person=np.repeat(np.arange(50), 20), seed=0)["IPS"][0]
    assert people.high - people.low > 3 * (rounds.high - rounds.low)


class TwoItems:
    items = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]], np.float32)

    def people(self, history: np.ndarray, counts: np.ndarray, days: np.ndarray) -> np.ndarray:
        return np.array([[2.0, 3.0]] * len(history), np.float32)

    def own_adjustment(self, counts: np.ndarray, days: np.ndarray) -> np.ndarray:
        return counts.astype(np.float32)


def test_an_item_of_the_history_is_scored_with_its_adjustment() -> None:
    histories = Histories(np.array([[2, 0]]), np.array([[5, 9]]), np.array([[1, 0]]))
    scores = item_scores(TwoItems(), histories, np.array([0, 0]), np.array([1, 2]))
    assert scores.tolist() == [2.0, 3.0 + 5.0]


def test_a_log_of_one_order_is_told_from_one_that_explores() -> None:
    for exploration, tells in ((0.5, True), (0.1, True), (0.0, False)):
        shown = log(300, exploration=exploration)
        first, last = -shown.item.astype(float), shown.item.astype(float)
        assert challenge(shown, last, first, seed=0).explored is tells, exploration
