from __future__ import annotations

import numpy as np

from shoplake.evaluate.baselines import Model, PersonalFrequency, Popularity
from shoplake.serve.histories import Histories

POPULARITY = np.array([0, 5, 9, 1, 5, 0])


def histories(*rows: list[tuple[int, int, int]]) -> Histories:
    """Rows of (item, count, days)."""
    values = np.array(rows, dtype=np.int64)
    return Histories(values[:, :, 0], values[:, :, 1], values[:, :, 2])


def ranking(scores: np.ndarray) -> list[int]:
    return np.lexsort((np.arange(len(scores)), -scores)).tolist()


def test_popularity_is_the_same_for_everyone() -> None:
    scores = Popularity(POPULARITY).score(slice(3, 5))
    assert scores.dtype == np.float32
    assert scores.tolist() == [POPULARITY.tolist()] * 2


def test_frequency_then_recency_then_popularity() -> None:
    own = histories([(3, 2, 9), (5, 1, 4), (4, 1, 8), (2, 1, 8)])
    scores = PersonalFrequency(own, POPULARITY).score(slice(0, 1))[0]
    assert ranking(scores) == [3, 5, 2, 4, 1, 0]


def test_equal_in_all_three_stays_a_tie() -> None:
    scores = PersonalFrequency(histories([(1, 2, 3), (4, 2, 3), (3, 1, 1)]), POPULARITY).score(
        slice(0, 1)
    )[0]
    assert scores[1] == scores[4] > scores[3] > scores[2]


def test_an_item_only_looked_at_was_not_bought() -> None:
    scores = PersonalFrequency(histories([(3, 0, 1)]), POPULARITY).score(slice(0, 1))[0]
    assert ranking(scores)[0] == 2


def test_without_a_history_popularity_ranks() -> None:
    own = histories([(0, 0, 0)], [(5, 1, 1)])
    scores = PersonalFrequency(own, POPULARITY).score(slice(0, 2))
    assert ranking(scores[0])[:3] == [2, 1, 4]
    assert ranking(scores[1])[:2] == [5, 2]


def test_a_block_of_people_scores_as_all_do() -> None:
    own = histories([(3, 2, 9)], [(5, 1, 4)], [(1, 1, 2)])
    baseline = PersonalFrequency(own, POPULARITY)
    np.testing.assert_array_equal(baseline.score(slice(1, 3)), baseline.score(slice(0, 3))[1:])


class Fixed:
    items = np.arange(6, dtype=np.float32)[:, None]

    def people(self, history: np.ndarray, counts: np.ndarray, days: np.ndarray) -> np.ndarray:
        return np.ones((len(history), 1), np.float32)

    def own_adjustment(self, counts: np.ndarray, days: np.ndarray) -> np.ndarray:
        return counts * np.float32(10)


def test_a_model_scores_by_product_and_own_adjustment() -> None:
    scores = Model(Fixed(), histories([(2, 3, 1), (0, 0, 0)])).score(slice(0, 1))
    assert scores.tolist() == [[0, 1, 32, 3, 4, 5]]
