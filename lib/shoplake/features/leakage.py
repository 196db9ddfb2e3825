"""Proof on the built training set that nothing in it peeks past its cut.

The check shares no code with what built the set: it takes the interactions of a few people (chosen
by hash) and works out in plain Python what their rows must hold.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import exp, log2

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from shoplake.errors import GovernanceError
from shoplake.features.histories import ARRAYS
from shoplake.features.settings import InterestSettings

_DAY = 86_400_000_000  # microseconds
_TOLD = 5  # examples named in an error


@dataclass(frozen=True)
class _Touch:
    """One interaction of a sampled person; times in microseconds since 1970."""

    item: int
    kind: str
    at: int
    back: int | None

    def before(self, cut: int) -> bool:
        return self.at < cut and (self.back is None or self.back >= cut)

    def within(self, start: int, end: int) -> bool:
        return start < self.at <= end and (self.back is None or self.back > end)


def check_no_peeking(
    examples: DataFrame,
    snapshots: DataFrame,
    interactions: DataFrame,
    index: DataFrame,
    *,
    as_of: datetime,
    horizon_days: int,
    settings: InterestSettings,
    sample: int = 200,
    seed: int = 7,
) -> None:
    """Check that history precedes and labels follow each cut, and that no training label is tested.

    Args:
        examples: gold.training_examples of one build.
        snapshots: gold.item_snapshots of the same build.
        interactions: the view of `interactions.interactions`, unfiltered.
        index: product_id, item_index.
        as_of: end of the data; no label window may reach beyond it.
        horizon_days: length of the label windows.
        settings: by which labels were made.
        sample: examples, and rows of `snapshots`, to work out again; chosen by hash.
        seed: of that choice.

    Raises:
        GovernanceError: names the examples (or items), the column and the times.
    """
    cuts = _check_windows(examples, snapshots, as_of, horizon_days)
    rows = (
        examples.withColumn("cut", F.unix_micros("as_of"))
        .orderBy(F.xxhash64(F.lit(seed), "example_id"), "example_id")
        .limit(sample)
        .collect()
    )
    touches = _touches(interactions, index, {row["person_key"] for row in rows})
    found = []
    for row in (row.asDict() for row in rows):
        past = touches.get(row["person_key"], [])
        end = row["cut"] + horizon_days * _DAY
        errors = [*_history_errors(row, past), *_label_errors(row, past, end, settings)]
        found += [(row["example_id"], *error) for error in errors]
    _raise(found, "example", "gold.training_examples")
    _raise(
        list(_popularity_errors(snapshots, interactions, index, cuts, sample, seed)),
        "item_index",
        "gold.item_snapshots",
    )


def _check_windows(
    examples: DataFrame, snapshots: DataFrame, as_of: datetime, horizon_days: int
) -> dict[int, int]:
    """Check where the windows lie; the cut of each snapshot, in microseconds."""
    columns = ("snapshot", F.unix_micros("as_of").alias("cut"), "split")
    told = examples.select(*columns).union(snapshots.select(*columns)).distinct().collect()
    cuts = {row["snapshot"]: row["cut"] for row in told}
    if len(cuts) < len(told):
        raise GovernanceError(
            "a snapshot has more than one as_of or split",
            where="gold.training_examples and gold.item_snapshots: snapshot, as_of, split",
            remedy="build both tables from the same cuts",
        )
    now = as_of if as_of.tzinfo else as_of.replace(tzinfo=UTC)
    end_of_data = (now - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    first_test = min((row["cut"] for row in told if row["split"] == "test"), default=end_of_data)
    for row in sorted(told, key=lambda row: int(row["cut"])):
        limit = end_of_data if row["split"] == "test" else first_test
        end = row["cut"] + horizon_days * _DAY
        if end <= limit:
            continue
        ids = examples.where(F.col("snapshot") == row["snapshot"]).select("example_id")
        named = [r[0] for r in ids.orderBy("example_id").limit(_TOLD).collect()]
        what = "the test cut" if row["split"] == "train" else "the end of the data"
        raise GovernanceError(
            f"labels of {row['split']} snapshot {row['snapshot']}, cut at {_time(row['cut'])}, "
            f"reach to {_time(end)}, past {what} at {_time(limit)}",
            where=f"gold.training_examples: as_of, label; examples {', '.join(named)}",
            remedy="cut whole horizons before the test cut: `training.plan_cuts`",
        )
    return cuts


def _touches(
    interactions: DataFrame, index: DataFrame, people: set[str]
) -> dict[str, list[_Touch]]:
    """All interactions of the sampled people with indexed items."""
    rows = (
        interactions.where(F.col("person_key").isin(*sorted(people)))
        .join(F.broadcast(index), "product_id")
        .select(
            "person_key",
            "item_index",
            "kind",
            F.unix_micros("at").alias("at"),
            F.unix_micros("taken_back_at").alias("back"),
        )
        .collect()
    )
    found: dict[str, list[_Touch]] = {}
    for person, *touch in rows:
        found.setdefault(person, []).append(_Touch(*touch))
    return found


def _history_errors(row: dict, touches: list[_Touch]) -> Iterator[tuple[str, str]]:
    """What of an example's history is not what had happened before its cut."""
    cut, length = row["cut"], len(row["history"])
    last: dict[int, int] = {}
    counts: dict[int, int] = {}
    for touch in touches:
        if touch.before(cut) and touch.kind in ("view", "click", "cart", "purchase"):
            last[touch.item] = max(last.get(touch.item, touch.at), touch.at)
            counts[touch.item] = counts.get(touch.item, 0) + (touch.kind == "purchase")
    newest = sorted(last, key=lambda item: (-last[item], item))[:length]
    padding = [0] * (length - len(newest))
    expected = {
        "history": newest + padding,
        "history_counts": [counts[item] for item in newest] + padding,
        "history_days": [(cut - last[item]) // _DAY for item in newest] + padding,
    }
    for name in ARRAYS:
        if list(row[name]) == expected[name]:
            continue
        places = zip(row["history"], row[name], expected[name], strict=False)
        item = next((item for item, got, right in places if got != right), 0)
        times = sorted(t.at for t in touches if t.item == item and t.at >= cut)
        then = f", touched at {_time(times[0])}" if times else ""
        yield name, f"item {item}{then}, is not as it was before the cut at {_time(cut)}"
        return
    bought = counts.get(row["target_index"], 0) > 0
    if row["is_new"] != (not bought):
        yield "is_new", f"is {row['is_new']} at the cut at {_time(cut)}"


def _label_errors(
    row: dict, touches: list[_Touch], end: int, settings: InterestSettings
) -> Iterator[tuple[str, str]]:
    """Whether an example's label is not the interest shown in (cut, end]."""
    kinds = Counter(
        t.kind for t in touches if t.item == row["target_index"] and t.within(row["cut"], end)
    )
    evidence = sum(settings.kinds[kind].weight * log2(1 + n) for kind, n in kinds.items())
    floor = settings.purchase_floor if kinds["purchase"] else 0.0
    expected = {
        "is_purchase": int(kinds["purchase"] > 0),
        "label": max(1 - exp(-max(evidence, 0.0)), floor),
    }
    for name, right in expected.items():
        if abs(row[name] - right) > 1e-6:
            window = f"({_time(row['cut'])}, {_time(end)}]"
            yield name, f"is {row[name]:.4g}, but {dict(kinds)} in {window} makes {right:.4g}"
            return


def _popularity_errors(
    snapshots: DataFrame,
    interactions: DataFrame,
    index: DataFrame,
    cuts: dict[int, int],
    sample: int,
    seed: int,
) -> Iterator[tuple[str, str, str]]:
    """Sampled popularities that are not those of before the cut."""
    rows = snapshots.orderBy(F.xxhash64(F.lit(seed), "snapshot", "item_index")).limit(sample)
    chosen = rows.join(F.broadcast(index), "item_index").withColumn("cut", F.unix_micros("as_of"))
    back = F.coalesce(F.unix_micros("taken_back_at"), F.lit(2**62)).alias("back")
    used = interactions.where("kind IN ('click', 'purchase')").select(
        "product_id", "person_key", F.unix_micros("at").alias("at"), back
    )

    def people(days: int) -> Column:
        window = F.expr(f"at < cut AND back >= cut AND at >= cut - {days * _DAY}")
        return F.log1p(F.count_distinct(F.when(window, F.col("person_key"))))

    compared = (
        chosen.join(used, "product_id", "left")
        .groupBy("snapshot", "item_index", "cut", "log_popularity", "log_recent")
        .agg(people(30).alias("within_30"), people(7).alias("within_7"))
    )
    for column, days in (("log_popularity", 30), ("log_recent", 7)):
        wrong = compared.where(F.abs(F.col(column) - F.col(f"within_{days}")) > 1e-9)
        for row in wrong.orderBy("snapshot", "item_index").limit(_TOLD).collect():
            yield (
                str(row["item_index"]),
                column,
                f"is {row[column]:.3f} in snapshot {row['snapshot']}, but was "
                f"{row[f'within_{days}']:.3f} in the {days} days before the cut at "
                f"{_time(cuts[row['snapshot']])}",
            )


def _raise(found: list[tuple[str, str, str]], noun: str, table: str) -> None:
    if not found:
        return
    told = [f"{noun} {name}: {column} {why}" for name, column, why in found[:_TOLD]]
    told += [f"and {len(found) - _TOLD} more"] if len(found) > _TOLD else []
    raise GovernanceError(
        f"{len(found)} of the sampled rows peek past their cut, or are not what the data say",
        where=f"{table}: " + "; ".join(told),
        remedy="build the table again from the same version of silver as is checked here; if the "
        "error stays, a feature or label reads past its cut",
    )


def _time(micros: int) -> str:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)).strftime(
        "%Y-%m-%d %H:%M:%S"
    )
