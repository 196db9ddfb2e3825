"""Work that a thread of its own does beside the caller's, whenever it is due."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from types import TracebackType
from typing import TYPE_CHECKING

from pyspark import inheritable_thread_target

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

#: Seconds between two looks whether something is due.
LOOK_EVERY = 0.2


class Beside:
    """A context in which `do` is called, one call at a time, whenever `due` says so.

    Its Spark jobs are of a pool of their own, so that where the session schedules fairly they do
    not queue behind all tasks of another thread's job. At the end a call that runs is waited for.

    Args:
        spark: the session that `do` uses.
        due: asked by the thread between two calls.
        do: the work.
        pool: name of the pool.

    Raises:
        Exception: what `do` or `due` raised, by `check` or at the end of the context.
    """

    def __init__(
        self, spark: SparkSession, due: Callable[[], bool], do: Callable[[], object], *, pool: str
    ) -> None:
        self._spark, self._due, self._do, self._pool = spark, due, do, pool
        self._ended, self._failure = threading.Event(), list[BaseException]()

    def _work(self) -> None:
        in_pool(self._spark, self._pool)
        try:
            while not self._ended.wait(LOOK_EVERY):
                if self._due():
                    self._do()
        except BaseException as error:  # it is the caller's to know
            self._failure.append(error)

    def check(self) -> None:
        """Raises what ended the thread, if something has."""
        if self._failure:
            raise self._failure[0]

    def unless(self, needless: bool) -> AbstractContextManager[object]:
        """The context, or one that does nothing."""
        return nullcontext() if needless else self

    def __enter__(self) -> Beside:
        # So that it has a thread in the JVM too, with local properties of its own.
        target = inheritable_thread_target(self._spark)(self._work)
        self._thread = threading.Thread(target=target, name=self._pool, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._thread.join()
        if error is None:
            self.check()


def in_pool(spark: SparkSession, pool: str) -> None:
    """Let the Spark jobs of this thread be of a pool; on Spark Connect there is none to choose."""
    try:
        context = spark.sparkContext
    except Exception:
        return
    context.setLocalProperty("spark.scheduler.pool", pool)
