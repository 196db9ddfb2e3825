from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
from demand_shop import shop, trading

from shoplake.models.demand.panel import Returns, season_of, trading_days


def test_a_return_is_netted_against_its_sale_once_it_has_happened() -> None:
    panel = shop(items=1, days=10)
    back = Returns(np.array([0]), np.array([2]), np.array([7]), np.array([1], np.float32))
    panel = dataclasses.replace(panel, sold=np.full((1, 10), 3, np.float32), returns=back)
    assert panel.history(7)[0, 2] == 3  # not known yet
    assert panel.history(8)[0, 2] == 2
    assert panel.truth()[0].sum() == 29


def test_closing_days_are_foreseen_from_the_last_weeks() -> None:
    ahead = trading_days(trading("2026-01-05", 60), 12)
    assert 6 not in ahead.dayofweek
    assert len(ahead) == 12
    assert ahead.is_monotonic_increasing


def test_a_single_closed_monday_does_not_close_mondays() -> None:
    days = trading("2026-01-05", 60)
    days = days[days != pd.Timestamp("2026-02-23")]
    assert 0 in trading_days(days, 6).dayofweek


def test_a_shop_that_rarely_sells_trades_on_the_days_on_which_it_ever_did() -> None:
    days = pd.date_range("2026-01-05", periods=20, freq="9D")
    ahead = trading_days(days, 6)
    assert len(ahead) == 6
    assert set(ahead.dayofweek) <= set(days[-7:].dayofweek)


def test_weeks_a_year_apart_share_a_place() -> None:
    weeks = pd.date_range("2010-02-05", periods=120, freq="7D")
    place = season_of(weeks, "week", 52)
    assert (place[52:] == place[:-52]).all()
    assert len(set(place[:52])) == 52


def test_days_that_are_over_are_not_ahead_though_nothing_was_sold_on_them():
    dates = trading("2026-01-05", 60)
    late = (dates[-1] + pd.Timedelta(days=20)).date()
    ahead = trading_days(dates, 5, since=late)
    assert ahead[0].date() >= late
    assert len(ahead) == 5
    assert trading_days(dates, 5, since=dates[0].date()).equals(trading_days(dates, 5))
