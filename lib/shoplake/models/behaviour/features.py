"""What is known of each person at a cut, and what they did after it."""

from __future__ import annotations

import numpy as np
import pandas as pd

#: Windows before the cut, in days.
SPANS = (7, 14, 30, 60, 90)
DAY = pd.Timedelta(days=1)


def known(lines: pd.DataFrame, until: pd.Timestamp) -> pd.DataFrame:
    """Lines before `until` that had not been cancelled by then; later ones nobody could know."""
    undone = lines["undone_at"].notna() & (lines["undone_at"] < until)
    return lines[(lines["at"] < until) & ~undone]


def features(lines: pd.DataFrame, cut: pd.Timestamp) -> pd.DataFrame:
    """Features of everybody who bought before `cut`; nothing at or after it plays a part.

    Args:
        lines: person, item, at, quantity, price, undone_at.
        cut: the first instant that is not known.

    Returns:
        One row a person (the index), float columns without nulls: recency_days, tenure_days,
        orders (days with a purchase), mean_gap, gap_spread, due (recency over mean gap), orders_N
        and spend_N of the last N days, spend, order_value, items, repeat_share. Money is log1p.
    """
    past = known(lines, cut)
    ago = (cut - past["at"].dt.normalize()) / DAY
    past = past.assign(ago=ago, money=(past["quantity"] * past["price"]).clip(lower=0))
    days = past[["person", "ago"]].drop_duplicates().sort_values(["person", "ago"])
    gap = days.groupby("person")["ago"].diff()
    by = days.groupby("person")["ago"]
    found = pd.DataFrame(
        {"recency_days": by.min(), "tenure_days": by.max(), "orders": by.size().astype(float)}
    )
    gaps = gap.groupby(days["person"])
    # Who bought once has no gap yet: as long as they have been known, and twice that is due.
    found["mean_gap"] = gaps.mean().fillna(found["tenure_days"] * 2)
    found["gap_spread"] = gaps.std().fillna(0)
    found["due"] = found["recency_days"] / found["mean_gap"].clip(lower=1)
    people = past.groupby("person")
    found["spend"] = people["money"].sum()
    found["order_value"] = np.log1p(found["spend"] / found["orders"])
    for span in SPANS:
        late = days[days["ago"] <= span].groupby("person").size()
        money = past[past["ago"] <= span].groupby("person")["money"].sum()
        found[f"orders_{span}"] = late.reindex(found.index).fillna(0)
        found[f"spend_{span}"] = np.log1p(money.reindex(found.index).fillna(0))
    found["items"] = np.log1p(people["item"].nunique())
    bought = past[["person", "item", "ago"]].drop_duplicates().groupby("person").size()
    found["repeat_share"] = 1 - people["item"].nunique() / bought
    found["spend"] = np.log1p(found["spend"])
    return found.astype(float)


def spent(
    lines: pd.DataFrame, people: pd.Index, cut: pd.Timestamp, days: int
) -> tuple[np.ndarray, np.ndarray]:
    """Whether each person bought in the days from the cut, and for how much money [P]."""
    end = cut + days * DAY
    after = known(lines, end)
    after = after[after["at"] >= cut]
    money = (after["quantity"] * after["price"]).clip(lower=0).groupby(after["person"]).sum()
    return people.isin(after["person"].unique()), money.reindex(people).fillna(0).to_numpy()
