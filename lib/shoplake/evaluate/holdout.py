"""The held-out period of a training set: who is evaluated, what they bought, what was known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array

from shoplake.evaluate.baselines import PersonalFrequency, Popularity, Scorer
from shoplake.evaluate.metrics import EvaluationError
from shoplake.evaluate.protocol import incidence
from shoplake.serve.histories import Histories, read_histories
from shoplake.serve.scorer import Ints

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_ARRAYS = ["history", "history_counts", "history_days"]


@dataclass(frozen=True)
class Holdout:
    """P people of the test cut over C = N + 1 item columns (column 0 is the padding).

    Attributes:
        keys: [P] person_key.
        histories: the arrays the model sees, [P, H].
        truth: [P, C] items bought within the horizon after the cut.
        bought: [P, C] items bought before the cut, however long ago.
        candidates: [C] items with an interaction before the cut.
        popularity: [C] people who bought each item before the cut.
        recent_popularity: [C] people who clicked or bought each item in the 30 days before it.
    """

    keys: list[str]
    histories: Histories
    truth: csr_array
    bought: csr_array
    candidates: NDArray[np.bool_]
    popularity: Ints
    recent_popularity: Ints

    def baselines(self) -> dict[str, Scorer]:
        """The simple rankings that every model has to beat."""
        return {
            "popularity": Popularity(self.popularity),
            "recent popularity": Popularity(self.recent_popularity),
            "personal frequency": PersonalFrequency(self.histories, self.popularity),
        }


def load_holdout(examples: DataFrame, snapshots: DataFrame, past: DataFrame, items: int) -> Holdout:
    """Collect the held-out period; the size is that of the people who bought in it.

    Args:
        examples: gold.training_examples.
        snapshots: gold.item_snapshots.
        past: what people had touched before the test cut: person_key, item_index, purchases,
            days (since the last interaction).
        items: N, the highest item_index.

    Raises:
        EvaluationError: nobody with a history bought anything within the horizon.
    """
    from pyspark.sql import functions as F

    test = examples.where("split = 'test' AND is_purchase = 1")
    rows = pd.DataFrame(test.select("person_key", "target_index", *_ARRAYS).toPandas())
    if rows.empty:
        raise EvaluationError(
            "nobody with a history bought anything within the horizon",
            where="gold.training_examples, split test",
            remedy="bring a longer period, or lower horizon_days of the shop's mapping",
        )
    people = rows.drop_duplicates("person_key").sort_values("person_key", ignore_index=True)
    place = {key: at for at, key in enumerate(people["person_key"])}
    truth = _lists(rows["person_key"].map(place), rows["target_index"], len(people))
    known = past.where("purchases > 0").select("person_key", "item_index")
    keys = test.select("person_key").distinct()
    before = pd.DataFrame(known.join(F.broadcast(keys), "person_key", "left_semi").toPandas())
    bought = _lists(before["person_key"].map(place), before["item_index"], len(people))
    columns = items + 1
    return Holdout(
        keys=people["person_key"].tolist(),
        histories=read_histories(people),
        truth=incidence(truth, columns),
        bought=incidence(bought, columns),
        candidates=_counts(past, columns) > 0,
        popularity=_counts(past.where("purchases > 0"), columns),
        recent_popularity=_recent(snapshots, columns),
    )


def _lists(places: pd.Series, items: pd.Series, people: int) -> list[list[int]]:
    found: list[list[int]] = [[] for _ in range(people)]
    for at, item in zip(places, items, strict=True):
        found[at].append(int(item))
    return found


def _recent(snapshots: DataFrame, columns: int) -> Ints:
    rows = pd.DataFrame(
        snapshots.where("split = 'test'").select("item_index", "log_popularity").toPandas()
    )
    values = np.zeros(columns, dtype=np.int64)
    values[rows["item_index"].to_numpy(dtype=np.int64)] = np.rint(np.expm1(rows["log_popularity"]))
    return values


def _counts(past: DataFrame, columns: int) -> Ints:
    """[C] people by item_index."""
    counted = pd.DataFrame(past.groupBy("item_index").count().toPandas())
    values = np.zeros(columns, dtype=np.int64)
    values[counted["item_index"].to_numpy(dtype=np.int64)] = counted["count"].to_numpy()
    return values
