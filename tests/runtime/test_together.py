"""Tasks side by side: order, width and what becomes of an error."""

from __future__ import annotations

import threading
from graphlib import CycleError

import pytest
from pyspark.sql import SparkSession

from shoplake.runtime.together import together


class Recorder:
    """Tasks that note when they begin and end, and how many ran at most."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.begun: list[str] = []
        self.ended: list[str] = []
        self.running = self.most = 0

    def task(self, name: str, wait: threading.Barrier | None = None):
        def work() -> None:
            with self.lock:
                self.begun.append(name)
                self.running += 1
                self.most = max(self.most, self.running)
            if wait is not None:
                wait.wait(20)
            with self.lock:
                self.running -= 1
                self.ended.append(name)

        return work


def test_one_at_a_time_keeps_the_order_given(spark: SparkSession) -> None:
    seen = Recorder()
    together(spark, {n: seen.task(n) for n in "cabd"}, {}, at_once=1)
    assert seen.ended == list("cabd")
    assert seen.most == 1


def test_two_run_at_the_same_time_and_no_third(spark: SparkSession) -> None:
    seen, both = Recorder(), threading.Barrier(2)
    together(spark, {n: seen.task(n, both) for n in "abcd"}, {}, at_once=2)
    assert sorted(seen.ended) == list("abcd")
    assert seen.most == 2


def test_a_task_begins_after_those_it_needs(spark: SparkSession) -> None:
    seen = Recorder()
    needs = {"a": ["c", "table.of.others"], "b": ["a"]}
    together(spark, {n: seen.task(n) for n in "abc"}, needs, at_once=2)
    assert seen.ended == ["c", "a", "b"]


def test_after_an_error_what_runs_is_finished_and_nothing_is_begun(spark: SparkSession) -> None:
    seen, both = Recorder(), threading.Barrier(2)

    def fail() -> None:
        both.wait(20)
        raise ValueError("a broke")

    tasks = {"a": fail, "b": seen.task("b", both), "c": seen.task("c")}
    with pytest.raises(ValueError, match="a broke"):
        together(spark, tasks, {"c": ["a", "b"]}, at_once=2)
    assert seen.ended == ["b"]


def test_tasks_that_need_each_other_are_refused(spark: SparkSession) -> None:
    seen = Recorder()
    tasks = {n: seen.task(n) for n in "ab"}
    with pytest.raises(CycleError):
        together(spark, tasks, {"a": ["b"], "b": ["a"]}, at_once=2)
    assert not seen.begun


def test_each_task_has_its_own_local_properties(spark: SparkSession) -> None:
    found: dict[str, str | None] = {}
    both = threading.Barrier(2)

    def task(name: str):
        def work() -> None:
            spark.sparkContext.setLocalProperty("shoplake.test", name)
            both.wait(20)
            found[name] = spark.sparkContext.getLocalProperty("shoplake.test")

        return work

    together(spark, {n: task(n) for n in "ab"}, {}, at_once=2)
    assert found == {"a": "a", "b": "b"}
    assert spark.sparkContext.getLocalProperty("shoplake.test") is None
