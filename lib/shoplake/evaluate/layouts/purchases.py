"""The online_retail layout (one CSV of order lines a day) and the dunnhumby layout (Parquet)."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from shoplake.evaluate.metrics import EvaluationError

COLUMNS = ["person", "item", "at", "quantity", "price", "title", "category"]
_LINE = ["InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice"]
_SERVICES = ["COUPON", "POSTAL CENTER", "CHARITABLE CONT", "CNTRL/STORE SUP"]


def read_purchases(folder: Path) -> pd.DataFrame:
    """Purchases of known people: person, item, at, quantity, price, title, category.

    One row a line of an order; price is of one piece. What is a sale of goods is decided as
    conf/sources decides it: no services, no corrections of stock; a line that a later
    cancellation takes back whole is left out.

    Raises:
        EvaluationError: the folder is of neither layout, or holds no purchase.
    """
    if not folder.is_dir():
        raise EvaluationError(
            "no such data folder", where=str(folder), remedy="give the folder that holds the files"
        )
    lines = sorted({*folder.rglob("*.csv.gz"), *folder.rglob("*.csv")})
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
    table = pd.concat([_csv(path) for path in files], ignore_index=True).drop_duplicates()
    code = table["StockCode"].str.strip().str.upper()
    title = table["Description"].fillna("").str.strip()
    person = table["CustomerID"].str.strip().str.replace(r"\.0+$", "", regex=True)
    found = pd.DataFrame(
        {
            "person": person,
            "item": code,
            "at": pd.to_datetime(table["InvoiceDate"], errors="coerce"),
            "quantity": pd.to_numeric(table["Quantity"], errors="coerce"),
            "price": pd.to_numeric(table["UnitPrice"], errors="coerce"),
            "title": title,
            "category": "",
            "invoice": table["InvoiceNo"].str.strip(),
        }
    )
    goods = code.str.match(r"[0-9]{5}|DCGS|PADS$") & (title.str.upper() != "NEXT DAY CARRIAGE")
    known = person.notna() & (person != "") & found["at"].notna() & found["quantity"].notna()
    found = found[goods & known].sort_values("at", kind="stable", ignore_index=True)
    sale = found["invoice"].str.match(r"[0-9]") & (found["quantity"] > 0)
    back = found[found["invoice"].str.startswith("C") & (found["quantity"] < 0)]
    return _kept(found[sale], back.assign(quantity=-back["quantity"]))


def _kept(sales: pd.DataFrame, back: pd.DataFrame) -> pd.DataFrame:
    """Sales without the last one of the same person, item and quantity before a cancellation."""
    same = ["person", "item", "quantity"]
    matched = pd.merge_asof(
        back[[*same, "at"]], sales[[*same, "at"]].assign(line=sales.index), on="at", by=same
    )
    return sales.drop(index=matched["line"].dropna().astype(int).unique())


def _csv(path: Path) -> pd.DataFrame:
    for encoding in ("utf-8", "latin-1"):
        try:
            table = pd.read_csv(path, dtype=str, encoding=encoding)
        except UnicodeDecodeError:
            continue
        except (ValueError, OSError) as error:
            raise EvaluationError(f"cannot be read: {error}", where=str(path)) from None
        break
    missing = [name for name in [*_LINE, "CustomerID"] if name not in table]
    if missing:
        raise EvaluationError(
            f"no column {', '.join(missing)}",
            where=f"{path}: {', '.join(map(str, table.columns))}",
            remedy="give order lines as the UCI Online Retail data set names their columns",
        )
    return table


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
