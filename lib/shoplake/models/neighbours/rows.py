"""Neighbours as rows of gold.item_neighbours."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pandas as pd


def neighbour_rows(found: pd.DataFrame, as_of: datetime) -> Iterator[tuple[Any, ...]]:
    """Rows of the table from what `kinds.neighbours` returns."""
    for row in found.itertuples(index=False):
        yield (
            row.product_id,
            as_of,
            row.kind,
            int(row.rank),
            row.neighbour_id,
            float(row.score),
            round(float(row.cosine), 6),
            round(float(row.distance), 6),
            round(float(row.jaccard), 6),
            int(row.viewed_together),
            None if pd.isna(row.view_lift) else float(row.view_lift),
            int(row.bought_together),
            None if pd.isna(row.buy_lift) else float(row.buy_lift),
        )
