"""Quality by segment of people: a mean over everybody hides those who are served badly.

Ekstrand et al., "All the cool kids, how do they fit in?" (FAT* 2018): recommenders serve some
groups of people better than others, and only a breakdown shows it. A segment's figures are a task
of their own in governance.model_metrics, named "<task> | <kind>: <segment>".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from shoplake.evaluate.intervals import bootstrap_mean
from shoplake.evaluate.metrics import Values
from shoplake.serve.histories import Histories

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from shoplake.governance.run import Run

#: Smaller groups are left out: their figures say little, and point at persons.
SMALLEST = 10
#: Between a task and a segment in the name of a segment's task.
OF = " | "
NEW_DAYS, LIGHT_ITEMS = 30, 5
_METRICS = ("ndcg", "recall")
#: Countries beyond the largest so many are told together.
_MOST_NAMES = 5
#: Tables that the facts about people are from.
FACTS = ("silver.events", "silver.orders", "silver.people")


@dataclass(frozen=True)
class PerPerson:
    """What each judged person's list was worth.

    Attributes:
        keys: [P] person_key.
        histories: [P, H] as of the cut.
        values: (scorer, task, metric) -> [P], NaN where the task has no true item of the person.
        k: cut-off.
    """

    keys: Sequence[str]
    histories: Histories
    values: Mapping[tuple[str, str, str], Values]
    k: int


def by_segment(
    judged: PerPerson, task: str, facts: pd.DataFrame, *, leave_out: Sequence[str] = ()
) -> pd.DataFrame:
    """Metrics of the deciding task by segment: rows as of `Judgement.metrics`.

    Args:
        judged: everybody.
        task: the one that decides.
        facts: person_key, platform, country; people who are missing are "unknown".
        leave_out: scorers to leave out.

    Returns:
        task ("new | history: light"), metric, scorer, value, low, high, people; segments of fewer
        than `SMALLEST` people with a true item are left out.
    """
    rows = []
    known = facts.set_index("person_key").reindex(list(judged.keys))
    segments = _by_history(judged.histories)
    for kind in ("platform", "country"):
        segments |= by_name(kind, known[kind])
    for (scorer, judged_task, metric), values in judged.values.items():
        if judged_task != task or metric not in _METRICS or scorer in leave_out:
            continue
        for segment, inside in segments.items():
            found = values[inside & ~np.isnan(values)]
            if len(found) < SMALLEST:
                continue
            mean = bootstrap_mean(found, seed=0)
            about = f"{task}{OF}{segment}", f"{metric}@{judged.k}", scorer
            rows.append((*about, mean.value, mean.low, mean.high, len(found)))
    columns = ["task", "metric", "scorer", "value", "low", "high", "people"]
    return pd.DataFrame(rows, columns=columns)


def _by_history(histories: Histories) -> dict[str, NDArray[np.bool_]]:
    """New people, light ones, and all others, by what was known of them at the cut."""
    held = histories.items > 0
    count = held.sum(axis=1)
    oldest = np.where(held, histories.days, 0).max(axis=1, initial=0)
    # A full history has been cut: how long the person has been coming, it does not say.
    new = (oldest < NEW_DAYS) & (count < histories.items.shape[1])
    light = ~new & (count <= LIGHT_ITEMS)
    return {
        f"history: new (first seen in the last {NEW_DAYS} days)": new,
        f"history: light (up to {LIGHT_ITEMS} items)": light,
        "history: all others": ~new & ~light,
    }


def by_name(kind: str, names: pd.Series) -> dict[str, NDArray[np.bool_]]:
    """The largest groups by name; nothing where everybody is of one."""
    said = names.fillna("unknown").to_numpy(dtype=object)
    largest = pd.Series(said).value_counts().index[:_MOST_NAMES].tolist()
    if len(largest) < 2:
        return {}
    found = {f"{kind}: {name}": said == name for name in largest}
    rest = ~np.isin(said, largest)
    return found | ({f"{kind}: all others": rest} if rest.any() else {})


def facts_of_people(run: Run, keys: Sequence[str], cut: datetime) -> pd.DataFrame:
    """Platform used most before the cut and country, of those of these people who have either.

    Returns:
        person_key, platform, country; one row a person.
    """
    from pyspark.sql import functions as F

    from shoplake.features.interactions import instant

    read = run.reader(run.versions(FACTS))
    asked = run.lake.spark.createDataFrame([(key,) for key in keys], "person_key string")
    some = F.broadcast(asked)

    def used(table: str, at: str) -> DataFrame:
        rows = read(table).where((F.col(at) < instant(cut)) & F.col("platform").isNotNull())
        return rows.select("person_key", "platform").join(some, "person_key", "left_semi")

    both = used("silver.events", "occurred_at").unionByName(used("silver.orders", "ordered_at"))
    often = both.groupBy("person_key", "platform").count()
    most = F.max_by("platform", F.struct("count", "platform")).alias("platform")
    known = read("silver.people").join(some, "person_key", "left_semi")
    people = known.groupBy("person_key").agg(F.max("country").alias("country"))
    found = (
        asked.join(often.groupBy("person_key").agg(most), "person_key", "left")
        .join(people, "person_key", "left")
        .toPandas()
    )
    return pd.DataFrame(found)
