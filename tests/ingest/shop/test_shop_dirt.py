"""Truth and files agree: what truth names is in the files so, and no other row is dirty."""

from __future__ import annotations

import csv
import dataclasses
import gzip
import html
import io
import json
import re
from collections import Counter, defaultdict
from pathlib import Path

import pytest
from shop_files import lines

from shoplake.errors import SettingsError
from shoplake.ingest.shop import ShopConfig, load_shop_config, read_truth
from shoplake.ingest.shop.catalogue import DELIVERY
from shoplake.ingest.shop.part import simulate_part
from shoplake.ingest.shop.planters import WEAK
from shoplake.ingest.shop.simulate import Summary

Simulated = tuple[Path, Summary]
KINDS = {"search", "impression", "view", "click", "cart", "purchase", "return"}
TIME = re.compile(r"2026-\d\d-\d\d \d\d:\d\d:\d\d")


def _events(out: Path) -> dict[str, list[dict[str, object]]]:
    by_id = defaultdict(list)
    for line in lines(out, "events"):
        record = json.loads(line)
        by_id[record["event_id"]].append(record)
    return by_id


def _orders(out: Path) -> dict[str, list[dict[str, str]]]:
    by_id = defaultdict(list)
    for path in sorted((out / "raw" / "orders").rglob("*.csv.gz")):
        for row in csv.DictReader(io.StringIO(gzip.decompress(path.read_bytes()).decode())):
            by_id[f"{row['order_no']}/{row['line_no']}"].append(row)
    return by_id


@pytest.fixture(scope="module")
def dirty(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ShopConfig]:
    """A small shop with much dirt, so that every kind occurs."""
    config = load_shop_config(people=60, people_per_file=60, visits_per_day=0.5)
    rates = dict.fromkeys((f.name for f in dataclasses.fields(config.dirt)), 0.03) | {"text": 0.13}
    config = dataclasses.replace(config, dirt=dataclasses.replace(config.dirt, **rates))
    out = tmp_path_factory.mktemp("dirty")
    simulate_part(config, out, 0, 0, 20)
    return out, config


def _truth(out: Path, entity: str) -> dict[str, str]:
    rows = [
        json.loads(line)
        for path in sorted((out / "truth" / entity).rglob("*.jsonl"))
        for line in path.read_text().splitlines()
    ]
    return {row["natural_id"]: row["dirt"] for row in rows}


def test_every_dirty_event_is_in_truth_and_no_other(dirty: tuple[Path, ShopConfig]) -> None:
    out, _ = dirty
    events, truth, found = _events(out), _truth(out, "events"), {}
    for event_id, copies in events.items():
        record = copies[0]
        if len(copies) > 1:
            found[event_id] = "exact_duplicate" if copies[0] == copies[1] else "key_duplicate"
        elif "at" not in record:
            found[event_id] = "null_at"
        elif "action" not in record:
            found[event_id] = "null_action"
        elif record["action"] not in KINDS:
            found[event_id] = "bad_kind"
        elif not TIME.fullmatch(str(record["at"])) or "2026-13" in str(record["at"]):
            readable = re.search(r"2026", str(record["at"])) and "2026-13" not in str(record["at"])
            found[event_id] = "date_format" if readable else "bad_date"
        elif not re.fullmatch(r"HL\d{5}|", str(record.get("sku", ""))):
            found[event_id] = "id_variant"
    invisible = ("late", "out_of_order")
    # The second copy of a duplicate may arrive after the last day, so that the first stands alone.
    expected = {i: d for i, d in truth.items() if d not in invisible}
    assert found == expected
    assert set(truth) <= set(events)


def test_every_dirty_order_line_is_in_truth_and_no_other(dirty: tuple[Path, ShopConfig]) -> None:
    out, _ = dirty
    truth, found = _truth(out, "orders"), {}
    for line_id, copies in _orders(out).items():
        row = copies[0]
        price = float(row["unit_price"])
        if len(copies) > 1:
            found[line_id] = "exact_duplicate" if copies[0] == copies[1] else "key_duplicate"
        elif missing := [c for c in ("sku", "qty", "ordered_at") if not row[c]]:
            found[line_id] = f"null_{missing[0]}"
        elif row["type"] not in ("SALE", "CANCEL"):
            found[line_id] = "bad_kind"
        elif not TIME.fullmatch(row["ordered_at"]) or "2026-13" in row["ordered_at"]:
            readable = "2026" in row["ordered_at"] and "2026-13" not in row["ordered_at"]
            found[line_id] = "date_format" if readable else "bad_date"
        elif not re.fullmatch(rf"HL\d{{5}}|{DELIVERY}", row["sku"]):
            found[line_id] = "id_variant"
        elif price <= 0 or price > 10_000:
            found[line_id] = "price_" + ("negative" if price < 0 else "huge" if price else "zero")
        elif int(row["qty"]) >= 100 and truth.get(line_id) == "quantity_outlier":
            found[line_id] = "quantity_outlier"  # a trade customer may buy 100 in earnest
    assert found == truth


def test_rates_are_as_configured(dirty: tuple[Path, ShopConfig]) -> None:
    out, config = dirty
    counts, bots = Counter(_truth(out, "events").values()), _truth(out, "sessions")
    rows = sum(copies[0]["session"] not in bots for copies in _events(out).values())
    for kind in ("exact_duplicate", "date_format", "late", "bad_kind"):
        expected = getattr(config.dirt, kind) * rows
        assert abs(counts[kind] - expected) < 5 * expected**0.5, kind


def test_bot_sessions_look_at_hundreds_of_products_a_minute(dirty: tuple[Path, ShopConfig]) -> None:
    out, _ = dirty
    views = Counter(e["session"] for copies in _events(out).values() for e in copies[:1])
    bots = _truth(out, "sessions")
    assert bots
    assert all(views[session] >= 150 for session in bots)
    assert all(n < 150 for session, n in views.items() if session not in bots)


def test_dirty_texts_are_what_truth_calls_them(dirty: tuple[Path, ShopConfig]) -> None:
    out, _ = dirty
    texts = {m["message_id"]: m.get("body", "") for m in map(json.loads, lines(out, "messages"))}
    truth = _truth(out, "messages")
    assert sum(dirt.startswith("text_") for dirt in truth.values()) >= 3
    for message_id, text in texts.items():
        assert _text_dirt(text) == (truth.get(message_id, "").startswith("text_"))


def _text_dirt(text: str) -> bool:
    wide = re.search(r"[\uff01-\uff5e]", text)
    return (
        bool(wide) or "\x07" in text or "Ã" in text or "â€" in text or html.unescape(text) != text
    )


def test_truth_is_read_with_the_day_it_arrived(simulated: Simulated) -> None:
    out, summary = simulated
    truth = read_truth(out)
    assert truth["dirt"].value_counts().to_dict() == summary["dirt"]
    assert truth[["arrived_on", "outcome"]].notna().all(axis=None)
    assert set(truth["entity"]) <= {*WEAK, "sessions"}


def test_reading_truth_where_there_is_none_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="simulate one first"):
        read_truth(tmp_path)
