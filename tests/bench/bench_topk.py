"""Exact top-100 of the same factors: Spark ALS's own `recommendForAllUsers` against Shoplake's.

    python tests/bench/bench_topk.py [--people 4000] [--items 4000] [--rank 64] [--runs 3]
    python tests/bench/bench_topk.py --alone --people 100000 --items 20000 --runs 1

Both sides are one Spark job on the same session that writes the same rows (person, item, score) to
a Delta table; they run alternately, after their answers are compared. `--alone` runs Shoplake's side
only, on random factors, and says how much memory its Python workers took at most. Both read the factors of one fitted
ALS model from memory, fitted with as many blocks as there are cores: ALS's default of 10 costs
both sides tasks that a small machine has no use for.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from pyspark.ml.recommendation import ALS, ALSModel
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from shoplake.runtime.session import get_spark
from shoplake.serve.topk import TopK, top_k

BLOCK = 512


def fit(spark: SparkSession, people: int, items: int, rank: int) -> ALSModel:
    """An ALS model that knows every person and every item."""
    random = np.random.default_rng(0)
    pairs = pd.DataFrame(
        {
            "person": np.tile(np.arange(people), 5),
            "item": random.integers(items, size=5 * people),
            "rating": random.random(5 * people),
        }
    )
    every = pd.DataFrame({"person": np.arange(items) % people, "item": np.arange(items)})
    ratings = spark.createDataFrame(pd.concat([pairs, every.assign(rating=0.5)]))
    als = ALS(
        userCol="person",
        itemCol="item",
        rank=rank,
        maxIter=1,
        seed=0,
        numUserBlocks=2,
        numItemBlocks=2,
    )
    return als.fit(ratings)


def factors(frame: DataFrame) -> np.ndarray:
    """Factors [n, rank] by id."""
    rows = frame.orderBy("id").toPandas()
    return np.stack(rows["features"].to_numpy()).astype(np.float32)


def shoplake(people: DataFrame, items: np.ndarray, k: int) -> DataFrame:
    """Person factors in, (person, item, score) out, as batch scoring does it."""
    padded = np.concatenate([np.zeros((1, items.shape[1]), np.float32), items])

    def run(batches: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        for whole in batches:
            # As batch scoring does: no more people at once than a block.
            for start in range(0, len(whole), BLOCK):
                batch = whole.iloc[start : start + BLOCK]
                best = plain_top_k(np.stack(batch["features"].to_numpy()), padded, k)
                yield pd.DataFrame(
                    {
                        "person": np.repeat(batch["id"].to_numpy(), k),
                        "item": best.indices.ravel() - 1,
                        "score": best.scores.ravel(),
                    }
                )

    return people.mapInPandas(run, "person int, item int, score float")


def als(model: ALSModel, k: int) -> DataFrame:
    """What Spark ML offers for this."""
    ranked = model.recommendForAllUsers(k)
    return ranked.selectExpr("person", "inline(recommendations)").withColumnRenamed(
        "rating", "score"
    )


def plain_top_k(people: np.ndarray, padded: np.ndarray, k: int) -> TopK:
    """Nothing excluded, no histories."""
    nothing = np.zeros((len(people), 0))
    return top_k(
        people.astype(np.float32),
        padded,
        k,
        history=nothing.astype(np.int64),
        adjustment=nothing.astype(np.float32),
        excluded=nothing.astype(np.int64),
        allowed=np.ones(len(padded), dtype=np.bool_),
    )


def check_same(first: DataFrame, second: DataFrame, k: int) -> float:
    """The largest difference between the two sides' sorted scores of a person."""

    def scores(frame: DataFrame) -> np.ndarray:
        rows = frame.toPandas().sort_values(["person", "score"], ascending=[True, False])
        return rows["score"].to_numpy().reshape(-1, k)

    gap = float(np.abs(scores(first) - scores(second)).max())
    if gap > 1e-5:
        raise SystemExit(f"the two sides disagree: scores differ by up to {gap}")
    return gap


def seconds(frame: DataFrame, folder: Path) -> float:
    started = time.perf_counter()
    frame.write.format("delta").mode("overwrite").save(str(folder))
    return time.perf_counter() - started


def random_people(spark: SparkSession, people: int, rank: int) -> DataFrame:
    """Factors that no model was fitted for, made by Spark: the driver holds none of them."""
    features = F.array(*(F.randn(place).cast("float") for place in range(rank)))
    return spark.range(people, numPartitions=8).select(
        F.col("id").cast("int").alias("id"), features.alias("features")
    )


def peak_of_workers() -> float:
    """The most memory (MB) that one Python worker of Spark's has had resident; reads Linux's /proc."""
    most = 0.0
    for said in Path("/proc").glob("[0-9]*/status"):
        try:
            command = (said.parent / "cmdline").read_text()
            if "shoplake.runtime.workers" not in command and "pyspark.daemon" not in command:
                continue
            most = max(most, int(said.read_text().split("VmHWM:")[1].split()[0]) / 1024)
        except (OSError, IndexError):  # it ended meanwhile
            continue
    return most


def alone(spark: SparkSession, asked: argparse.Namespace, folder: Path) -> None:
    """Shoplake's side only."""
    people = random_people(spark, asked.people, asked.rank)
    shape = (asked.items, asked.rank)
    items = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    for _ in range(asked.runs):
        taken = seconds(shoplake(people, items, asked.k), folder / "alone")
        written = spark.read.format("delta").load(str(folder / "alone")).count()
        rate = asked.people / taken
        print(f"shoplake top_k: {taken:.1f} s, {rate:,.0f} people/s, {written:,} rows written")
        print(f"most memory of one Python worker: {peak_of_workers():,.0f} MB")


def beside(spark: SparkSession, asked: argparse.Namespace, folder: Path) -> None:
    """Both sides by turns."""
    model = fit(spark, asked.people, asked.items, asked.rank)
    items = factors(model.itemFactors)
    sides: dict[str, Callable[[], DataFrame]] = {
        "ALS.recommendForAllUsers": lambda: als(model, asked.k),
        "shoplake top_k": lambda: shoplake(model.userFactors, items, asked.k),
    }
    gap = check_same(*(side() for side in sides.values()), asked.k)
    print(f"{asked.people:,} people x {asked.items:,} items, rank {asked.rank}, top {asked.k}")
    print(f"same answers: sorted scores differ by at most {gap:.1e}")
    times: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(asked.runs):
        for name, side in sides.items():
            times[name].append(seconds(side(), folder / name))
    for name, taken in times.items():
        each = ", ".join(f"{value:.2f}" for value in taken)
        print(f"{name}: median {statistics.median(taken):.2f} s ({each})")
    medians = [statistics.median(taken) for taken in times.values()]
    print(f"ratio: {medians[0] / medians[1]:.1f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("people", 4000), ("items", 4000), ("rank", 64), ("k", 100), ("runs", 3)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--alone", action="store_true")
    asked = parser.parse_args()
    spark = get_spark("bench_topk")
    with tempfile.TemporaryDirectory() as folder:
        (alone if asked.alone else beside)(spark, asked, Path(folder))
    spark.stop()


if __name__ == "__main__":
    main()
