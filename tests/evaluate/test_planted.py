"""What became of a planted record is read from the tables, copy by copy."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import pyarrow as pa
import pytest

from shoplake.evaluate.planted import TABLES, planted_dirt

TRUTH = ["entity", "natural_id", "dirt", "outcome"]


def rows(columns: Sequence[str], values: Sequence[tuple[object, ...]] = ()) -> pa.Table:
    """A table of strings, but for flags; of no rows with `columns` alone."""
    types = [pa.bool_() if c in ("is_bot", "is_outlier") else pa.string() for c in columns]
    made = [pa.array([v[i] for v in values], t) for i, t in enumerate(types)]
    return pa.Table.from_arrays(made, names=list(columns))


@pytest.fixture(scope="module")
def found() -> pd.DataFrame:
    """Searches: s1 sent twice, s2 repaired, s3 held, s4 still dirty; s5 was never touched.

    Line o/1 was told to be far from what is usual, o/2 not.
    """
    sent = [
        (f"r{n}{copy}", f" s{n}")
        for n, copies in enumerate("21111", 1)
        for copy in range(int(copies))
    ]
    tables = {
        "bronze.searches": sent,
        "silver.searches": [
            *(("r10", "tea pot"), ("r20", "café"), ("r40", "&lt;b&gt;"), ("r50", "mug")),
        ],
        "bronze.orders": [("l1", "o", "1"), ("l2", "o", "2")],
        "silver.orders": [("l1", True), ("l2", False)],
        "silver.sessions": [("shop:robot", True), ("shop:person", False)],
    }
    held = {"silver.searches": [("r30",)]}
    truth = [
        ("searches", "s1", "repeat", "deduplicated"),
        ("searches", "s2", "mojibake", "repaired"),
        ("searches", "s3", "no query", "quarantined"),
        ("searches", "s4", "entities", "repaired"),
        ("orders", "o/1", "typo", "flagged"),
        ("sessions", "robot", "bot", "flagged"),
        ("sessions", "other", "bot", "flagged"),
    ]
    quality = planted_dirt(
        pd.DataFrame(truth, columns=TRUTH),
        lambda name, columns: rows(columns, tables.get(name, ())),
        lambda name, columns: rows(columns, held.get(name, ())),
    )
    return quality[quality["dirt"] == "(any)"].set_index(["entity", "outcome"])


@pytest.mark.parametrize(
    ("entity", "outcome", "recall"),
    [
        ("searches", "deduplicated", 1.0),
        ("searches", "quarantined", 1.0),
        ("searches", "repaired", 0.5),
        ("orders", "flagged", 1.0),
        ("sessions", "flagged", 0.5),
    ],
)
def test_recall_counts_records_that_met_their_outcome(
    found: pd.DataFrame, entity: str, outcome: str, recall: float
) -> None:
    assert found.loc[(entity, outcome), "recall"] == recall


def test_nobody_can_tell_repair_from_rows_that_were_clean(found: pd.DataFrame) -> None:
    assert found["wrong"].sum() == 0
    assert found["precision"].isna().to_dict() == {key: key[1] == "repaired" for key in found.index}


def test_every_table_that_is_read_is_named() -> None:
    assert {"bronze.searches", "silver.searches", "silver.sessions"} <= set(TABLES)
