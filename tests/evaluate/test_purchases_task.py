"""The task `purchases`, whole, and its reader, on small folders of its layouts."""

from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from shoplake.evaluate.fairness import groups_of, pooled, untold_days
from shoplake.evaluate.layouts.purchases import read_purchases
from shoplake.evaluate.metrics import EvaluationError
from shoplake.evaluate.next_purchases import moment_of
from shoplake.evaluate.shop import cuts, known_titles, shop_of
from shoplake.evaluate.tasks import purchases
from shoplake.models.recommenders.config import load_family
from shoplake.models.recommenders.content import title_vectors
from shoplake.models.recommenders.purchases import KEPT, Purchases

BASKETS = "transactions_sample.parquet"
HEAD = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
LINES = """1001,85123A,WHITE HEART,6,2011-01-01 08:00:00,2.55,17850.0,UK
1001,85123A,WHITE HEART,6,2011-01-01 08:00:00,2.55,17850.0,UK
1001,POST,POSTAGE,1,2011-01-01 08:00:00,18.00,17850.0,UK
1002,71053,LANTERN,3,2011-01-02 09:00:00,3.39,,UK
1003,71053,LANTERN,2,2011-01-03 09:00:00,3.39,13047,UK
C1004,71053,LANTERN,-2,2011-01-04 09:00:00,3.39,13047,UK
1005,71053,LANTERN,5,2011-01-05 09:00:00,3.39,13047,UK
A1006,71053,Adjust bad debt,1,2011-01-05 09:00:00,3.39,13047,UK
1007,22423,?,-9,2011-01-05 09:00:00,0.00,13047,UK
"""


def test_only_goods_that_known_people_bought_and_kept_are_purchases(tmp_path: Path) -> None:
    (tmp_path / "2011-01-01.csv").write_text(HEAD + LINES)
    found = read_purchases(tmp_path)
    rows = list(zip(found["person"], found["item"], found["quantity"], strict=True))
    assert rows == [("17850", "85123A", 6), ("13047", "71053", 2), ("13047", "71053", 5)]
    undone = found["undone_at"]
    assert undone.isna().tolist() == [True, False, True]
    assert undone[1] == pd.Timestamp("2011-01-04 09:00:00")


def test_a_cancellation_is_known_from_its_day_on_and_not_before() -> None:
    day, undone = np.array([0, 1, 2]), np.array([5, KEPT, 3])
    one, who = np.ones(3, np.float32), np.zeros(3, np.int64)
    bought = Purchases(who, np.arange(3), day, one, one, undone, np.zeros(3, np.int64), 1)
    assert bought.between(0, 3).item.tolist() == [0, 1, 2]
    assert bought.between(0, 4).item.tolist() == [0, 1]
    assert bought.between(0, 6).item.tolist() == [1]


def shop(folder: Path, days: int, seed: int = 3, first: str = "2011-01-01") -> Path:
    """80 people who each buy mostly their own three things, every few days, from Parquet."""
    folder.mkdir(parents=True)
    draw = np.random.default_rng(seed)
    rows = []
    for person in range(80):
        own = (person * 3 + np.arange(3)) % 40
        for day in np.flatnonzero(draw.random(days) < 0.12):
            bought = set(draw.choice(own, 2)) | {int(draw.integers(40))}
            rows += [(str(person), str(day * 100 + person), str(item), day) for item in bought]
    table = pd.DataFrame(rows, columns=["household_id", "basket_id", "product_id", "day"])
    at = pd.Timestamp(first) + pd.to_timedelta(table.pop("day"), unit="D")
    table = table.assign(quantity=1.0, sales_value=2.0, transaction_timestamp=at)
    table.to_parquet(folder / "transactions_sample.parquet")
    names = [f"THING {i} KIND{i % 4}" for i in range(40)]
    pd.DataFrame(
        {
            "product_id": [str(i) for i in range(40)],
            "department": "GROCERY",
            "product_category": [f"C{i % 4}" for i in range(40)],
            "product_type": names,
            "package_size": "1 LB",
        }
    ).to_parquet(folder / "products.parquet")
    return folder


def test_the_ranker_is_near_what_people_bought_before_and_far_above_popularity(
    tmp_path: Path,
) -> None:
    found = purchases.run(shop(tmp_path / "shop", 150), None, seed=0)
    value = {name: row["recall@10"].value for name, row in found.figures.items()}
    assert value["hybrid"] > 0.95 * value["personal_frequency"]
    assert value["hybrid"] > 1.5 * value["popularity"]
    assert "recall@10 new" in found.figures["hybrid"]


def test_what_is_judged_is_not_among_what_is_learned(tmp_path: Path) -> None:
    lines = read_purchases(shop(tmp_path / "shop", 120))
    held = shop_of(lines, None, [])
    cut, earlier = cuts(held)
    assert cut == held.end - 30
    assert earlier[0] == (cut - 30, 30)
    assert all(at + length <= cut for at, length in earlier)
    assert (held.purchases.between(0, cut).day < cut).all()


def test_an_earlier_folder_of_the_same_people_is_history(tmp_path: Path) -> None:
    early = read_purchases(shop(tmp_path / "early", 60, seed=4, first="2010-11-01"))
    late = read_purchases(shop(tmp_path / "late", 70, seed=5))
    notes: list[str] = []
    alone, both = shop_of(late, None, []), shop_of(late, early, notes)
    assert len(both.purchases) > len(alone.purchases)
    assert both.date(cuts(both)[0]) == alone.date(cuts(alone)[0])
    assert "count as history" in notes[0]
    # The same folder again adds nothing.
    assert len(shop_of(late, late, []).purchases) == len(alone.purchases)


def test_a_folder_of_a_later_month_alone_is_judged_whole_on_the_history_of_the_other(
    tmp_path: Path,
) -> None:
    early = read_purchases(shop(tmp_path / "early", 90, seed=4, first="2010-10-03"))
    late = read_purchases(shop(tmp_path / "late", 25, seed=5))
    both = shop_of(late, early, [])
    cut, _ = cuts(both)
    assert both.date(cut) == f"{late['at'].min():%Y-%m-%d}"
    assert len(both.purchases.between(cut, both.end)) == len(late)


def test_another_shop_as_training_folder_is_left_out_with_a_note(tmp_path: Path) -> None:
    late = read_purchases(shop(tmp_path / "late", 70, seed=5))
    notes: list[str] = []
    both = shop_of(late, late.assign(person="x" + late["person"]), notes)
    assert len(both.purchases) == len(shop_of(late, None, []).purchases)
    assert "no person or no item in common" in notes[0]


def test_under_sixty_days_is_an_error_that_says_so(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="the purchases span"):
        purchases.run(shop(tmp_path / "shop", 50), None, seed=0)


def test_a_folder_of_another_layout_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="neither daily CSV"):
        read_purchases(tmp_path)


@pytest.mark.parametrize(("late_days", "horizon"), [(25, 25), (70, 30)])
def test_no_earlier_cut_reaches_into_days_that_neither_folder_tells_of(
    tmp_path: Path, late_days: int, horizon: int
) -> None:
    early = read_purchases(shop(tmp_path / "early", 80, seed=4, first="2010-10-13"))
    late = read_purchases(shop(tmp_path / "late", late_days, seed=5, first="2011-02-15"))
    notes: list[str] = []
    both = shop_of(late, early, notes)
    cut, earlier = cuts(both)
    told, again = both.untold
    assert (both.date(told), both.date(again)) == ("2011-01-01", "2011-02-15")
    assert earlier
    assert earlier[0][1] == horizon
    for at, length in earlier:
        assert at >= again or at + length <= told
        assert both.purchases.between(at, at + length).person.size
    assert any("neither folder tells of the 45 days" in note for note in notes)
    assert both.date(cut) == ("2011-02-15" if late_days == 25 else "2011-03-27")


def test_a_shop_where_nobody_buys_twice_is_refused_before_anything_is_learned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = shop(tmp_path / "shop", 120)
    lines = pd.read_parquet(folder / BASKETS)
    lines = lines.sample(frac=1, random_state=0)
    lines.drop_duplicates("household_id").to_parquet(folder / BASKETS)
    monkeypatch.setattr("shoplake.evaluate.next_purchases.title_vectors", None)
    with pytest.raises(EvaluationError, match=r"only \d+ people bought both before"):
        purchases.run(folder, None, seed=0)


def test_too_few_people_to_choose_settings_on_are_named(tmp_path: Path) -> None:
    folder = shop(tmp_path / "shop", 120)
    lines = pd.read_parquet(folder / BASKETS)
    day = (lines["transaction_timestamp"] - lines["transaction_timestamp"].min()).dt.days
    lines[~day.between(60, 88) | (lines["household_id"] == "1")].to_parquet(folder / BASKETS)
    with pytest.raises(EvaluationError, match="too few to choose settings on"):
        purchases.run(folder, None, seed=0)


def test_lines_that_name_nobody_or_no_time_are_left_out_and_counted(tmp_path: Path) -> None:
    folder = shop(tmp_path / "shop", 70)
    lines = pd.read_parquet(folder / BASKETS).drop_duplicates(ignore_index=True)
    lines["household_id"] = lines["household_id"].astype(int)
    whole = read_purchases(folder)
    lines.loc[:2, "household_id"] = None
    lines.loc[3:4, "transaction_timestamp"] = None
    lines.to_parquet(folder / BASKETS)
    notes: list[str] = []
    found = read_purchases(folder, notes)
    assert len(found) == len(whole) - 5
    assert set(found["person"]) <= set(whole["person"])
    assert notes[0].startswith("5 of ")


def test_instants_with_a_time_zone_are_read_as_utc(tmp_path: Path) -> None:
    folder = shop(tmp_path / "shop", 70)
    plain = read_purchases(folder)
    lines = pd.read_parquet(folder / BASKETS)
    at = lines["transaction_timestamp"].dt.tz_localize("UTC").dt.tz_convert("Europe/Vienna")
    lines.assign(transaction_timestamp=at).to_parquet(folder / BASKETS)
    pd.testing.assert_frame_equal(read_purchases(folder), plain)


def test_a_list_of_products_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    listed = shop(tmp_path / "shop", 70) / "products.parquet"
    pd.read_parquet(listed).drop(columns="department").to_parquet(listed)
    with pytest.raises(EvaluationError, match="department"):
        read_purchases(tmp_path / "shop")
    listed.write_bytes(b"junk")
    with pytest.raises(EvaluationError, match="cannot be read"):
        read_purchases(tmp_path / "shop")


def test_products_that_are_not_listed_are_told_and_not_lost(tmp_path: Path) -> None:
    folder = shop(tmp_path / "shop", 70)
    whole = read_purchases(folder)
    listed = pd.read_parquet(folder / "products.parquet")
    listed.loc[listed["product_id"] == "8", "department"] = "COUPON"
    listed.loc[listed["product_id"] == "9", "package_size"] = None
    listed[listed["product_id"] != "7"].to_parquet(folder / "products.parquet")
    notes: list[str] = []
    found = read_purchases(folder, notes)
    assert len(found) == len(whole) - (whole["item"] == "8").sum()
    assert set(found.loc[found["item"] == "7", "title"]) == {""}
    assert set(found.loc[found["item"] == "9", "title"]) == {"THING 9 KIND1"}
    assert f"{(whole['item'] == '7').sum():,} of " in notes[0]


def order_lines(path: Path, text: str, **columns: str) -> None:
    head = HEAD
    for name, other in columns.items():
        head = head.replace(name, other)
    path.write_text(head + text)


def test_columns_as_online_retail_ii_names_them(tmp_path: Path) -> None:
    notes: list[str] = []
    order_lines(
        tmp_path / "a.csv", LINES, InvoiceNo="Invoice", UnitPrice="Price", CustomerID="Customer ID"
    )
    assert len(read_purchases(tmp_path, notes)) == 3
    assert not notes


def test_a_shop_whose_codes_have_another_form_keeps_its_lines(tmp_path: Path) -> None:
    lines = """INV-1,SKU-1,HEART,6,2011-01-01,2.55,anna,UK
INV-2,SKU-2,LANTERN,2,2011-01-03,3.39,ben,UK
C-3,SKU-2,LANTERN,-2,2011-01-04,3.39,ben,UK
,sku-9,BOX,1,2011-01-04,3.39,ben,UK
"""
    notes: list[str] = []
    order_lines(tmp_path / "a.csv", lines)
    found = read_purchases(tmp_path, notes)
    assert found["item"].tolist() == ["SKU-1", "SKU-2", "SKU-9"]
    assert found["undone_at"].notna().tolist() == [False, True, False]
    assert "all lines count as goods" in notes[0]


def test_numbers_may_have_a_decimal_comma_and_are_refused_where_many_cannot_be_read(
    tmp_path: Path,
) -> None:
    line = '1001,85123A,HEART,"{}",2011-01-01,"{}",17850,UK\n'
    order_lines(tmp_path / "a.csv", line.format("1,200", "2,55"))
    found = read_purchases(tmp_path)
    assert found[["quantity", "price"]].to_numpy().tolist() == [[1200, 2.55]]
    order_lines(tmp_path / "a.csv", line.format("6", "2.55") + line.format("six", "2.55"))
    with pytest.raises(EvaluationError, match="1 of 2 numbers cannot be read"):
        read_purchases(tmp_path)


@pytest.mark.parametrize(
    ("prices", "read"),
    [
        (["2,55", "1,125"], [2.55, 1.125]),
        (["1,125"], [1125.0]),
        (["2.55", "1,125"], [2.55, 1125.0]),
        (["2.55", "1,125", "2,5"], [2.55, 1125.0, 2.5]),
    ],
    ids=["decimal", "alone", "beside points", "beside both"],
)
def test_a_comma_before_three_digits_is_what_the_other_numbers_say(
    tmp_path: Path, prices: list[str], read: list[float]
) -> None:
    line = '1001,85123A,HEART,{},2011-01-01,"{}",17850,UK\n'
    order_lines(tmp_path / "a.csv", "".join(line.format(n, p) for n, p in enumerate(prices, 1)))
    assert read_purchases(tmp_path)["price"].tolist() == read


def test_products_of_one_title_are_groups_by_their_own_ids(tmp_path: Path) -> None:
    lines = "".join(
        f"{n},{code},{title},1,2011-0{1 + n // 2}-0{n % 2 + 1},2.5,{n % 2},UK\n"
        for n, (code, title) in enumerate(
            [("11111", ""), ("22222", "SAME"), ("33333", "SAME"), ("22222", "SAME"), ("11111", "A")]
        )
    )
    order_lines(tmp_path / "a.csv", lines)
    held = shop_of(read_purchases(tmp_path), None, [])
    names, by = groups_of(held)
    assert names.tolist() == ["11", "22", "33"]
    assert "first two signs" in by
    assert held.titles == ["A", "SAME", "SAME"]


@pytest.mark.parametrize(
    ("untold", "days"), [((40, 80), 40), ((0, 5), 0), ((80, 80), 0)], ids=["near", "old", "none"]
)
def test_what_groups_are_due_is_not_cut_short_by_days_that_nobody_tells_of(
    tmp_path: Path, untold: tuple[int, int], days: int
) -> None:
    held = shop_of(read_purchases(shop(tmp_path / "shop", 130)), None, [])
    assert untold_days(replace(held, untold=untold), 100) == days


def test_groups_are_told_by_the_names_of_categories(tmp_path: Path) -> None:
    held = shop_of(read_purchases(shop(tmp_path / "shop", 70)), None, [])
    names, by = groups_of(held)
    assert (names[held.items.index("6")], by) == ("C2", "category")


def test_groups_are_sellers_where_the_products_name_them(tmp_path: Path) -> None:
    folder = shop(tmp_path / "shop", 70)
    products = pd.read_parquet(folder / "products.parquet")
    products.assign(manufacturer_id=[f"M{i % 7}" for i in range(40)]).to_parquet(
        folder / "products.parquet"
    )
    held = shop_of(read_purchases(folder), None, [])
    names, by = groups_of(held)
    assert (names[held.items.index("9")], by) == ("M2", "seller")


def test_small_groups_are_one_where_there_are_thousands() -> None:
    groups = np.array(["big", "big", "tiny", "small"], dtype=object)
    assert pooled(groups, np.array([900, 97, 1, 2])).tolist() == [
        *("big", "big", "(small ones)", "small"),
    ]


def test_order_lines_that_end_midway_are_an_error(tmp_path: Path) -> None:
    packed = gzip.compress((HEAD + LINES).encode())
    (tmp_path / "2011-01-01.csv.gz").write_bytes(packed[:-20])
    with pytest.raises(EvaluationError, match="cannot be read"):
        read_purchases(tmp_path)


def test_an_item_that_nobody_had_bought_is_no_candidate_whoever_reads_its_title() -> None:
    lines = pd.DataFrame(
        {
            "person": ["p", "p", "q", "p"], "item": ["a", "b", "b", "new"],
            "title": ["red lamp", "blue cup", "blue cup", "red lamp"], "category": "", "seller": "",
            "at": pd.to_datetime(["2026-01-01", "2026-01-05", "2026-01-20", "2026-03-20"]),
            "quantity": 1.0, "price": 1.0, "undone_at": pd.NaT,
        }
    )  # fmt: skip
    held = shop_of(lines, None, [], 30)
    cut = cuts(held)[0]
    assert known_titles(held, cut) == ["red lamp", "blue cup", ""]
    vectors = title_vectors(held.titles, 4)
    family = load_family("content")
    moment = moment_of(
        held.purchases, cut, {"content": family}, ["content"], lambda f: f.build(vectors=vectors)
    )
    ((_, _, every),) = moment.blocks(np.array([0]), 8)
    assert np.isfinite(every["content"][0]).tolist() == [True, True, False]
