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
#: As UCI Online Retail II, the same shop's longer file, names them.
_ALSO = {"Invoice": "InvoiceNo", "Price": "UnitPrice", "Customer ID": "CustomerID"}
_MOST, _MOST_LOST = 0.5, 0.01


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
        as conf/sources/online_retail.yml leaves them out; a shop whose codes are of another form
        keeps all its lines.

    Raises:
        EvaluationError: a file cannot be read, lacks a column, or has dates or quantities that
            cannot be read.
    """
    notes, where = [] if notes is None else notes, str(files[0].parent)
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
            "quantity": _numbers(table["Quantity"], where, notes),
            "price": _numbers(table["UnitPrice"], where, notes),
            "at": dates_of(table["InvoiceDate"], where, notes),
        }
    )
    goods = code.str.match(r"[0-9]{5}|DCGS|PADS$", na=False)
    if goods.mean() < _MOST:
        notes.append(
            f"most codes are not of the form that tells services from goods ({where}: StockCode): "
            "all lines count as goods"
        )
        goods = code.fillna("") != ""
    return found[goods & (title.str.upper() != "NEXT DAY CARRIAGE")].reset_index(drop=True)


def _numbers(text: pd.Series, where: str, notes: list[str]) -> pd.Series:
    """Numbers with a decimal point, or with a decimal comma; missing where nothing is written.

    A comma before three digits parts thousands, unless others of the column are decimal.
    """
    text = text.str.strip().replace("", None)
    found = pd.to_numeric(text, errors="coerce")
    rest = text[found.isna() & text.notna()]
    if len(rest):
        pointed = text.str.contains(".", regex=False, na=False).any()
        decimal = rest.str.fullmatch(r"-?[0-9]+,(?:[0-9]{1,2}|[0-9]{4,})", na=False).any()
        if pointed or not decimal:
            rest = rest.str.replace(r",(?=[0-9]{3}\b)", "", regex=True)
        plain = rest.str.replace(",", ".")
        found = found.fillna(pd.to_numeric(plain, errors="coerce"))
    lost = found.isna() & text.notna()
    if lost.any():
        what = f"{lost.sum():,} of {text.notna().sum():,} numbers cannot be read"
        example = f"{where}: {text.name}, for instance '{text[lost].iloc[0]}'"
        if lost.sum() > _MOST_LOST * text.notna().sum():
            raise EvaluationError(what, where=example, remedy="write numbers as 1234.5")
        notes.append(f"{what}, and count as missing ({example})")
    return found


def _csv(path: Path) -> pd.DataFrame:
    for encoding in ("utf-8", "latin-1"):
        try:
            table = pd.read_csv(path, dtype=str, encoding=encoding)
        except UnicodeDecodeError:
            continue
        except UNREADABLE as error:
            raise EvaluationError(f"cannot be read: {error}", where=str(path)) from None
        break
    new = {old: name for old, name in _ALSO.items() if old in table and name not in table}
    table = table.rename(columns=new)
    missing = [name for name in _COLUMNS if name not in table]
    if missing:
        raise EvaluationError(
            f"no column {', '.join(missing)}",
            where=f"{path}: {', '.join(map(str, table.columns))}",
            remedy="give order lines as the UCI Online Retail data set names their columns",
        )
    return table
