from __future__ import annotations

import numpy as np
import pytest

from shoplake.evaluate.spread import diversity, spread

VECTORS = np.array([[1, 0], [1, 0], [0, 1], [0.6, 0.8], [0, 0]], dtype=np.float32)


def test_diversity_is_one_less_the_mean_cosine_of_the_pairs_of_a_list() -> None:
    assert diversity(np.array([[0, 1]]), VECTORS) == pytest.approx(0)
    assert diversity(np.array([[0, 2]]), VECTORS) == pytest.approx(1)
    assert diversity(np.array([[0, 2, 3]]), VECTORS) == pytest.approx(1 - (0 + 0.6 + 0.8) / 3)
    assert diversity(np.array([[0, 1], [0, 2]]), VECTORS) == pytest.approx(0.5)


def test_items_without_a_vector_and_empty_places_do_not_count() -> None:
    assert diversity(np.array([[0, 4, 2], [0, -1, -1]]), VECTORS) == pytest.approx(1)
    assert np.isnan(diversity(np.array([[0, -1], [4, 4]]), VECTORS))


def test_diversity_is_told_where_there_are_titles() -> None:
    shown, count, own = np.array([[0, 2]]), np.array([3, 1, 1, 0, 0]), np.array([0])
    assert spread(shown, count, own, VECTORS)["diversity@2"].value == pytest.approx(1)
    assert "diversity@2" not in spread(shown, count, own)
    assert "diversity@2" not in spread(shown, count, own, np.zeros_like(VECTORS))
