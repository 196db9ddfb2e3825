"""Demand of many items on one calendar of trading periods, as it was known at any instant."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from shoplake.errors import ShoplakeError

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]


class DemandError(ShoplakeError):
    """The sales given are too few, too short or not of one calendar."""


@dataclass(frozen=True)
class Returns:
    """What was taken back later, each entry netted against the sale it takes back.

    Attributes:
        series, sold, returned: [N] indices of the series, the sale's period and the return's.
        quantity: [N] units.
    """

    series: Ints
    sold: Ints
    returned: Ints
    quantity: Floats


_NONE = np.zeros(0, np.int64)
_NO_RETURNS = Returns(_NONE, _NONE, _NONE, np.zeros(0, np.float32))


@dataclass(frozen=True)
class Panel:
    """Sales of S series (items, or a store's departments) in T trading periods (days or weeks).

    A period in which the shop sold nothing at all is no trading period: it has no column, so a
    closing day is neither a day of no demand nor a step of the season.

    Attributes:
        dates: [T] first day of each period, ascending.
        sold: [S, T] units (or money) sold, before returns.
        cycle: [T] position in the season: the weekday, or the week of a 52-week year.
        season: how many periods a season has.
        first: [S] period of the first sale; what is before it is no demand of 0.
        price: [S, T] price in force, NaN where unknown; None where there are no prices.
        special: [T] holiday, known ahead.
        groups: name -> [S] codes of static categories (store, department); may be empty.
        names: [S] words that tell which items are alike; may be empty.
        returns: netted against the sale once they have happened, see `history`.
        unit: "day" or "week".
    """

    dates: pd.DatetimeIndex
    sold: Floats
    cycle: Ints
    season: int
    first: Ints
    price: Floats | None
    special: NDArray[np.bool_]
    groups: dict[str, Ints] = field(default_factory=dict)
    names: tuple[str, ...] = ()
    returns: Returns = _NO_RETURNS
    unit: str = "day"

    def __post_init__(self) -> None:
        if self.sold.shape != (len(self.first), len(self.dates)) or not self.sold.size:
            raise DemandError(
                f"a panel of {len(self.first)} series and {len(self.dates)} periods with "
                f"{self.sold.shape} sales",
                remedy="give sales of at least one item in at least one period",
            )

    @property
    def counts(self) -> bool:
        """Demand is counted in whole units; else it is money or weight."""
        return bool((self.sold == np.round(self.sold)).all())

    def history(self, origin: int) -> Floats:
        """Net demand [S, origin] as it was known then: later returns are not yet netted."""
        known = self.sold[:, :origin].copy()
        r = self.returns
        use = (r.sold < origin) & (r.returned < origin)
        np.subtract.at(known, (r.series[use], r.sold[use]), r.quantity[use])
        return known

    def truth(self) -> Floats:
        """Net demand [S, T] with every return netted."""
        return self.history(len(self.dates))

    def extended(self, dates: pd.DatetimeIndex) -> Panel:
        """The panel with these future periods, their sales 0 and their prices the last known."""
        more = len(dates)
        days = self.dates.append(dates)
        return Panel(
            days,
            np.pad(self.sold, ((0, 0), (0, more))),
            season_of(days, self.unit, self.season),
            self.season,
            self.first,
            None if self.price is None else np.pad(self.price, ((0, 0), (0, more)), mode="edge"),
            np.pad(self.special, (0, more)),
            self.groups,
            self.names,
            self.returns,
            self.unit,
        )


def season_of(dates: pd.DatetimeIndex, unit: str, season: int) -> Ints:
    """Position of each period in its season [T]: weekday, or week in a 52-week year.

    Weeks are counted from the epoch, so that week t and week t - 52 share a position and most
    holidays fall on the same one, which ISO weeks of 53-week years would not do.
    """
    if season <= 1:
        return np.zeros(len(dates), np.int64)
    days = (dates - pd.Timestamp("1970-01-01")).days.to_numpy()
    return np.asarray(dates.dayofweek if unit == "day" else days // 7 % season, np.int64)


def trading_days(
    dates: pd.DatetimeIndex, count: int, *, weeks: int = 8, since: date | None = None
) -> pd.DatetimeIndex:
    """The next `count` days on which the shop is likely to trade.

    A weekday counts as open if the shop traded on at least half of those of the last `weeks` weeks
    (or of the whole past, if that is shorter); in a shop that sells so rarely that none does, if it
    traded on any.

    Args:
        dates: days on which it traded, ascending.
        since: the first day that is still to come; default: the one after the last of `dates`.
    """
    end = dates[-1]
    recent = dates[dates > end - pd.Timedelta(weeks=weeks)]
    days = pd.date_range(recent[0], end)
    possible = np.bincount(days.dayofweek, minlength=7)
    traded = np.bincount(recent.dayofweek, minlength=7)
    open_on = traded * 2 >= np.maximum(possible, 1)
    open_on = open_on if open_on.any() else traded > 0
    start = end + pd.Timedelta(days=1)
    start = start if since is None else max(start, pd.Timestamp(since))
    ahead = pd.date_range(start, periods=14 * count + 7)
    return ahead[open_on[ahead.dayofweek]][:count]


def open_share(dates: pd.DatetimeIndex, *, weeks: int = 8) -> float:
    """Share of the days of the last weeks on which the shop traded."""
    first = max(dates[0], dates[-1] - pd.Timedelta(weeks=weeks) + pd.Timedelta(days=1))
    return float((dates >= first).sum() / ((dates[-1] - first).days + 1))
