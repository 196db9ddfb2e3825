"""A lake's people at its cuts, as recommenders learn from them: what serving knew then."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from scipy.sparse import csr_array

from shoplake.evaluate.training import EXAMPLES, ITEMS, SNAPSHOTS, TrainingSet, newest_items
from shoplake.features.behaviour import TABLES
from shoplake.features.histories import Cut, cut_table, seen
from shoplake.features.interactions import interactions
from shoplake.governance.run import Run
from shoplake.models.recommenders.interactions import Floats, Ints
from shoplake.models.recommenders.seen import Seen


@dataclass(frozen=True)
class LakeItems:
    """The N items of gold.item_features; every list is [N], in the order of item_index.

    Attributes:
        product_ids, texts: of each.
        category: by index from 0.
    """

    product_ids: list[str]
    texts: list[str]
    category: Ints


@dataclass(frozen=True)
class Instant:
    """One cut.

    Attributes:
        snapshot: its number.
        keys: [P] person_key of those with a history.
        seen: their histories.
        log_popularity, log_recent: [C] by item_index, as of the cut.
    """

    snapshot: int
    keys: list[str]
    seen: Seen
    log_popularity: Floats
    log_recent: Floats


@dataclass(frozen=True)
class LakeReader:
    """Reads a pinned training set.

    Attributes:
        run: to read with.
        pinned: its tables, those of `features.behaviour.TABLES` among them.
        history_length: H, the newest items of a person.
    """

    run: Run
    pinned: TrainingSet
    history_length: int

    def view(self) -> DataFrame:
        """The view of `features.interactions`, of the pinned tables."""
        orders, events, feedback = map(self.run.reader(self.pinned.versions), TABLES)
        return interactions(orders=orders, events=events, feedback=feedback)

    def items(self) -> LakeItems:
        """The newest items."""
        items = newest_items(self.run.reader(self.pinned.versions)(ITEMS))
        columns = ["item_index", "product_id", "text", "category"]
        rows = pd.DataFrame(items.select(*columns).toPandas()).sort_values("item_index")
        category, _ = pd.factorize(rows["category"], use_na_sentinel=False)
        return LakeItems(
            rows["product_id"].tolist(), rows["text"].tolist(), category.astype(np.int64)
        )

    def instants(self, view: DataFrame, *, training: bool) -> list[Instant]:
        """The test cut, last, and before it the training cuts if they are asked for.

        Everything that people had touched before a cut, and that stood at it, whoever they are:
        memory grows with people x H x cuts.
        """
        read = self.run.reader(self.pinned.versions)
        snapshots = read(SNAPSHOTS)
        if not training:
            snapshots = snapshots.where("split = 'test'")
        popular = pd.DataFrame(snapshots.drop("split", "as_of").toPandas())
        found = snapshots.select("snapshot", "as_of", "split").distinct().collect()
        cuts = [
            Cut(r["snapshot"], r["as_of"], r["as_of"], r["split"])
            for r in sorted(found, key=lambda r: r["snapshot"])
        ]
        index = newest_items(read(ITEMS)).select("product_id", "item_index")
        past = seen(view, cut_table(self.run.lake.spark, cuts)).join(
            F.broadcast(index), "product_id"
        )
        # Plain rows, sorted here: Spark would sort an array a person, which takes minutes.
        newest = (-F.unix_micros("last_at")).alias("newest")
        columns = ("snapshot", "person_key", "item_index", "purchases", "days")
        touched = pd.DataFrame(past.select(*columns, newest).toPandas())
        return [self._instant(cut.snapshot, touched, popular) for cut in cuts]

    def bought_after(self, instant: Instant) -> csr_array:
        """[P, N] non-zero where the person bought the item in the horizon of a training cut."""
        examples = self.run.reader(self.pinned.versions)(EXAMPLES)
        rows = examples.where(
            f"split = 'train' AND is_purchase = 1 AND snapshot = {instant.snapshot}"
        )
        told = pd.DataFrame(rows.select("person_key", "target_index").toPandas())
        place = pd.Series(np.arange(len(instant.keys)), index=instant.keys)
        told = told[told["person_key"].isin(place.index)]
        at = place[told["person_key"]].to_numpy(), told["target_index"].to_numpy(np.int64) - 1
        return csr_array((np.ones(len(told)), at), (len(instant.keys), instant.seen.catalogue))

    def _instant(self, snapshot: int, touched: pd.DataFrame, popular: pd.DataFrame) -> Instant:
        size = len(self.pinned.texts)
        rows = popular[popular["snapshot"] == snapshot]
        priors = np.zeros((2, size), dtype=np.float32)
        wanted = ["log_popularity", "log_recent"]
        priors[:, rows["item_index"].to_numpy(np.int64)] = rows[wanted].to_numpy().T
        mine = touched[touched["snapshot"] == snapshot]
        keys, arrays = newest_first(mine, self.history_length)
        seen_then = Seen.of(*arrays, np.arange(-1, size - 1), size - 1)
        return Instant(snapshot, keys, seen_then, priors[0], priors[1])


def newest_first(touched: pd.DataFrame, length: int) -> tuple[list[str], tuple[Ints, Ints, Ints]]:
    """People, and their arrays [P, length] as `features.histories.history_arrays` makes them.

    Args:
        touched: one row a person and item: person_key, item_index, purchases, days, newest (less
            is later).
        length: H; older items are left out.
    """
    rows = touched.sort_values(["person_key", "newest", "item_index"], ignore_index=True)
    person, keys = pd.factorize(rows["person_key"])
    place = rows.groupby(person).cumcount().to_numpy()
    kept = place < length

    def array(name: str) -> Ints:
        found = np.zeros((len(keys), length), dtype=np.int64)
        found[person[kept], place[kept]] = rows[name].to_numpy(np.int64)[kept]
        return found

    return list(keys), (array("item_index"), array("purchases"), array("days"))
