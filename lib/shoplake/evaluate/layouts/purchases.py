"""The online_retail layout (one CSV of order lines a day) and the dunnhumby layout (Parquet)."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from shoplake.evaluate.layouts.order_lines import order_line_files, read_order_lines
from shoplake.evaluate.metrics import EvaluationError

COLUMNS = ["person", "item", "at", "quantity", "price", "title", "category", "undone_at"]
_SERVICES = ["COUPON", "POSTAL CENTER", "CHARITABLE CONT", "CNTRL/STORE SUP"]


def read_purchases(folder: Path) -> pd.DataFrame:
    """Purchases of known people: person, item, at, quantity, price, title, category, undone_at.

    One row a line of an order; price is of one piece. What is a sale of goods is decided as
    conf/sources decides it: no services, no corrections of stock. `undone_at` is when a
    cancellation took the line back whole: nobody could know it before.

    Raises:
        EvaluationError: the folder is of neither layout, or holds no purchase.
    """
    if not folder.is_dir():
        raise EvaluationError(
            "no such data folder", where=str(folder), remedy="give the folder that holds the files"
        )
    lines = order_line_files(folder)
    baskets = sorted(folder.glob("transactions*.parquet"))
    if baskets:
        found = _baskets(folder, baskets)
    elif lines:
        found = _orders(lines)
    else:
        raise EvaluationError(
            "neither daily CSV files of order lines nor transactions*.parquet",
            where=str(folder),
            remedy="give a folder of the online_retail or the dunnhumby layout",
        )
    if found.empty:
        raise EvaluationError("no purchase of a known person", where=str(folder))
    return found.sort_values(["at", "person", "item"], ignore_index=True)[COLUMNS]


def _orders(files: list[Path]) -> pd.DataFrame:
    found = read_order_lines(files)
    found = found[found[["person", "at", "quantity"]].notna().all(axis=1)]
    found = found.sort_values("at", kind="stable", ignore_index=True).assign(category="")
    sale = found["invoice"].str.match(r"[0-9]") & (found["quantity"] > 0)
    back = found[found["invoice"].str.startswith("C") & (found["quantity"] < 0)]
    return _undone(found[sale], back.assign(quantity=-back["quantity"]))


def _undone(sales: pd.DataFrame, back: pd.DataFrame) -> pd.DataFrame:
    """The sales; a cancellation undoes the last one of that person, item and quantity before it."""
    same = ["person", "item", "quantity"]
    matched = pd.merge_asof(
        back[[*same, "at"]].assign(undone_at=back["at"]),
        sales[[*same, "at"]].assign(line=sales.index),
        on="at",
        by=same,
    ).dropna(subset=["line"])
    undone = matched.groupby("line")["undone_at"].min()
    return sales.assign(undone_at=undone.reindex(sales.index))


def _baskets(folder: Path, files: list[Path]) -> pd.DataFrame:
    names = ["household_id", "product_id", "quantity", "sales_value", "transaction_timestamp"]
    try:
        table = pd.concat([pd.read_parquet(path, columns=names) for path in files])
    except (ValueError, OSError) as error:
        raise EvaluationError(f"cannot be read: {error}", where=str(files[0])) from None
    table = table[table["quantity"] > 0].drop_duplicates()
    found = pd.DataFrame(
        {
            "person": table["household_id"].astype(str),
            "item": table["product_id"].astype(str),
            "at": pd.to_datetime(table["transaction_timestamp"]),
            "quantity": table["quantity"].astype(float),
            "price": table["sales_value"] / table["quantity"],
            "undone_at": pd.NaT,
        }
    )
    listed = folder / "products.parquet"
    if not listed.exists():
        return found.assign(title="", category="")
    products = pd.read_parquet(listed).astype(str)
    products = products[~products["department"].isin(_SERVICES)]
    about = pd.DataFrame(
        {
            "item": products["product_id"],
            "title": products["product_type"] + " " + products["package_size"],
            "category": products["product_category"],
        }
    ).drop_duplicates("item")
    return found.merge(about, on="item")
