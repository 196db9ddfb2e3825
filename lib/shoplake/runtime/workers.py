"""Spark's daemon of Python workers, with pandas and Arrow already imported.

A worker is a fork of the daemon. Spark's own daemon knows neither library, so every worker imports
them for itself: more than a second each, and a stage runs as many as it has functions in a row.
Spark starts this module instead where `spark.python.daemon.module` names it.
"""

from __future__ import annotations

import pandas  # noqa: F401
import pyarrow  # noqa: F401
from pyspark.daemon import manager

if __name__ == "__main__":
    manager()
