from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from shop_files import lines

from shoplake.ingest.shop import ShopConfig, load_shop_config
from shoplake.ingest.shop.part import shop_of, simulate_part
from shoplake.ingest.shop.people import fixed_utility
from shoplake.ingest.shop.shopper import Shopper
from shoplake.ingest.shop.visit import Visit

DAYS = 70


@pytest.fixture(scope="module")
def shoppers() -> list[Shopper]:
    """A hundred and fifty people who have lived ten weeks."""
    config = load_shop_config(people=150)
    catalogue, market = shop_of(config, DAYS)
    people = [Shopper(config, catalogue, market, number) for number in range(config.people)]
    for shopper in people:
        for day in np.flatnonzero(shopper.visits).tolist():
            Visit(shopper, day).happen()
    return people


def _events(shoppers: list[Shopper], action: str) -> list[dict[str, object]]:
    return [
        row.record for s in shoppers for row in s.rows["events"] if row.record["action"] == action
    ]


def test_volume_is_that_of_the_documented_shop(shoppers: list[Shopper]) -> None:
    """500 people x 70 days: 60,000 to 90,000 events, 2,500 to 4,000 product lines sold."""
    scale = 500 * 70 / (len(shoppers) * DAYS)
    events = scale * sum(len(s.rows["events"]) for s in shoppers)
    assert 55_000 < events < 90_000
    assert 2_500 < scale * len(_events(shoppers, "purchase")) < 4_500


def test_higher_positions_are_clicked_more(shoppers: list[Shopper]) -> None:
    shown = Counter(e["position"] for e in _events(shoppers, "impression"))
    clicked = Counter(e["position"] for e in _events(shoppers, "click"))
    assert clicked[1] / shown[1] > 1.5 * clicked[5] / shown[5]


def test_taste_predicts_what_is_bought(shoppers: list[Shopper]) -> None:
    """A tenth of the catalogue, by taste alone, takes over a third of the purchases."""
    hits = []
    for shopper in shoppers:
        fixed = fixed_utility(shopper.config, shopper.person, shopper.catalogue)
        top = np.argsort(-fixed)[: len(fixed) // 10]
        liked = {shopper.catalogue.ids[i] for i in top}
        hits += [e["sku"] in liked for e in _events([shopper], "purchase")]
    assert np.mean(hits) > 0.35


def test_consumables_are_bought_again(shoppers: list[Shopper]) -> None:
    again: dict[bool, list[bool]] = {True: [], False: []}
    for shopper in shoppers:
        consumable = dict(
            zip(shopper.catalogue.ids, shopper.catalogue.consumable.tolist(), strict=True)
        )
        bought: set[object] = set()
        for event in _events([shopper], "purchase"):
            sku = str(event["sku"])
            again[consumable[sku]].append(sku in bought)
            bought.add(sku)
    assert np.mean(again[True]) > 0.2 > 0.06 > np.mean(again[False])


def test_a_product_is_not_seen_before_its_launch_nor_while_out_of_stock(
    shoppers: list[Shopper],
) -> None:
    catalogue, market = shoppers[0].catalogue, shoppers[0].market
    index = {sku: i for i, sku in enumerate(catalogue.ids)}
    for shopper in shoppers:
        for row in shopper.rows["events"]:
            if row.record["action"] in ("impression", "purchase"):
                assert market.available[row.day, index[str(row.record["sku"])]]
    assert not market.available.all(axis=0).all()


def test_a_purchase_event_has_an_order_line(shoppers: list[Shopper]) -> None:
    sales = [
        row.record for s in shoppers for row in s.rows["orders"]
        if row.record["type"] == "SALE" and row.record["line_type"] == "product"
    ]  # fmt: skip
    bought = Counter((e["sku"], str(e["qty"]), e["at"]) for e in _events(shoppers, "purchase"))
    sold = Counter((r["sku"], r["qty"], r["ordered_at"]) for r in sales)
    assert {key[:2] for key in bought} == {key[:2] for key in sold}
    assert len(sales) == sum(bought.values())


def test_identities_of_a_human_share_a_loyalty_number(shoppers: list[Shopper]) -> None:
    several = 0
    for shopper in shoppers:
        records = [row.record for row in shopper.rows["people"]]
        assert 1 <= len(records) <= 3
        assert len({r["loyalty_no"] for r in records}) == 1
        if len(records) > 1:
            several += 1
            assert records[0]["loyalty_no"]
    assert several > 30


def test_some_letters_and_reviews_carry_personal_data(shoppers: list[Shopper]) -> None:
    leaks = sum(
        any(part in str(row.record["body"]) for part in (s.person.email, s.person.phone))
        for s in shoppers
        for entity in ("messages", "reviews")
        for row in s.rows[entity]
    )
    assert leaks > 5


def test_a_shop_smaller_than_a_screen_works(tiny: ShopConfig, tmp_path: Path) -> None:
    config = load_shop_config(people=5, people_per_file=5, products=2)
    simulate_part(config, tmp_path, 0, 0, 20)
    assert {json.loads(line).get("position") for line in lines(tmp_path, "events")} <= {1, 2, None}
