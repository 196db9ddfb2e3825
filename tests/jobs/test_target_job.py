"""Audiences and ad scores on a small lake: consent is a rule that the writer cannot break."""

from __future__ import annotations

import argparse
import dataclasses
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from notebook_cells import run_cells
from pyspark.sql import SparkSession
from shoplake_jobs.forecast import forecast
from shoplake_jobs.target import target

from shoplake.catalog.cards import cards
from shoplake.cli import main as shoplake
from shoplake.contracts.book import load_contracts
from shoplake.contracts.ddl import schema
from shoplake.governance.lineage.store import edges
from shoplake.governance.run import Run
from shoplake.models.ads.lake import shown
from shoplake.models.ads.settings import load_ads
from shoplake.models.demand.settings import load_demand
from shoplake.report_applications import application_lines
from shoplake.runtime.lake import Lake
from shoplake.runtime.settings import conf_dir, load

pytestmark = pytest.mark.slow

START = datetime(2026, 1, 5, 12, tzinfo=UTC)
DAYS, PEOPLE, ITEMS = 60, 140, 8
DAYS_AHEAD = 6
OPTIONS = argparse.Namespace(as_of=None)


def key(person: int) -> str:
    return f"{person:032x}"


def consents(person: int) -> bool:
    return person % 4 != 0


def row(run: Run, table: str, **values: Any) -> tuple[Any, ...]:
    """A row of the table, null where nothing is given."""
    return tuple(values.pop(c.name, None) for c in run.contracts[table].columns)


def lines(run: Run) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Everybody buys every sixth day, of the category that is theirs, having been shown two items."""
    for person in range(PEOPLE):
        yield "silver.people", row(run, "silver.people", person_key=key(person), shop="shop",
            consent=consents(person), country="GB" if person % 3 else "DE", row_id=f"p{person}")  # fmt: skip
        for day in range(person % 6, DAYS, 6):
            at, item = START + timedelta(days=day), person % 2 + 2 * ((person + day // 6) % 4)
            told = {"shop": "shop", "person_key": key(person), "row_id": f"e{person}.{day}"}
            yield "silver.orders", row(run, "silver.orders", **told, order_line_id=f"{person}.{day}",
                order_id=f"o{person}.{day}", product_id=f"shop:{item}", kind="sale", line_kind="product",
                quantity=2, unit_price=3, currency="GBP", amount=6, cancelled_quantity=0,
                net_quantity=2, is_outlier=False, ordered_at=at, order_date=at.date())  # fmt: skip
            seen = [("impression", item), ("click", item), ("impression", (item + 3) % ITEMS)]
            seen += [("purchase", item)] if (person + day) % 3 == 0 else []
            for kind, offered in seen:
                yield "silver.events", row(run, "silver.events", **told, event_id=f"{person}.{day}.{kind}.{offered}",
                    session_id=f"s{person}.{day}", kind=kind, product_id=f"shop:{offered}", position=1,
                    occurred_at=at, event_date=at.date(), is_bot=False)  # fmt: skip
    for item in range(ITEMS + 1):
        yield "silver.products", row(run, "silver.products", product_id=f"shop:{item}",
            valid_from=START, is_current=True, shop="shop", name=f"mug {item}", price=3, stock=40 * item,
            category="even" if item % 2 == 0 else "odd", kind="product", text=f"mug {item}",
            row_id=f"i{item}")  # fmt: skip
        yield "gold.item_features", row(run, "gold.item_features", product_id=f"shop:{item}",
            as_of=(START + timedelta(days=DAYS)).replace(hour=0), item_index=item + 1, name=f"mug {item}",
            category="even" if item % 2 == 0 else "odd", text="", price=3.0, purchases_total=1,
            purchases_30d=1, people_30d=1, views_30d=1, log_popularity=1.0, available=True)  # fmt: skip


def make(
    spark: SparkSession, folder: Path, kept: Callable[[str, dict[str, Any]], bool] | None = None
) -> Run:
    """The lake of `lines`, of those rows that are kept."""
    lake = Lake(spark, dataclasses.replace(load("local"), lake=str(folder / "lake")))
    made = Run("target", lake, load_contracts(conf_dir() / "contracts"))
    made.gate.open()
    tables: dict[str, list[tuple[Any, ...]]] = {}
    for table, values in lines(made):
        names = made.contracts[table].column_names
        if kept is None or kept(table, dict(zip(names, values, strict=True))):
            tables.setdefault(table, []).append(values)
    for table, rows in tables.items():
        kinds = schema(made.contracts[table])
        money = [i for i, f in enumerate(kinds) if f.dataType.typeName() == "decimal"]
        rows = [
            tuple(Decimal(v) if i in money and v is not None else v for i, v in enumerate(r))
            for r in rows
        ]
        frame = spark.createDataFrame(rows, kinds)
        frame.coalesce(1).write.format("delta").save(str(lake.folder(table)))
    return made


@pytest.fixture(scope="module")
def run(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Run:
    made = make(spark, tmp_path_factory.mktemp("targeted"))
    target(made, OPTIONS)
    return made


def test_running_again_changes_nothing(run: Run) -> None:
    before = run.lake.version("gold.audiences")
    target(run, OPTIONS)
    assert run.lake.version("gold.audiences") == before


def test_audiences_are_of_people_who_consent_and_share_the_taste(run: Run) -> None:
    found = run.lake.read("gold.audiences").toPandas()
    assert set(found["audience"]) == {"even", "odd"}
    who = found["person_key"].map(lambda k: int(k, 16))
    assert all(map(consents, who))
    odd = who[found["audience"] == "odd"]
    assert len(odd) == 50
    assert (odd % 2 == 1).mean() > 0.95


def test_only_people_who_agreed_are_learnt_from(run: Run) -> None:
    names = ("silver.events", "silver.feedback", "silver.people")
    tables = map(run.reader(run.versions(names)), names)
    seen = shown(*tables, START + timedelta(days=DAYS)).select("person_key").distinct()
    assert {int(r[0], 16) for r in seen.collect()} == set(filter(consents, range(PEOPLE)))


def test_scores_say_how_well_each_model_did(run: Run) -> None:
    said = run.lake.read("gold.ad_scores").first()["model"]  # type: ignore[index]
    assert "log-loss" in said
    assert "same for all" in said


def test_the_models_have_a_card_with_how_groups_of_people_fare(run: Run) -> None:
    (card,) = [c for c in cards(run.lake.settings, conf_dir() / "cards") if c.model.name == "ads"]
    assert card.purpose is not None
    assert set(card.tasks) == {"clicked", "bought"}
    auc = next(m for m in card.tasks["clicked"] if m.metric == "auc")
    assert auc.scores[0].is_model
    assert {s.scorer for s in auc.scores[1:]} > {"same for all"}
    assert {p.table for p in card.parents} > {"silver.events", "gold.audiences"}
    assert {s.name for s in card.segments if s.kind == "country"} == {"DE", "GB"}
    assert all(s.people >= 10 for s in card.segments)


def test_scores_are_of_the_audience_and_within_the_budget(run: Run) -> None:
    scores = run.lake.read("gold.ad_scores").toPandas()
    assert (scores["purchase_probability"] <= scores["click_probability"]).all()
    assert set(scores["product_id"][scores["audience"] == "odd"]) <= {
        "shop:1",
        "shop:3",
        "shop:5",
        "shop:7",
    }
    assert (scores.groupby("audience")["expected_cost"].sum() <= 100).all()
    assert scores["bid"].max() > 0


@pytest.fixture(scope="module")
def by_hand(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """People alone: who writes an audience by hand is the last one its lineage is told of."""
    return make(
        spark, tmp_path_factory.mktemp("by_hand"), lambda table, _: table == "silver.people"
    )


def test_a_writer_cannot_put_somebody_without_consent_into_an_audience(by_hand: Run) -> None:
    run = by_hand
    members = [(f"{p:032x}", p) for p in range(1, 80)] + [(key(999), 999)]
    now = START - timedelta(days=200)
    rows = [("sneaky", now, k, i + 1, 0.5, False, "by hand") for i, (k, _) in enumerate(members)]
    frame = run.lake.spark.createDataFrame(rows, schema(run.contracts["gold.audiences"]))
    counts = run.build("gold.audiences", lambda _: frame, inputs=(), params="sneaky")
    kept = run.lake.read("gold.audiences").where("audience = 'sneaky'").collect()
    assert all(consents(int(r.person_key, 16)) and r.person_key != key(999) for r in kept)
    assert counts.quarantined == 80 - len(kept) == 20  # 19 without consent, 1 nobody knows


def test_an_audience_that_would_single_people_out_is_held(by_hand: Run) -> None:
    run = by_hand
    now = START - timedelta(days=300)
    rows = [("tiny", now, key(4 * p + 1), p + 1, 0.5, False, "by hand") for p in range(20)]
    frame = run.lake.spark.createDataFrame(rows, schema(run.contracts["gold.audiences"]))
    counts = run.build("gold.audiences", lambda _: frame, inputs=(), params="tiny")
    assert (counts.good, counts.quarantined) == (0, 20)


def test_an_audience_is_as_large_as_those_in_it_who_consent(by_hand: Run) -> None:
    run = by_hand
    now = START - timedelta(days=250)
    members = [p for p in range(1, 200) if consents(p)][:45]
    members += [p for p in range(1, 200) if not consents(p)][:10]
    rows = [("mixed", now, key(p), i + 1, 0.5, False, "by hand") for i, p in enumerate(members)]
    frame = run.lake.spark.createDataFrame(rows, schema(run.contracts["gold.audiences"]))
    counts = run.build("gold.audiences", lambda _: frame, inputs=(), params="mixed")
    assert (counts.good, counts.quarantined) == (0, 55)


@pytest.fixture(scope="module")
def planned(run: Run) -> Run:
    """The same lake with a forecast of six days and what to order for it."""
    quick = dataclasses.replace(
        load_demand(),
        models=("recent_quantiles", "seasonal_naive"),
        horizon={"day": DAYS_AHEAD, "week": 4},
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("shoplake_jobs.forecast.load_demand", lambda: quick)
        forecast(run, OPTIONS)
    return run


def test_forecasts_and_plans_of_the_same_lake(planned: Run) -> None:
    run = planned
    days = run.lake.read("gold.demand_forecast").toPandas()
    assert len(days) == (ITEMS + 1) * DAYS_AHEAD
    assert set(days["demand_class"][days["product_id"] == "shop:8"]) == {"new"}
    sold = days[days["product_id"] == "shop:1"]["mean"].mean()
    assert sold == pytest.approx(2 * PEOPLE / 6 / ITEMS, rel=0.35)
    plan = run.lake.read("gold.stock_plan").toPandas().set_index("product_id")
    assert plan.loc["shop:0", "alert"] == "shortage"
    assert plan.loc["shop:0", "order_now"]


@pytest.mark.parametrize("name", ["stock", "ads"])
def test_the_notebooks_read_these_tables(
    planned: Run, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown, plots = run_cells(name, planned.lake.settings.lake, monkeypatch)
    assert plots
    assert all(len(frame) for frame in shown)


def told(run: Run, capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    shoplake([*words, "--lake", run.lake.settings.lake, "--json"])
    return json.loads(capsys.readouterr().out)


def test_the_stock_command_shows_what_runs_short(
    planned: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    said = told(planned, capsys, "stock", "--top", "1")
    (row,) = said["shortage"]
    plan = planned.lake.read("gold.stock_plan").where("alert = 'shortage'").collect()
    assert said["alerts"]["shortage"] == len(plan)
    assert row["shortage_probability"] == max(r.shortage_probability for r in plan)


def test_the_stock_command_shows_a_product_with_its_days(
    planned: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    said = told(planned, capsys, "stock", "shop:1")
    assert said["product_id"] == said["plan"]["product_id"] == "shop:1"
    assert [day["q05"] <= day["q95"] for day in said["forecast"]] == [True] * DAYS_AHEAD


def test_the_audience_command_counts_people_once(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    listed = {row["audience"]: row for row in told(run, capsys, "audience")}
    people = run.lake.read("gold.audiences").where("audience = 'odd'").count()
    assert listed["odd"]["people"] == people
    assert 0 < listed["odd"]["expected_cost"] <= 100


def test_the_audience_command_shows_bids_of_one(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    bids = told(run, capsys, "audience", "odd", "--top", "5")
    assert {bid["product_id"] for bid in bids} <= {"shop:1", "shop:3", "shop:5", "shop:7"}
    values = [bid["value"] for bid in bids]
    assert values == sorted(values, reverse=True)
    assert all(bid["bid"] > 0 and bid["name"] for bid in bids)


def test_an_audience_nobody_knows_is_refused_with_those_there_are(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        shoplake(["audience", "sneakers", "--lake", run.lake.settings.lake])
    assert "audiences: even, odd" in capsys.readouterr().out


def test_who_withdraws_consent_is_no_longer_shown_nor_an_audience_that_is_too_small_then(
    run: Run, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def told() -> set[str]:
        capsys.readouterr()
        shoplake(["audience", "odd", "--top", "1000", "--json", "--lake", run.lake.settings.lake])
        return {row["person_key"] for row in json.loads(capsys.readouterr().out)}

    first = min(told())
    run.lake.delta("silver.people").update(f"person_key = '{first}'", {"consent": "false"})
    with pytest.raises(SystemExit):  # 49 are left.
        told()
    assert "no audience 'odd'" in capsys.readouterr().out
    settings = load_ads()
    smaller = dataclasses.replace(settings.audience, minimum=49)
    monkeypatch.setattr(
        "shoplake.models.ads.settings.load_ads",
        lambda: dataclasses.replace(settings, audience=smaller),
    )
    assert first not in told()


def test_a_young_shop_has_no_forecast_yet_and_that_is_no_failure(
    spark: SparkSession, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    end = START + timedelta(days=5)
    young = make(
        spark, tmp_path, lambda table, r: table == "silver.orders" and r["ordered_at"] < end
    )
    forecast(young, OPTIONS)
    assert "no forecast yet" in capsys.readouterr().out
    assert not young.lake.exists("gold.stock_plan")


def test_a_shop_that_showed_little_has_audiences_without_ads_and_goes_on(
    spark: SparkSession, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    last = START + timedelta(days=DAYS - 1)
    young = make(
        spark, tmp_path, lambda table, r: table != "silver.events" or r["occurred_at"] >= last
    )
    target(young, OPTIONS)
    said = " ".join(capsys.readouterr().out.split())
    assert "no ad scores yet" in said
    assert not young.lake.exists("gold.ad_scores")
    listed = {row["audience"]: row["people"] for row in told(young, capsys, "audience")}
    assert listed == {"even": 50, "odd": 50}
    with pytest.raises(SystemExit):
        told(young, capsys, "audience", "odd")
    assert "nothing to bid on" in capsys.readouterr().out
    ((_, line),) = application_lines(young.lake.settings)
    assert line.startswith("2 audiences of")
    assert "bid" not in line


@pytest.mark.parametrize(
    ("table", "sources"),
    [
        ("gold.audiences", {"silver.people", "silver.events", "gold.item_features"}),
        ("gold.ad_scores", {"silver.people", "silver.events", "gold.audiences"}),
        ("gold.demand_forecast", {"silver.orders"}),
        ("gold.stock_plan", {"silver.orders", "silver.products"}),
    ],
)
def test_lineage_names_the_tables_that_an_application_comes_from(
    planned: Run, table: str, sources: set[str]
) -> None:
    found = {e.source_table for e in edges(planned.lake.settings) if e.target_table == table}
    assert sources <= found
