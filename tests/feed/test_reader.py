from __future__ import annotations

import warnings
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from shoplake.feed import Feed, FeedError, Position

COLUMNS = ["number", "label", "history"]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Two files, 5 and 3 row groups, uneven at their ends: 75 rows numbered from 0."""
    folder = tmp_path_factory.mktemp("feed")
    paths = []
    for name, numbers in (("a", np.arange(0, 48)), ("b", np.arange(48, 75))):
        table = pa.table(
            {
                "number": pa.array(numbers, pa.int32()),
                "label": pa.array(numbers / 100, pa.float64()),
                "history": pa.array([[n, n + 1, 0] for n in numbers], pa.list_(pa.int32())),
                "unread": pa.array([str(n) for n in numbers]),
            }
        )
        paths.append(str(folder / f"{name}.parquet"))
        pq.write_table(table, paths[-1], row_group_size=10)
    return paths


def numbers(feed: Feed, steps: int) -> list[list[int]]:
    return [batch["number"].tolist() for batch, _ in islice(feed, steps)]


def test_lists_become_matrices_and_numbers_get_torch_types(files: list[str]) -> None:
    batch, _ = next(iter(Feed(files, COLUMNS, batch_size=8, seed=1)))
    assert {name: (str(t.dtype), tuple(t.shape)) for name, t in batch.items()} == {
        "number": ("torch.int64", (8,)),
        "label": ("torch.float32", (8,)),
        "history": ("torch.int64", (8, 3)),
    }
    assert batch["history"][:, 0].tolist() == batch["number"].tolist()


def test_an_epoch_reads_no_row_twice(files: list[str]) -> None:
    feed = Feed(files, COLUMNS, batch_size=8, seed=1, shards=2)
    read = [n for batch in numbers(feed, feed.steps_per_epoch) for n in batch]
    assert len(read) == len(set(read)) == 8 * feed.steps_per_epoch


def test_order_is_the_seed_s_and_differs_between_epochs(files: list[str]) -> None:
    feed = Feed(files, COLUMNS, batch_size=8, seed=1)
    first = numbers(feed, 2 * feed.steps_per_epoch)
    assert first == numbers(Feed(files, COLUMNS, batch_size=8, seed=1), len(first))
    assert first != numbers(Feed(files, COLUMNS, batch_size=8, seed=2), len(first))
    assert first[: feed.steps_per_epoch] != first[feed.steps_per_epoch :]


@pytest.mark.parametrize("stop", [1, 7, 9, 12])
def test_a_stream_resumes_with_exactly_the_next_batch(files: list[str], stop: int) -> None:
    feed = Feed(files, COLUMNS, batch_size=8, seed=1, shards=2)
    everything = list(islice(feed, 14))
    resumed = Feed(files, COLUMNS, batch_size=8, seed=1, shards=2, start=everything[stop - 1][1])
    rest = [batch["number"].tolist() for batch, _ in everything[stop:]]
    assert numbers(resumed, len(rest)) == rest


def test_two_ranks_read_together_what_one_reads_alone(files: list[str]) -> None:
    def feed(rank: int, size: int) -> Feed:
        return Feed(files, COLUMNS, batch_size=8, seed=1, rank=rank, world_size=size, shards=2)

    ranks = [feed(0, 2), feed(1, 2)]
    assert ranks[0].steps_per_epoch == ranks[1].steps_per_epoch == feed(0, 1).steps_per_epoch
    steps = 2 * ranks[0].steps_per_epoch
    together = [a + b for a, b in zip(*(numbers(f, steps) for f in ranks), strict=True)]
    assert together == numbers(feed(0, 1), steps)


def test_reading_prints_and_warns_nothing(
    files: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        feed = Feed(files, COLUMNS, batch_size=8, seed=1)
        numbers(feed, feed.steps_per_epoch + 1)
    assert [str(w.message) for w in caught if w.category is FutureWarning] == []
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"columns": ["nothing"]}, "no column nothing"),
        ({"batch_size": 9, "shards": 2}, "do not fit"),
        ({"world_size": 2, "shards": 3, "batch_size": 9}, "do not fit"),
        ({"batch_size": 100}, "has 75 rows and a batch takes 100"),
        ({"files": []}, "there are no training files"),
    ],
)
def test_what_cannot_be_read_is_said_before_reading(
    files: list[str], changed: dict[str, object], said: str
) -> None:
    arguments = {"files": files, "columns": COLUMNS, "batch_size": 8, "seed": 1} | changed
    with pytest.raises(FeedError, match=said):
        Feed(**arguments)  # type: ignore[arg-type]


def test_position_starts_at_the_beginning() -> None:
    assert Position() == Position(epoch=0, step=0)


def test_lists_of_different_lengths_are_an_error(tmp_path: Path) -> None:
    path = tmp_path / "uneven.parquet"
    pq.write_table(pa.table({"history": [[1, 2], [3], [4, 5], [6, 7]]}), path)
    with pytest.raises(FeedError, match="history have 1 to 2 entries"):
        next(iter(Feed([str(path)], ["history"], batch_size=2, seed=0)))
