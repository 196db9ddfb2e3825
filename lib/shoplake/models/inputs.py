"""What a training run reads: examples, item texts and popularity, as files of pinned versions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from numpy.typing import NDArray
from torch import Tensor

from shoplake.errors import ModelError
from shoplake.models.collectives import summed, world
from shoplake.models.two_tower import ItemTower

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

#: Columns that training reads, and all that its copy of the examples holds.
COLUMNS = (
    "snapshot",
    "target_index",
    "label",
    "weight",
    "history",
    "history_counts",
    "history_days",
)
#: Columns that training reads of the small tables.
ITEM_COLUMNS = ("item_index", "text", "as_of")
SNAPSHOT_COLUMNS = ("snapshot", "item_index", "log_popularity", "log_recent", "split")
_TEXTS_AT_ONCE = 128
_LOOKED = 0.05
#: Names the formula of `training_rows`; a copy of the examples made with another is not reused.
WEIGHTS = f"weights 2, looked {_LOOKED}"


@dataclass(frozen=True)
class TrainInputs:
    """Absolute paths of Parquet files.

    Attributes:
        examples: what `feed.materialise` made of `training_rows`.
        items: gold.item_features: item_index, text, as_of; the newest text of an item counts.
        snapshots: gold.item_snapshots.
    """

    examples: tuple[str, ...]
    items: tuple[str, ...]
    snapshots: tuple[str, ...]


def training_rows(examples: DataFrame) -> DataFrame:
    """The train split of gold.training_examples with a weight, so that people count equally.

    Rows weigh as much as their labels, and those of a person and cut weigh 1 together: metrics are
    means over people, and unweighted, those who buy the most would decide what is learned. What
    was looked at and not bought says little of what will be bought.
    """
    from pyspark.sql import Window
    from pyspark.sql import functions as F

    person = Window.partitionBy("snapshot", "person_key")
    bought = F.col("is_purchase") == 1
    told = F.when(bought, F.col("label")).otherwise(F.col("label") * _LOOKED)
    # Someone who only looked counts for little, however much they looked.
    certain = F.when(F.max("is_purchase").over(person) == 1, 1.0).otherwise(_LOOKED)
    weight = F.try_divide(told, F.sum(told).over(person)) * certain
    return examples.where("split = 'train'").withColumn("weight", F.coalesce(weight, F.lit(0.0)))


@dataclass(frozen=True)
class Catalogue:
    """N items by item_index; row 0 is the padding.

    Attributes:
        texts: N + 1 texts.
        popularity: log_popularity and log_recent [snapshots, N + 1, 2] float32.
        share: each item's share of what people engaged with over the training cuts [N + 1].
    """

    texts: list[str]
    popularity: Tensor
    share: Tensor


def read_catalogue(inputs: TrainInputs) -> Catalogue:
    """Read item texts and popularity.

    Raises:
        ModelError: there are no items.
    """
    items = _read(inputs.items, ITEM_COLUMNS).sort_by("as_of")
    if not len(items):
        raise ModelError("gold.item_features has no rows", remedy="run the step `features` first")
    index = items["item_index"].to_numpy()
    snapshots = _read(inputs.snapshots, SNAPSHOT_COLUMNS)
    row, column = snapshots["snapshot"].to_numpy(), snapshots["item_index"].to_numpy()
    size = int(max(index.max(), column.max(initial=0)))
    texts = [""] * (size + 1)
    for place, text in zip(index, items["text"].to_pylist(), strict=True):
        texts[place] = text or ""
    popularity = np.zeros((int(row.max(initial=0)) + 1, size + 1, 2), dtype=np.float32)
    for number, name in enumerate(("log_popularity", "log_recent")):
        popularity[row, column, number] = snapshots[name].to_numpy()
    trained = np.unique(row[np.asarray(snapshots["split"].to_pylist()) == "train"])
    people = np.expm1(popularity[trained, :, 0]).sum(0)
    share = people / max(people.sum(), 1.0)
    return Catalogue(texts, torch.from_numpy(popularity), torch.from_numpy(share))


class Tokens:
    """Texts as token ids, padded only when a batch of them is asked for."""

    def __init__(self, tokenizer: Any, texts: Sequence[str], max_tokens: int) -> None:
        found = tokenizer(list(texts), truncation=True, max_length=max_tokens)
        self._ids = [np.asarray(ids, dtype=np.int64) for ids in found["input_ids"]]
        self.lengths = np.array([len(ids) for ids in self._ids])

    def padded(self, places: NDArray[np.integer]) -> tuple[Tensor, Tensor]:
        """Token ids and mask [n, tokens of the longest] of the texts at these places."""
        tokens = np.zeros((len(places), int(self.lengths[places].max())), dtype=np.int64)
        for row, place in enumerate(places):
            tokens[row, : self.lengths[place]] = self._ids[place]
        inside = np.arange(tokens.shape[1]) < self.lengths[places][:, None]
        return torch.from_numpy(tokens), torch.from_numpy(inside.astype(np.int64))


@torch.no_grad()
def read_texts(tower: ItemTower, tokenizer: Any, texts: Sequence[str], max_tokens: int) -> Tensor:
    """Text vectors [n, width]; each distinct text is read once, by one of the processes."""
    rank, size = world()
    distinct = list(dict.fromkeys(texts))
    tokens = Tokens(tokenizer, distinct, max_tokens)
    device = tower.projection.weight.device
    vectors = torch.zeros(len(distinct), tower.projection.in_features, device=device)
    # Texts of like length together, so that little padding is read.
    order = np.argsort(tokens.lengths, kind="stable")
    blocks = [order[at : at + _TEXTS_AT_ONCE] for at in range(0, len(order), _TEXTS_AT_ONCE)]
    for block in blocks[rank::size]:
        ids, mask = tokens.padded(block)
        vectors[torch.from_numpy(block)] = tower.read(ids.to(device), mask.to(device))
    vectors = summed(vectors)
    place = {text: number for number, text in enumerate(distinct)}
    return vectors[torch.tensor([place[text] for text in texts], device=device)]


def _read(files: Sequence[str], columns: Sequence[str]) -> pa.Table:
    return pa.concat_tables(pq.read_table(path, columns=list(columns)) for path in files)
