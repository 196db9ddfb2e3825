"""A person's vector in a live list: all they did, and once more what they did today."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
from pyspark.sql import SparkSession

from shoplake.runtime.few import Few
from shoplake.serve.live import SessionScorer
from shoplake.serve.live_lists import newest


class Mean:
    """The person is the mean of their items, which are unit vectors."""

    items = np.eye(5, dtype=np.float32)

    def people(self, history: np.ndarray, counts: np.ndarray, days: np.ndarray) -> np.ndarray:
        inside = (history > 0)[..., None]
        return (self.items[history] * inside).sum(1) / np.maximum(inside.sum(1), 1)

    def own_adjustment(self, counts: np.ndarray, days: np.ndarray) -> np.ndarray:
        return counts.astype(np.float32)


HISTORY = np.array([[3, 2, 1, 4], [1, 2, 0, 0]])
DAYS = np.array([[0, 0, 0, 9], [2, 3, 0, 0]])
COUNTS = np.zeros_like(DAYS)


def test_the_newest_items_of_the_day_count_once_more() -> None:
    found = SessionScorer(Mean(), newest=2, weight=0.5).people(HISTORY, COUNTS, DAYS)
    np.testing.assert_allclose(found[0], [0, 0.125, 0.375, 0.375, 0.125])


def test_who_has_no_session_is_as_the_model_has_them() -> None:
    found = SessionScorer(Mean(), newest=2, weight=0.5).people(HISTORY, COUNTS, DAYS)
    np.testing.assert_allclose(found[1], [0, 0.5, 0.5, 0, 0])


def test_padding_is_no_item_of_today() -> None:
    scorer = SessionScorer(Mean(), newest=4, weight=1.0)
    np.testing.assert_allclose(scorer.people(HISTORY, COUNTS, DAYS)[1], [0, 0.5, 0.5, 0, 0])


def test_without_weight_it_is_the_model() -> None:
    plain = Mean().people(HISTORY, COUNTS, DAYS)
    np.testing.assert_array_equal(
        SessionScorer(Mean(), 2, 0.0).people(HISTORY, COUNTS, DAYS), plain
    )


def test_a_clock_years_ahead_is_not_the_newest_event_of_all(spark: SparkSession) -> None:
    at = [datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 9, 7, tzinfo=UTC)]
    wrong = datetime(2031, 1, 1, tzinfo=UTC)
    rows = pa.table({"at": pa.array([wrong, *at], pa.timestamp("us", "UTC"))})
    few = Few.held(spark, rows)
    limit = datetime(2026, 9, 1) + timedelta(days=300)
    for did in (few, Few(few.frame, None)):
        assert newest(did, limit) == datetime(2026, 9, 7)
        assert newest(did, datetime(2026, 1, 1)) == datetime.min
