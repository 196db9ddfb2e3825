"""The whole loop on a small shop, with real Spark, Delta, torch and MLflow."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from small_loop import Loop

from shoplake.cli import main
from shoplake.models.tracking import Registry
from shoplake.runtime.settings import Settings, conf_dir
from shoplake.runtime.sql import query, tables


def versions(settings: Settings) -> dict[str, int]:
    """Newest Delta version of every table, from the names of its log files."""
    return {
        name: max(
            int(p.stem)
            for p in (settings.root / name.replace(".", "/") / "_delta_log").glob("*.json")
        )
        for name in tables(settings)
    }


def test_a_rerun_changes_no_table(loop: Loop) -> None:
    before = versions(loop.settings)
    loop.cycle(before="2026-02-18")
    assert versions(loop.settings) == before


def test_every_line_of_the_ledger_balances(loop: Loop) -> None:
    lines = query(loop.settings, "SELECT * FROM governance.ledger")
    assert {r["table_name"] for r in lines} >= {"bronze.orders", "silver.orders", "gold.interest"}
    for r in lines:
        out = r["rows_good"] + r["rows_quarantined"] + r["rows_deduplicated"]
        assert r["rows_in"] == out, r["table_name"]


def test_bronze_rows_are_all_accounted_for_in_silver(loop: Loop) -> None:
    sent = query(loop.settings, "SELECT count(*) AS n FROM bronze.events")[0]["n"]
    line = query(
        loop.settings, "SELECT rows_in FROM governance.ledger WHERE table_name = 'silver.events'"
    )
    assert line[-1]["rows_in"] == sent


def test_cleaning_finds_what_was_planted(loop: Loop) -> None:
    rows = query(
        loop.settings,
        "SELECT * FROM governance.cleaning WHERE dirt = '(any)' AND outcome = 'quarantined'",
    )
    assert rows
    assert all(r["recall"] == 1 and r["precision"] == 1 for r in rows)


def test_no_personal_value_is_beyond_bronze(loop: Loop) -> None:
    people = query(
        loop.settings, "SELECT email, phone, person_id FROM bronze.people WHERE email IS NOT NULL"
    )
    emails = {r["email"].encode() for r in people}
    for layer in ("silver", "gold", "governance"):
        for path in Path(loop.settings.lake, layer).rglob("*.parquet"):
            content = path.read_bytes()
            assert not any(email in content for email in emails), path


def test_everyone_is_recommended_ten_products_that_exist(loop: Loop) -> None:
    lists = query(
        loop.settings,
        "SELECT person_key, count(*) AS n, count(DISTINCT product_id) AS products, max(rank) AS last"
        " FROM gold.recommendations GROUP BY person_key",
    )
    known = query(loop.settings, "SELECT count(*) AS n FROM silver.people")[0]["n"]
    assert len(lists) >= known
    assert {(r["n"], r["products"], r["last"]) for r in lists} == {(10, 10, 10)}


def test_a_model_version_names_its_parents(loop: Loop) -> None:
    data = query(loop.settings, "SELECT * FROM governance.model_data WHERE model_version = '1'")
    assert {r["table_name"] for r in data} == {
        "gold.training_examples",
        "gold.item_snapshots",
        "gold.item_features",
    }
    registry = Registry.of(loop.settings)
    assert registry.verdict("1") is not None


def test_baselines_stand_beside_the_model(loop: Loop) -> None:
    rows = query(
        loop.settings,
        "SELECT DISTINCT task, scorer FROM governance.model_metrics WHERE metric = 'ndcg@10'",
    )
    assert {r["scorer"] for r in rows if r["task"] == "new"} == {
        "two_tower",
        "popularity",
        "recent popularity",
        "personal frequency",
    }


@pytest.mark.slow
def test_feedback_comes_back_and_is_governed(answered: Loop) -> None:
    kinds = query(
        answered.settings, "SELECT kind, count(*) AS n FROM silver.feedback GROUP BY kind"
    )
    assert {r["kind"] for r in kinds} >= {"impression", "click"}
    shown = query(
        answered.settings,
        "SELECT count(*) AS n FROM silver.feedback WHERE model_version IS NOT NULL",
    )
    assert shown[0]["n"] > 0


@pytest.mark.slow
def test_clicks_on_recommendations_change_interest(answered: Loop) -> None:
    moved = query(
        answered.settings,
        "SELECT count(*) AS n FROM gold.interest i JOIN silver.feedback f"
        " ON i.person_key = f.person_key AND i.product_id = f.product_id"
        " WHERE f.kind = 'click' AND i.clicks > 0 AND i.as_of = (SELECT max(as_of) FROM gold.interest)",
    )
    assert moved[0]["n"] > 0


def test_status_tells_every_table(loop: Loop, capsys: pytest.CaptureFixture[str]) -> None:
    main(["status", "--lake", loop.settings.lake, "--json"])
    out = capsys.readouterr().out
    assert set(re.findall(r'"table": "([^"]+)"', out)) == {
        t for t in tables(loop.settings) if not t.startswith("governance.quarantine_")
    }


def test_the_tour_runs(loop: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOPLAKE_LAKE", loop.settings.lake)
    notebook = nbformat.read(conf_dir().parent / "notebooks" / "01_tour.ipynb", as_version=4)
    NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    plots = [
        o for c in notebook.cells for o in c.get("outputs", []) if "image/png" in o.get("data", {})
    ]
    assert len(plots) >= 5
