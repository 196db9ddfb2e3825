"""What can be set about the simulated shop, and the streams of random numbers it is drawn from."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from datetime import date, timedelta
from enum import IntEnum
from functools import lru_cache
from pathlib import Path

import numpy as np

from shoplake.errors import SettingsError
from shoplake.runtime.settings import conf_dir
from shoplake.runtime.typed import load_yaml

START = date(2026, 1, 5)
"""Day 0 of the simulation, a Monday; fixed, so that a day number always means the same date."""


class Stream(IntEnum):
    """One independent random stream a purpose: adding a draw to one never shifts another."""

    CATALOGUE = 1
    MARKET = 2
    PERSON = 3
    VISITS = 4
    BEHAVIOUR = 5
    REACTION = 6
    DIRT = 7
    PRIVATE = 8


@dataclass(frozen=True)
class ChoiceSettings:
    """Parameters of the choice model; see `shoplake.ingest.shop.choice` for the formulas."""

    taste: float
    price: float
    popularity: float
    novelty: float
    repeat_consumable: float
    repeat_durable: float
    position_bias: float
    no_click: float
    most_clicks: int
    purchase_intercept: float
    purchase_slope: float
    dismiss: float


@dataclass(frozen=True)
class DirtRates:
    """Share of the rows (of sessions for `bot_session`) that each kind of dirt is planted in."""

    null_required: float
    exact_duplicate: float
    key_duplicate: float
    late: float
    out_of_order: float
    quantity_outlier: float
    date_format: float
    bad_date: float
    text: float
    impossible_price: float
    id_variant: float
    bad_kind: float
    bot_session: float


@dataclass(frozen=True)
class ShopConfig:
    """The size, the seed and the habits of the simulated shop (`conf/shop.yml`).

    Attributes:
        people: number of humans; each has one to three platform identities.
        days: how many days `shoplake simulate` makes when no day range is given.
        people_per_file: people whose rows share a part file; the unit of work of one Spark task.
        visits_per_day: mean visits of a person a day.
        exploration: probability that a recommended list is shown in a uniformly random order.
        slots: positions a recommended list is cut to.
    """

    seed: int
    people: int
    products: int
    days: int
    people_per_file: int
    visits_per_day: float
    exploration: float
    slots: int
    choice: ChoiceSettings
    dirt: DirtRates

    def __post_init__(self) -> None:
        """Refuse values that no shop can have."""
        for name in ("people", "products", "days", "people_per_file", "slots"):
            if getattr(self, name) < 1:
                raise SettingsError(f"{name} must be at least 1, got {getattr(self, name)}")
        shares = {
            "exploration": self.exploration,
            "visits_per_day": self.visits_per_day,
            **{f"dirt.{k}": v for k, v in dataclasses.asdict(self.dirt).items()},
        }
        for name, value in shares.items():
            if not 0 <= value <= 1:
                raise SettingsError(f"{name} must lie between 0 and 1, got {value}")
        if sum(dataclasses.astuple(self.dirt)) > 0.5:
            raise SettingsError(
                "the dirt rates add up to more than one half",
                remedy="a row carries one kind of dirt at most; lower the rates in conf/shop.yml",
            )

    @property
    def parts(self) -> int:
        """Number of part files a day and entity: person n belongs to part n // people_per_file."""
        return -(-self.people // self.people_per_file)


def load_shop_config(path: Path | str | None = None, **changes: object) -> ShopConfig:
    """Read `conf/shop.yml` (or `path`) and change the named top-level fields.

    Raises:
        SettingsError: a key is unknown, missing, of the wrong type or out of range.
    """
    config = load_yaml(path or conf_dir() / "shop.yml", ShopConfig)
    known = {f.name for f in dataclasses.fields(ShopConfig)}
    if unknown := sorted(set(changes) - known):
        raise SettingsError(
            f"unknown shop setting '{unknown[0]}'", remedy=f"known: {', '.join(sorted(known))}"
        )
    return dataclasses.replace(config, **changes)  # type: ignore[arg-type]


def generator(config: ShopConfig, stream: Stream, *ids: int) -> np.random.Generator:
    """The random stream of (seed, purpose, ids): the only source of randomness in the simulator."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([config.seed, stream, *ids])))


@lru_cache(maxsize=1024)
def day_text(day: int) -> str:
    """Day number to ISO date: 0 is 2026-01-05."""
    return (START + timedelta(days=day)).isoformat()


def time_text(day: int, second: int) -> str:
    """Day number and second of that day to `yyyy-MM-dd HH:mm:ss` (UTC)."""
    minutes, seconds = divmod(second, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{day_text(day)} {hours:02d}:{minutes:02d}:{seconds:02d}"
