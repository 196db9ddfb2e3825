"""What the page of results says of the applications."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
from deltalake import write_deltalake

from shoplake.report_applications import application_lines
from shoplake.runtime.settings import load

OLD, NEW = "2026-01-01", "2026-02-01"


def lines(lake: Path, tables: dict[str, list[dict[str, Any]]]) -> list[tuple[str, str]]:
    for name, rows in tables.items():
        write_deltalake(str(lake / name.replace(".", "/")), pa.Table.from_pylist(rows))
    return application_lines(load("local", lake=str(lake)))


def test_a_lake_without_applications_has_no_lines(tmp_path: Path) -> None:
    assert lines(tmp_path, {"silver.products": [{"product_id": "p"}]}) == []


def test_stock_alerts_are_those_of_the_newest_plan(tmp_path: Path) -> None:
    plan = [
        {"as_of": OLD, "alert": "shortage", "order_now": True},
        {"as_of": NEW, "alert": "shortage", "order_now": True},
        {"as_of": NEW, "alert": "surplus", "order_now": False},
        {"as_of": NEW, "alert": "none", "order_now": True},
    ]
    said = "1 shortage and 1 surplus alerts of 3 products; 2 to order now"
    assert lines(tmp_path, {"gold.stock_plan": plan}) == [("stock", said)]


def test_audiences_count_a_person_of_two_once(tmp_path: Path) -> None:
    rows = [
        {"as_of": NEW, "audience": a, "person_key": p} for a, p in (("tea", "x"), ("bath", "x"))
    ]
    found = lines(tmp_path, {"gold.audiences": rows})
    assert found == [("audiences", "2 audiences of 1 people who agreed")]


def test_a_description_that_the_model_wrote_is_shown_before_a_template(tmp_path: Path) -> None:
    rows = [
        {"product_id": p, "as_of": NEW, "language": "en", "description": text, "writer": writer}
        for p, text, writer in (("a", "A mug.", "template"), ("b", "It is blue.", "decoder"))
    ]
    told = "2 texts about 2 products, 1 in the model's own words; 0 held"
    found = lines(tmp_path, {"gold.product_descriptions": rows})
    assert found == [("descriptions", told), ("", "b: It is blue.")]


def test_the_answer_that_is_shown_cites_something_and_needs_nobody(tmp_path: Path) -> None:
    rows = [
        {"message_id": "1", "question": "q1", "answer": "a1", "handover": True, "citations": ["x"]},
        {"message_id": "2", "question": "q2", "answer": "a2", "handover": False, "citations": []},
        {
            "message_id": "3",
            "question": "q3",
            "answer": "a3",
            "handover": False,
            "citations": ["x"],
        },
    ]
    told = "3 messages answered, 1 of them handed to a person"
    assert lines(tmp_path, {"gold.answers": rows}) == [("answers", told), ("", "“q3” a3")]
