"""Tasks that plan and commit side by side: Spark's driver plans one query on one core."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from graphlib import TopologicalSorter

from pyspark import inheritable_thread_target
from pyspark.sql import SparkSession

Task = Callable[[], object]


def together(
    spark: SparkSession,
    tasks: Mapping[str, Task],
    needs: Mapping[str, Collection[str]],
    *,
    at_once: int,
) -> None:
    """Do every task once, each after those it needs, `at_once` at the same time.

    Args:
        spark: the session that the tasks use.
        tasks: by name.
        needs: names of what must be done before a task; those that are no task are done.
        at_once: threads. With one, tasks are done in the order given, as far as needs allow.

    Raises:
        Exception: the first that a task raised, after those that had begun have ended; no
            other is begun.
        graphlib.CycleError: tasks need each other.
    """
    order = TopologicalSorter({name: set(needs.get(name, ())) & tasks.keys() for name in tasks})
    order.prepare()
    running: dict[Future[object], str] = {}
    waiting: list[str] = []
    with ThreadPoolExecutor(at_once) as pool:
        while order.is_active():
            waiting = sorted({*waiting, *order.get_ready()}, key=list(tasks).index)
            while waiting and len(running) < at_once:
                name = waiting.pop(0)
                # One call a task: tasks of one call would share Spark's local properties.
                task = inheritable_thread_target(spark)(tasks[name])
                running[pool.submit(task)] = name
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                name = running.pop(future)
                future.result()
                order.done(name)
