"""Work in a thread of its own: when it is done, how it ends, whose jobs its jobs are."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest
from pyspark.sql import SparkSession

from shoplake.runtime.beside import Beside


def eventually(condition: Callable[[], bool]) -> bool:
    end = time.monotonic() + 20
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    return condition()


def test_work_is_done_once_for_each_time_that_it_is_due(spark: SparkSession) -> None:
    due, done = iter([False, True, True, False]), list[int]()
    with Beside(spark, lambda: next(due, False), lambda: done.append(1), pool="lists"):
        assert eventually(lambda: len(done) == 2 and next(due, None) is None)
    assert done == [1, 1]


def test_what_ends_the_thread_is_the_callers_to_know(spark: SparkSession) -> None:
    def fail() -> None:
        raise ValueError("no list")

    def look() -> None:
        with Beside(spark, lambda: True, fail, pool="lists") as beside:
            while True:
                beside.check()
                time.sleep(0.02)

    with pytest.raises(ValueError, match="no list"):
        look()


def test_a_failure_that_nobody_looked_for_is_raised_at_the_end(spark: SparkSession) -> None:
    beside = Beside(spark, lambda: bool(1 / 0), lambda: None, pool="lists")
    with pytest.raises(ZeroDivisionError), beside:
        assert eventually(lambda: bool(beside._failure))


def test_the_callers_own_error_comes_before_the_threads(spark: SparkSession) -> None:
    def end() -> None:
        with Beside(spark, lambda: bool(1 / 0), lambda: None, pool="lists") as beside:
            assert eventually(lambda: bool(beside._failure))
            raise KeyError

    with pytest.raises(KeyError):
        end()


def test_a_call_that_runs_is_waited_for(spark: SparkSession) -> None:
    begun, go_on, done = threading.Event(), threading.Event(), list[int]()

    def slow() -> None:
        begun.set()
        go_on.wait(20)
        done.append(1)

    with Beside(spark, lambda: not begun.is_set(), slow, pool="lists"):
        assert begun.wait(20)
        threading.Timer(0.1, go_on.set).start()
    assert done == [1]


def test_its_jobs_are_of_a_pool_and_the_callers_are_not(spark: SparkSession) -> None:
    def pool() -> str | None:
        return spark.sparkContext.getLocalProperty("spark.scheduler.pool")

    seen = list[str | None]()
    with Beside(spark, lambda: not seen, lambda: seen.append(pool()), pool="lists"):
        assert eventually(lambda: bool(seen))
        assert pool() is None
    assert seen == ["lists"]


def test_where_it_is_needless_nothing_is_asked(spark: SparkSession) -> None:
    asked = list[int]()
    beside = Beside(spark, lambda: bool(asked.append(1)), lambda: None, pool="lists")  # type: ignore[func-returns-value]
    with beside.unless(True):
        time.sleep(0.3)
    assert not asked
