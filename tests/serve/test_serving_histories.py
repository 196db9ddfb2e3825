from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from shoplake.serve.histories import Histories, read_histories
from shoplake.serve.settings import ServeError, ServeSettings


def frame(*rows: tuple[object, object, object]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["history", "history_counts", "history_days"])
    return table.assign(person_key=[f"p{at}" for at in range(len(rows))])


def test_ragged_empty_and_missing_lists_are_padded() -> None:
    found = read_histories(frame(([4, 2], [1, 3], [5, 9]), (None, None, None), ([], [], [])))
    assert found.items.tolist() == [[4, 2], [0, 0], [0, 0]]
    assert found.counts.tolist() == [[1, 3], [0, 0], [0, 0]]
    assert found.days.tolist() == [[5, 9], [0, 0], [0, 0]]


def test_no_history_at_all_has_no_width() -> None:
    assert read_histories(frame((None, None, None))).items.shape == (1, 0)


def test_lists_of_different_length_name_the_person() -> None:
    with pytest.raises(ServeError, match=r"lengths \[2, 1, 2\]\n  where: person_key p1"):
        read_histories(frame(([1], [1], [1]), ([1, 2], [1], [3, 3])))


def test_resizing_keeps_the_newest_items() -> None:
    own = Histories(*(np.array([[3, 2, 1]]) for _ in range(3)))
    assert own.resized(2, 2).items.tolist() == [[3, 2], [0, 0]]
    assert own.resized(1, 5).days.tolist() == [[3, 2, 1, 0, 0]]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (ServeSettings(), [0, 0, 0]),
        (ServeSettings(exclude_seen=True), [7, 0, 9]),
        (ServeSettings(exclude_recent_days=5), [7, 0, 0]),
    ],
)
def test_only_bought_items_are_excluded(settings: ServeSettings, expected: list[int]) -> None:
    own = Histories(np.array([[7, 8, 9]]), np.array([[1, 0, 2]]), np.array([[4, 1, 5]]))
    assert own.excluded(settings).tolist() == [expected]


@pytest.mark.parametrize(("name", "value"), [("k", 0), ("exclude_recent_days", -1)])
def test_settings_without_meaning_are_refused(name: str, value: int) -> None:
    with pytest.raises(ServeError, match=f"{name} is {value}"):
        ServeSettings(**{name: value})  # type: ignore[arg-type]
