from __future__ import annotations

import numpy as np

from shoplake.serve.reasons import GENERAL, reasons

NAMES = np.array(["", "kettle", "teapot", "lamp", "sofa"], dtype=object)
ITEMS = np.array([[9, 9], [1, 0], [2, 1], [-1, 0], [0, -1]], dtype=np.float32)


def why(recommended: list[int], history: list[int], counts: list[int]) -> list[str]:
    rows = (np.array([values], dtype=np.int64) for values in (recommended, history, counts))
    return reasons(*rows, ITEMS, NAMES)[0].tolist()


def test_bought_once_and_often() -> None:
    assert why([1, 2], [2, 1], [3, 1]) == ["you bought this before", "you bought this 3 times"]


def test_looked_at_but_not_bought() -> None:
    assert why([1], [1], [0]) == ["you looked at this"]


def test_names_the_most_similar_history_item() -> None:
    assert why([2], [3, 1], [1, 1]) == ["similar to kettle"]


def test_of_equally_similar_items_the_newer_is_named() -> None:
    random = np.random.default_rng(0)
    items = np.repeat(random.standard_normal((1, 33)), 131, axis=0).astype(np.float32)
    items *= random.uniform(0.5, 2, (131, 1)).astype(np.float32)
    names = np.array(["", *map(str, range(1, 131))], dtype=object)
    for length in (1, 2, 7, 33, 100):
        history = np.arange(130, 130 - length, -1)[None]
        found = reasons(np.array([[1, 2, 3]]), history, np.ones_like(history), items, names)
        assert found[0].tolist() == ["similar to 130"] * 3


def test_names_nothing_that_points_away() -> None:
    assert why([3], [1, 4], [1, 1]) == [GENERAL]


def test_padding_has_no_reason_and_is_never_named() -> None:
    assert why([1, 0], [0, 0], [0, 0]) == [GENERAL, ""]


def test_works_without_any_history_column() -> None:
    assert why([1], [], []) == [GENERAL]
