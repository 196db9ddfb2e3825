"""One Spark session: set up for a small machine locally, left alone on a cluster."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from shoplake.errors import SettingsError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

DELTA = "io.delta:delta-spark_2.13:4.0.1"

_SMALL_MACHINE = {
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    # Nobody looks at them without a UI, and plans of a thousand queries fill the heap of a stream.
    "spark.ui.retainedJobs": "20",
    "spark.ui.retainedStages": "20",
    "spark.ui.retainedTasks": "200",
    "spark.sql.ui.retainedExecutions": "20",
    "spark.sql.streaming.numRecentProgressUpdates": "5",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.sql.shuffle.partitions": "2",
    "spark.default.parallelism": "2",
    "spark.databricks.delta.snapshotPartitions": "2",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.sources.parallelPartitionDiscovery.parallelism": "2",
    "spark.sql.autoBroadcastJoinThreshold": "32m",
    "spark.sql.adaptive.coalescePartitions.initialPartitionNum": "2",
    # A thread's jobs may be of a pool of their own; those of none queue as they do without this.
    "spark.scheduler.mode": "FAIR",
    # The JIT leaves methods above 8,000 bytes to the interpreter: many rules in one expression ran
    # five times slower. Above this limit Spark writes many small methods instead of one.
    "spark.sql.codegen.hugeMethodLimit": "8000",
    # Else Spark computes what occurs twice behind an AND or OR for every row, also where the first
    # operand decides: a length in characters is counted though its bytes have told already.
    "spark.sql.subexpressionElimination.skipForShortcutExpr": "true",
    # Many plans over small data: Spark keeps 100 compiled classes and compiles the rest again.
    "spark.sql.codegen.cache.maxEntries": "2000",
    "spark.python.daemon.module": "shoplake.runtime.workers",
    # Else every column function asks the JVM for a setting and looks where it was called from.
    "spark.python.sql.dataFrameDebugging.enabled": "false",
    # Hadoop's usual local file system writes a .crc beside each file and forks `chmod` for both.
    "spark.hadoop.fs.file.impl": "org.apache.hadoop.fs.RawLocalFileSystem",
    "spark.hadoop.fs.AbstractFileSystem.file.impl": "org.apache.hadoop.fs.local.RawLocalFs",
    # Spark writes a checksum with each page and does not look at it: a bit that a disk has turned
    # is to be an error, and no other number.
    "spark.hadoop.parquet.page.verify-checksum.enabled": "true",
    # Of a standalone cluster (`spark.master` in the settings' conf): as it is here.
    "spark.executorEnv.TZ": "UTC",
    "spark.executor.extraJavaOptions": "-Duser.timezone=UTC",
    # Deletion vectors stay off: Petastorm reads data files without them.
    "spark.databricks.delta.properties.defaults.enableDeletionVectors": "false",
}


#: HotSpot's second compiler waits for five times as many calls as usual: in a few minutes, most of
#: what it would compile is not run often enough to pay.
_BRIEF = (
    " -XX:Tier4InvocationThreshold=25000 -XX:Tier4MinInvocationThreshold=3000"
    " -XX:Tier4CompileThreshold=75000 -XX:Tier4BackEdgeThreshold=200000"
)

_COMPILED_OR_INTERPRETED = {
    "spark.sql.codegen.wholeStage": ("true", "false"),
    "spark.sql.codegen.factoryMode": ("FALLBACK", "NO_CODEGEN"),
}


def get_spark(
    app: str = "shoplake",
    *,
    local: bool = True,
    cores: int = 2,
    memory: str = "3g",
    conf: dict[str, str] | None = None,
    brief: bool = False,
) -> SparkSession:
    """The running session if there is one, else a new one.

    Args:
        app: application name.
        local: True starts a local session with Delta's jars (resolved from Maven, then cached);
            False takes the cluster's session as it is and sets nothing but the UTC time zone.
        cores: local threads.
        memory: driver memory of a local session, as the JVM writes it.
        conf: further Spark settings, applied to a local session only.
        brief: a new local session's JVM is for minutes of work on little data: what is compiled a
            second time, for speed, is to be worth it.

    Raises:
        SettingsError: Java is missing or the jars cannot be resolved.
    """
    from pyspark.sql import SparkSession

    if not local:
        spark = SparkSession.builder.appName(app).getOrCreate()
        spark.conf.set("spark.sql.session.timeZone", "UTC")
        return spark

    # Spark hands naive datetimes over in the process's zone; here, as in the session, it is UTC.
    os.environ["TZ"] = "UTC"
    time.tzset()
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    _leave_gateway_without_delta()
    builder = SparkSession.builder.appName(app).master(f"local[{cores}]")
    builder = builder.config("spark.driver.memory", memory).config("spark.jars.packages", DELTA)
    log4j = Path(__file__).with_name("log4j2.properties")
    builder = builder.config(
        "spark.driver.extraJavaOptions",
        # A full code cache throws compiled methods out: C1's 48 MB cost a fifth of the time.
        f"-Dlog4j2.configurationFile=file:{log4j} -Duser.timezone=UTC -XX:+UseParallelGC"
        " -XX:ReservedCodeCacheSize=512m" + (_BRIEF if brief else ""),
    )
    for key, value in {**_SMALL_MACHINE, **(conf or {})}.items():
        builder = builder.config(key, value)
    with tempfile.NamedTemporaryFile("w+", prefix="spark-", suffix=".log", delete=False) as log:
        try:
            with _output_to(log.fileno()):
                spark = builder.getOrCreate()
        except Exception as error:
            log.seek(0)
            raise SettingsError(
                f"Spark did not start: {str(error).splitlines()[0][:200]}",
                where=f"{log.name}: {_last_line(log.read())}",
                remedy="put Java 17 on the PATH; the first start fetches Delta's jars from Maven",
            ) from None
    spark.sparkContext.setLogLevel("ERROR")
    _remember_classes(spark)
    return spark


def _remember_classes(spark: SparkSession) -> None:
    """Look up once what each column function needs; the JVM goes through all jars each time."""
    view = spark.sparkContext._jvm
    for name in ("functions", "org.apache.spark.sql.functions", "PythonUtils", "PythonSQLUtils"):
        setattr(view, name, getattr(view, name))


def interpret(spark: SparkSession, little: bool, said: dict[str, str]) -> None:
    """Let a local session interpret plans where there is little data, and compile them elsewhere.

    On little data most of a query's time is Java that is written, compiled and run a few times.

    Args:
        spark: the session.
        little: whether to interpret.
        said: settings that the user made; those stay.
    """
    for key, (compiled, interpreted) in _COMPILED_OR_INTERPRETED.items():
        if key not in said:
            spark.conf.set(key, interpreted if little else compiled)


def is_little(limit: int, *folders: str | Path | None) -> bool:
    """Whether less than `limit` bytes are below these folders; gzipped files count ten times."""
    size = 0
    for folder in filter(None, folders):
        for place, _, names in os.walk(str(folder)):
            for name in names:
                with suppress(FileNotFoundError):  # another process may clean up
                    times = 10 if name.endswith(".gz") else 1
                    size += times * os.path.getsize(os.path.join(place, name))
            if size >= limit:
                return False
    return limit > 0


def _leave_gateway_without_delta() -> None:
    """Under a plain `spark-submit`, start our own JVM: the given one lacks Delta's jars."""
    from pyspark import SparkContext

    if "PYSPARK_GATEWAY_PORT" not in os.environ or SparkContext._active_spark_context:
        return
    SparkContext._ensure_initialized()
    try:
        SparkContext._jvm.java.lang.Class.forName(  # type: ignore[union-attr]
            "io.delta.sql.DeltaSparkSessionExtension",
            False,
            SparkContext._jvm.java.lang.Thread.currentThread().getContextClassLoader(),  # type: ignore[union-attr]
        )
    except Exception:
        SparkContext._gateway = SparkContext._jvm = None
        del os.environ["PYSPARK_GATEWAY_PORT"]
        os.environ.pop("PYSPARK_GATEWAY_SECRET", None)


@contextmanager
def _output_to(target: int) -> Iterator[None]:
    """The JVM inherits these streams for good, so its chatter goes to the log file."""
    sys.stdout.flush()
    sys.stderr.flush()
    kept = os.dup(1), os.dup(2)
    try:
        os.dup2(target, 1)
        os.dup2(target, 2)
        yield
    finally:
        os.dup2(kept[0], 1)
        os.dup2(kept[1], 2)
        os.close(kept[0])
        os.close(kept[1])


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["(empty log)"])[-1][:300]
