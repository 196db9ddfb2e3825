"""The online_retail layout (one CSV of order lines a day) and the dunnhumby layout (Parquet)."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq

from shoplake.evaluate.findings import UNREADABLE
from shoplake.evaluate.layouts.order_lines import order_line_files, read_order_lines
from shoplake.evaluate.metrics import EvaluationError

COLUMNS = ["person", "item", "at", "quantity", "price", "title", "category", "seller", "undone_at"]
_MOST = 0.5
_SERVICES = ["COUPON", "POSTAL CENTER", "CHARITABLE CONT", "CNTRL/STORE SUP"]


def read_purchases(folder: Path, notes: list[str] | None = None) -> pd.DataFrame:
    """Purchases of known people: `COLUMNS`.

    One row a line of an order; price is of one piece, seller who makes or sells it ("": not told).
    What is a sale of goods is decided as conf/sources decides it: no services, no corrections of
    stock. `undone_at` is when a cancellation took the line back whole: nobody could know it before.

    Args:
        folder: of either layout.
        notes: what a reader must know, as how many lines were left out, is added.

    Raises:
        EvaluationError: the folder is of neither layout, cannot be read, or holds no purchase.
    """
    notes = [] if notes is None else notes
    if not folder.is_dir():
        raise EvaluationError(
            "no such data folder", where=str(folder), remedy="give the folder that holds the files"
        )
    lines = order_line_files(folder)
    baskets = sorted(folder.glob("transactions*.parquet"))
    if baskets:
        found = _baskets(folder, baskets, notes)
    elif lines:
        found = _orders(lines, notes)
    else:
        raise EvaluationError(
            "neither daily CSV files of order lines nor transactions*.parquet",
            where=str(folder),
            remedy="give a folder of the online_retail or the dunnhumby layout",
        )
    if found.empty:
        raise EvaluationError("no purchase of a known person", where=str(folder))
    return found.sort_values(["at", "person", "item"], ignore_index=True)[COLUMNS]


def _orders(files: list[Path], notes: list[str]) -> pd.DataFrame:
    found = read_order_lines(files, notes)
    found = found[found[["person", "at", "quantity"]].notna().all(axis=1)]
    found = found.sort_values("at", kind="stable", ignore_index=True)
    found = found.assign(category="", seller="")
    cancels = found["invoice"].str.startswith("C", na=False)
    back = found[cancels & (found["quantity"] < 0)]
    numbered = found["invoice"].str.match(r"[0-9]", na=False)
    if numbered.mean() < _MOST:  # of another shop, whose letters say nothing; "C" is of the layout
        numbered = ~cancels
    sale = numbered & (found["quantity"] > 0)
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


def _baskets(folder: Path, files: list[Path], notes: list[str]) -> pd.DataFrame:
    keys = ["household_id", "product_id", "transaction_timestamp"]
    table = pd.concat([_parquet(path, [*keys, "quantity", "sales_value"]) for path in files])
    table = table[table["quantity"] > 0].drop_duplicates()
    whole = table[keys].notna().all(axis=1)
    if not whole.all():
        notes.append(
            f"{(~whole).sum():,} of {len(table):,} lines of {folder} name no household, product "
            "or time: left out"
        )
        table = table[whole]
    try:
        at = pd.to_datetime(table["transaction_timestamp"], utc=True).dt.tz_localize(None)
    except (ValueError, TypeError) as error:
        raise EvaluationError(f"transaction_timestamp: {error}", where=str(folder)) from None
    found = pd.DataFrame(
        {
            "person": _ids(table["household_id"]),
            "item": _ids(table["product_id"]),
            "at": at,
            "quantity": table["quantity"].astype(float),
            "price": table["sales_value"] / table["quantity"],
            "undone_at": pd.NaT,
        }
    )
    listed = folder / "products.parquet"
    if not listed.exists():
        return found.assign(title="", category="", seller="")
    names = ["product_id", "department", "product_type", "package_size", "product_category"]
    products = _parquet(listed, names, ("manufacturer_id",))
    item = _ids(products["product_id"])
    products = products.astype("string").fillna("").astype(object).assign(product_id=item)
    services = products.loc[products["department"].isin(_SERVICES), "product_id"]
    about = pd.DataFrame(
        {
            "item": products["product_id"],
            "title": (products["product_type"] + " " + products["package_size"]).str.strip(),
            "category": products["product_category"],
            "seller": products["manufacturer_id"],
        }
    ).drop_duplicates("item")
    unlisted = ~found["item"].isin(about["item"])
    if unlisted.any():
        notes.append(
            f"{unlisted.sum():,} of {len(found):,} lines of {folder} are of products that "
            "products.parquet does not list: they have no title and no category"
        )
    found = found[~found["item"].isin(services)]
    return found.merge(about, on="item", how="left").fillna(
        {"title": "", "category": "", "seller": ""}
    )


def _parquet(path: Path, columns: list[str], more: tuple[str, ...] = ()) -> pd.DataFrame:
    """These columns, and of `more` those that are there; null where they are not."""
    try:
        there = [name for name in more if name in pq.read_schema(path).names]
        table = pd.read_parquet(path, columns=[*columns, *there])
        return table.reindex(columns=[*columns, *more])
    except (*UNREADABLE, KeyError) as error:
        raise EvaluationError(
            f"cannot be read: {str(error).splitlines()[0]}",
            where=str(path),
            remedy=f"give a Parquet file with the columns {', '.join(columns)}",
        ) from None


def _ids(values: pd.Series) -> pd.Series:
    """As text; whole numbers, that empty rows had made floats of, without a decimal point."""
    if pd.api.types.is_float_dtype(values) and (values.dropna() % 1 == 0).all():
        values = values.astype("Int64")
    return values.astype(str)
