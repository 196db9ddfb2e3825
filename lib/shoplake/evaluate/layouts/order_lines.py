"""Order lines as the UCI Online Retail data set writes them: CSV files, ids and all as text."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from shoplake.evaluate.findings import UNREADABLE
from shoplake.evaluate.layouts.dates import dates_of
from shoplake.evaluate.metrics import EvaluationError

_COLUMNS = (
    *("InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice"),
    "CustomerID",
)


def order_line_files(folder: Path) -> list[Path]:
    """The folder's CSV files."""
    return sorted({*folder.rglob("*.csv.gz"), *folder.rglob("*.csv")})


def read_order_lines(files: Sequence[Path], notes: list[str] | None = None) -> pd.DataFrame:
    """Distinct lines of goods, typed.

    Args:
        files: read in this order.
        notes: what a reader must know is added.

    Returns:
        invoice, person (None where nobody is named), item, title, quantity, price of one piece, at;
        what cannot be read as a number or time is missing. Postage, fees and the like are left out,
        as conf/sources/online_retail.yml leaves them out.

    Raises:
        EvaluationError: a file cannot be read, lacks a column, or has dates that cannot be read.
    """
    table = pd.concat([_csv(path) for path in files], ignore_index=True).drop_duplicates()
    code = table["StockCode"].str.strip().str.upper()
    title = table["Description"].fillna("").str.strip()
    person = table["CustomerID"].str.strip().str.replace(r"\.0+$", "", regex=True)
    found = pd.DataFrame(
        {
            "invoice": table["InvoiceNo"].str.strip(),
            "person": person.where(person != "", None),
            "item": code,
            "title": title,
            "quantity": pd.to_numeric(table["Quantity"], errors="coerce"),
            "price": pd.to_numeric(table["UnitPrice"], errors="coerce"),
            "at": dates_of(table["InvoiceDate"], str(files[0].parent), notes),
        }
    )
    goods = code.str.match(r"[0-9]{5}|DCGS|PADS$", na=False)
    return found[goods & (title.str.upper() != "NEXT DAY CARRIAGE")].reset_index(drop=True)


def _csv(path: Path) -> pd.DataFrame:
    for encoding in ("utf-8", "latin-1"):
        try:
            table = pd.read_csv(path, dtype=str, encoding=encoding)
        except UnicodeDecodeError:
            continue
        except UNREADABLE as error:
            raise EvaluationError(f"cannot be read: {error}", where=str(path)) from None
        break
    missing = [name for name in _COLUMNS if name not in table]
    if missing:
        raise EvaluationError(
            f"no column {', '.join(missing)}",
            where=f"{path}: {', '.join(map(str, table.columns))}",
            remedy="give order lines as the UCI Online Retail data set names their columns",
        )
    return table
