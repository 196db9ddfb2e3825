"""The catalogue and its market: products that share attributes, and their prices and stock by day.

Both are small (products x days) and a function of the settings alone, so every task can hold them.
Stock follows its own schedule and not the sales: people stay independent of each other, which is
what lets them be dealt over tasks.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shoplake.ingest.shop.config import ShopConfig, Stream, generator, time_text
from shoplake.ingest.shop.vocabulary import (
    BRANDS,
    CATEGORIES,
    COLOURS,
    MATERIALS,
    SELLERS,
    STYLE_PHRASES,
    STYLES,
)

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
DELIVERY = "DELIVERY"
"""Product id of the delivery charge, a service."""


@dataclass(frozen=True)
class Catalogue:
    """Products as arrays of shape (products,), in the order of their ids.

    `category`, `noun`, `style`, `colour` and `material` index the vocabulary (`noun` within its
    category); `price` is the list price in GBP; `launch` the day number of the launch.
    """

    ids: list[str]
    titles: list[str]
    category: Ints
    noun: Ints
    style: Ints
    colour: Ints
    material: Ints
    pack: Ints
    brand: Ints
    seller: Ints
    price: Floats
    appeal: Floats
    launch: Ints
    consumable: NDArray[np.bool_]


@dataclass(frozen=True)
class Market:
    """What changes over time, arrays of shape (days, products).

    `common` is the part of the utility that all people share; `relative_price` is
    ln(price / median list price of the category).
    """

    price: Floats
    stock: Ints
    available: NDArray[np.bool_]
    common: Floats
    relative_price: Floats


def build_catalogue(config: ShopConfig) -> Catalogue:
    """The shop's products: attributes, names made of them, list prices and launch days."""
    rng, n = generator(config, Stream.CATALOGUE), config.products
    category = np.arange(n) % len(CATEGORIES)
    noun = np.array([rng.integers(len(CATEGORIES[c].nouns)) for c in category])
    style, colour = rng.integers(len(STYLES), size=n), rng.integers(len(COLOURS), size=n)
    material = np.array([MATERIALS.index(rng.choice(CATEGORIES[c].materials)) for c in category])
    pack = rng.choice([1, 2, 4, 6], size=n, p=[0.7, 0.1, 0.12, 0.08])
    base = np.array([CATEGORIES[c].nouns[k].price for c, k in zip(category, noun, strict=True)])
    price = np.round(base * pack**0.8 * rng.lognormal(0.0, 0.25, n) * 2) / 2 - 0.01
    late = rng.random(n) < 0.15
    titles: list[str] = []
    for i in range(n):
        words = (COLOURS[colour[i]], STYLES[style[i]], MATERIALS[material[i]])
        title = " ".join((*words, CATEGORIES[category[i]].nouns[noun[i]].word)).title()
        titles.append(f"{title} – Set of {pack[i]}" if pack[i] > 1 else title)
    return Catalogue(
        ids=[f"HL{i:05d}" for i in range(1, n + 1)],
        titles=titles,
        category=category,
        noun=noun,
        style=style,
        colour=colour,
        material=material,
        pack=pack,
        # A brand stands for a style three times out of four, so that it carries taste too.
        brand=np.where(rng.random(n) < 0.75, style + 1, rng.integers(len(BRANDS), size=n)),
        seller=rng.choice(len(SELLERS), size=n, p=[0.7, 0.1, 0.1, 0.1]),
        price=np.maximum(price, 0.99),
        appeal=rng.gumbel(-0.5, 0.6, n),
        launch=np.where(late, 1 + rng.exponential(35, n).astype(int), 0),
        consumable=np.array([CATEGORIES[c].consumable for c in category]),
    )


def build_market(config: ShopConfig, catalogue: Catalogue, days: int) -> Market:
    """Prices, stock and shared utility of the days 0..days-1; a longer market starts the same."""
    n = len(catalogue.ids)
    rng = generator(config, Stream.MARKET)
    base_stock, phase = rng.integers(30, 400, n), rng.random((2, n)) * 400
    level, sale_ends, out_ends = np.ones(n), np.full(n, -1), np.full(n, -1)
    price, stock = np.zeros((days, n)), np.zeros((days, n), dtype=np.int64)
    for day in range(days):
        draw = generator(config, Stream.MARKET, day).random((4, n))
        level = np.where(draw[0] < 1 / 60, level * (0.88 + 0.26 * draw[1]), level)
        sale_ends = np.where((draw[2] < 1 / 90) & (sale_ends < day), day + 7, sale_ends)
        out_ends = np.where(
            (draw[3] < 1 / 150) & (out_ends < day), day + 3 + (draw[1] * 8).astype(int), out_ends
        )
        price[day] = np.round(catalogue.price * level * np.where(sale_ends >= day, 0.8, 1.0), 2)
        sold = (day * 3 + phase[0].astype(int)) % base_stock
        stock[day] = np.where(out_ends >= day, 0, base_stock - sold)
    medians = np.array(
        [np.median(catalogue.price[catalogue.category == c]) for c in catalogue.category]
    )
    age = np.arange(days)[:, None] - catalogue.launch[None, :]
    trend = 0.5 * np.sin(2 * np.pi * (np.arange(days)[:, None] + phase[1][None, :]) / 60.0)
    new = (catalogue.launch > 0)[None, :] * np.exp(-np.maximum(age, 0) / 14.0)
    return Market(
        price=price,
        stock=stock,
        available=(age >= 0) & (stock > 0),
        common=config.choice.popularity * (catalogue.appeal + trend) + config.choice.novelty * new,
        relative_price=np.log(price / medians),
    )


def product_records(catalogue: Catalogue, market: Market, day: int) -> list[dict[str, object]]:
    """The product rows of `day`: launches, and products whose price or availability changed."""
    sent = catalogue.launch == day
    if day > 0:
        changed = (market.price[day] != market.price[day - 1]) | (
            market.available[day] != market.available[day - 1]
        )
        sent |= changed & (catalogue.launch < day)
    rows = [_record(catalogue, market, day, int(i)) for i in np.flatnonzero(sent)]
    if day == 0:
        rows.append(
            {
                "sku": DELIVERY,
                "title": "Standard delivery",
                "category": "Services",
                "price": "3.95",
                "currency": "GBP",
                "type": "service",
                "updated_at": time_text(0, 0),
            }
        )
    return rows


def _record(catalogue: Catalogue, market: Market, day: int, i: int) -> dict[str, object]:
    group = CATEGORIES[catalogue.category[i]]
    style, colour = STYLES[catalogue.style[i]], COLOURS[catalogue.colour[i]]
    material, noun = MATERIALS[catalogue.material[i]], group.nouns[catalogue.noun[i]].word
    attributes = {
        "colour": colour, "material": material, "style": style, "pack": int(catalogue.pack[i]),
    }  # fmt: skip
    return {
        "sku": catalogue.ids[i],
        "title": catalogue.titles[i],
        "description": f"{STYLE_PHRASES[style]}: a {noun} in {colour}, {material}. For "
        f"{group.name.lower()} lovers" + (", and it runs out fast." if group.consumable else "."),
        "category": group.name,
        "brand": BRANDS[catalogue.brand[i]],
        "seller": SELLERS[catalogue.seller[i]],
        "price": f"{market.price[day, i]:.2f}",
        "currency": "GBP",
        "stock": str(market.stock[day, i]),
        "attributes": json.dumps(attributes),
        "type": "product",
        "updated_at": time_text(day, 5 * 3600 + i % 3600),
    }
