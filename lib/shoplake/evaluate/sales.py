"""Two public layouts of sales as panels of demand: a gift shop's lines, a chain's weeks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from shoplake.evaluate.findings import UNREADABLE, required
from shoplake.evaluate.layouts.order_lines import order_line_files, read_order_lines
from shoplake.evaluate.metrics import EvaluationError
from shoplake.models.demand.panel import Floats, Panel, Returns, season_of


def load_sales(
    data: Path, train: Path | None, notes: list[str] | None = None
) -> tuple[Panel, int | None]:
    """The panel of `train` and `data`, and the first period to judge if `train` is given.

    Args:
        data: folder to judge on.
        train: folder of earlier periods.
        notes: what a reader must know, as how many lines were left out, is added.

    Raises:
        EvaluationError: the folder has neither layout, cannot be read, or `data` ends before
            `train`.
    """
    required(data)
    folders = [train, data] if train else [data]
    for folder in folders:
        required(folder)
    weekly = (data / "sales.csv.gz").exists() or (data / "sales.csv").exists()
    parts = [_weeks(folder) if weekly else _days(folder, notes) for folder in folders]
    newest = parts[0]["date"].max() if train else None
    rows = parts[-1]
    if newest is not None:
        rows = pd.concat([parts[0], rows[rows["date"] > newest]], ignore_index=True)
    panel = _weekly_panel(rows, folders) if weekly else _daily_panel(rows)
    if newest is None:
        return panel, None
    first = int(np.searchsorted(panel.dates, newest, side="right"))
    if first == len(panel.dates):
        raise EvaluationError(
            "the data to judge on ends before the data to learn from",
            where=f"{data} ends on {parts[-1]['date'].max():%Y-%m-%d}",
            remedy=f"give later periods than {newest:%Y-%m-%d}",
        )
    return panel, first


def _days(folder: Path, notes: list[str] | None) -> pd.DataFrame:
    files = order_line_files(folder)
    if not files:
        required(folder, "sales.csv.gz")
    rows = read_order_lines(files, notes)
    cancelled = rows["invoice"].str.startswith("C", na=False)
    sale = ~cancelled & (rows["quantity"] > 0) & (rows["price"] > 0)
    rows = rows[(sale | (cancelled & (rows["quantity"] < 0))) & rows["at"].notna()]
    return rows.assign(date=rows["at"].dt.normalize()).reset_index(drop=True)


def _daily_panel(rows: pd.DataFrame) -> Panel:
    sales = rows[rows["quantity"] > 0]
    dates = pd.DatetimeIndex(np.sort(sales["date"].unique()))
    codes, series = np.unique(sales["item"].to_numpy(dtype=str), return_inverse=True)
    period = dates.get_indexer(sales["date"])
    sold = np.zeros((len(codes), len(dates)), np.float32)
    np.add.at(sold, (series, period), sales["quantity"].to_numpy(np.float32))
    value = np.zeros_like(sold)
    np.add.at(value, (series, period), (sales["quantity"] * sales["price"]).to_numpy(np.float32))
    price = np.where(sold > 0, value / np.maximum(sold, 1), np.nan)
    names = (
        sales[sales["title"] != ""]
        .groupby("item")["title"]
        .agg(lambda said: said.value_counts().index[0])
        .reindex(codes)
        .fillna("")
    )
    return Panel(
        dates,
        sold,
        season_of(dates, "day", 6),
        6,
        np.argmax(sold > 0, axis=1),
        pd.DataFrame(price).ffill(axis=1).to_numpy(np.float32),
        np.zeros(len(dates), np.bool_),
        names=tuple(name.lower() for name in names),
        returns=_returns(rows, codes, dates),
    )


def _returns(rows: pd.DataFrame, codes: np.ndarray, dates: pd.DatetimeIndex) -> Returns:
    """Each cancellation against that customer's newest earlier sales of the item."""
    known = rows[rows["person"].notna() & rows["item"].isin(codes)]
    back = known[known["quantity"] < 0]
    pairs = pd.MultiIndex.from_frame(back[["person", "item"]].drop_duplicates())
    known = known[pd.MultiIndex.from_frame(known[["person", "item"]]).isin(pairs)]
    known = known.sort_values(["person", "item", "at", "quantity"], ascending=[1, 1, 1, 0])
    place = np.searchsorted(codes, known["item"].to_numpy(dtype=str))
    day = np.clip(np.searchsorted(dates, known["date"]), 0, len(dates) - 1)
    found: list[tuple[int, int, int, float]] = []
    stack: list[list[float]] = []
    owner: tuple[str, str] | None = None
    keys = zip(known["person"], known["item"], strict=True)
    for key, item, at, quantity in zip(keys, place, day, known["quantity"], strict=True):
        if key != owner:
            owner, stack = key, []
        if quantity > 0:
            stack.append([at, quantity])
            continue
        left = -quantity
        while left > 0 and stack:
            taken = min(left, stack[-1][1])
            found.append((item, int(stack[-1][0]), at, taken))
            stack[-1][1] -= taken
            left -= taken
            if stack[-1][1] <= 0:
                stack.pop()
    columns = np.array(found).reshape(-1, 4)
    where = columns[:, :3].astype(np.int64)
    return Returns(where[:, 0], where[:, 1], where[:, 2], columns[:, 3].astype(np.float32))


def _weeks(folder: Path) -> pd.DataFrame:
    path = _file(folder, "sales")
    try:
        rows = pd.read_csv(path, parse_dates=["Date"])
    except UNREADABLE as error:
        raise EvaluationError(f"cannot be read: {error}", where=str(path)) from None
    missing = {"Store", "Dept", "Date", "Weekly_Sales", "IsHoliday"} - set(rows.columns)
    if missing:
        raise EvaluationError(f"no column {', '.join(sorted(missing))}", where=str(folder))
    return rows.rename(columns={"Date": "date"})


def _weekly_panel(rows: pd.DataFrame, folders: list[Path]) -> Panel:
    rows = rows.drop_duplicates(["Store", "Dept", "date"], keep="last")
    dates = pd.DatetimeIndex(np.sort(rows["date"].unique()))
    keys = rows[["Store", "Dept"]].drop_duplicates().sort_values(["Store", "Dept"])
    index = pd.MultiIndex.from_frame(keys)
    series = index.get_indexer(pd.MultiIndex.from_frame(rows[["Store", "Dept"]]))
    sold = np.zeros((len(index), len(dates)), np.float32)
    sold[series, dates.get_indexer(rows["date"])] = rows["Weekly_Sales"]
    holiday = rows.groupby("date")["IsHoliday"].any().reindex(dates).to_numpy(np.bool_)
    groups = {
        name: np.unique(keys[column], return_inverse=True)[1]
        for name, column in (("department", "Dept"), ("store", "Store"))
    }
    kinds = _kinds(folders, keys["Store"])
    if kinds is not None:
        groups["type"] = kinds
    season = 52 if len(dates) >= 52 + 24 else 1
    return Panel(
        dates,
        sold,
        season_of(dates, "week", season),
        season,
        np.argmax(sold != 0, axis=1),
        None,
        holiday,
        groups=groups,
        unit="week",
    )


def _kinds(folders: list[Path], stores: pd.Series) -> np.ndarray | None:
    """Type of each series' store; stores.csv ends its lines with CR alone."""
    for folder in reversed(folders):
        for path in (folder / "stores.csv.gz", folder / "stores.csv"):
            if path.exists():
                try:
                    table = pd.read_csv(path, lineterminator="\r" if _cr(path) else None)
                    kind = table.set_index("Store")["Type"].reindex(stores).fillna("?")
                except (*UNREADABLE, KeyError) as error:
                    raise EvaluationError(f"cannot be read: {error}", where=str(path)) from None
                return np.unique(kind.to_numpy(dtype=str), return_inverse=True)[1]
    return None


def _cr(path: Path) -> bool:
    import gzip

    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rb") as file:
        head = file.read(65536)
    return b"\r" in head and b"\n" not in head


def _file(folder: Path, name: str) -> Path:
    plain = folder / f"{name}.csv"
    return plain if plain.exists() else required(folder, f"{name}.csv.gz")[0]


def usual_price(panel: Panel, series: np.ndarray, origin: int) -> Floats:
    """Price of these series in force before the origin; 1 where sales are money already."""
    if panel.price is None:
        return np.ones(len(series), np.float32)
    return np.nan_to_num(panel.price[series, origin - 1])
