"""Neighbours of a small lake's products, and the command that shows them."""

from __future__ import annotations

import argparse
import dataclasses
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession
from shoplake_jobs.neighbours import find

from shoplake.cli import main
from shoplake.contracts.book import load_contracts
from shoplake.contracts.ddl import schema
from shoplake.errors import ShoplakeError
from shoplake.governance.run import Run
from shoplake.runtime.lake import Lake
from shoplake.runtime.settings import conf_dir, load

pytestmark = pytest.mark.slow

START = datetime(2026, 1, 5, 12, tzinfo=UTC)
NOW = datetime(2026, 1, 25, tzinfo=UTC)
NAMES = ("Red Mug", "Blue Mug", "Tea Pot", "Garden Rake", "Garden Hose")


def tables(run: Run) -> dict[str, list[tuple[Any, ...]]]:
    """Twenty orders: mug and pot in one half, rake and hose each alone in the other."""
    found: dict[str, list[tuple[Any, ...]]] = {}

    def put(table: str, **values: Any) -> None:
        columns = run.contracts[table].columns
        found.setdefault(table, []).append(tuple(values.get(c.name) for c in columns))

    for order in range(20):
        for item in ((0, 2), (0, 2), (3,), (4,))[order % 4]:
            at = START + timedelta(days=order % 20)
            put("silver.orders", order_line_id=f"{order}.{item}", order_id=f"o{order}",
                person_key=f"{order:032x}", product_id=f"shop:{item}", shop="shop", kind="sale",
                line_kind="product", quantity=1, unit_price=Decimal(3), currency="GBP",
                amount=Decimal(3), cancelled_quantity=0, net_quantity=1, is_outlier=False,
                ordered_at=at, order_date=at.date(), row_id=f"r{order}.{item}")  # fmt: skip
    for item, name in enumerate(NAMES):
        category = "garden" if "Garden" in name else "kitchen"
        put("silver.products", product_id=f"shop:{item}", valid_from=START, is_current=True,
            shop="shop", name=name, category=category, kind="product", text=name,
            row_id=f"i{item}")  # fmt: skip
        put("gold.item_features", product_id=f"shop:{item}", as_of=NOW, item_index=item + 1,
            name=name, category=category, text=name, purchases_total=1, purchases_30d=1,
            people_30d=1, views_30d=1, log_popularity=1.0, available=True)  # fmt: skip
    return found


@pytest.fixture(scope="module")
def run(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder: Path = tmp_path_factory.mktemp("neighbours")
    lake = Lake(spark, dataclasses.replace(load("local"), lake=str(folder / "lake")))
    made = Run("neighbours", lake, load_contracts(conf_dir() / "contracts"))
    made.gate.open()
    for table, rows in tables(made).items():
        frame = spark.createDataFrame(rows, schema(made.contracts[table]))
        frame.coalesce(1).write.format("delta").save(str(lake.folder(table)))
    find(made, argparse.Namespace(as_of=None))
    return made


def test_the_table_tells_kinds_apart_and_running_again_changes_nothing(run: Run) -> None:
    rows = run.lake.read("gold.item_neighbours").collect()
    kinds = {(r.product_id, r.neighbour_id): r.kind for r in rows}
    assert kinds["shop:0", "shop:1"] == "variant"
    assert kinds["shop:0", "shop:2"] == kinds["shop:2", "shop:0"] == "complement"
    assert ("shop:3", "shop:0") not in kinds
    pot = next(r for r in rows if (r.product_id, r.kind) == ("shop:2", "complement"))
    assert (pot.bought_together, pot.buy_lift, pot.viewed_together) == (10, 2.0, 0)
    version = run.lake.version("gold.item_neighbours")
    find(run, argparse.Namespace(as_of=None))
    assert run.lake.version("gold.item_neighbours") == version


def test_the_command_shows_names_kinds_and_why(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["similar", "tea pot", "--kind", "complement", "--json", "--lake", run.lake.settings.lake])
    told = json.loads(capsys.readouterr().out)
    assert told["product_id"] == "shop:2"
    assert [(n["kind"], n["name"]) for n in told["neighbours"]] == [("complement", "Red Mug")]
    main(["similar", "2", "--lake", run.lake.settings.lake])
    assert "10 orders" in " ".join(capsys.readouterr().out.split())


def test_a_name_that_several_products_share_is_refused_with_their_ids(run: Run) -> None:
    from shoplake.commands.products import find_product

    with pytest.raises(ShoplakeError, match="2 products are called 'garden'") as caught:
        find_product(run.lake.settings, "garden", "gold.item_neighbours", "neighbours")
    assert "shop:3" in str(caught.value)
