"""The truth about personal data in letters points at it, and letters change nothing else."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from shop_files import lines

from shoplake.errors import SettingsError
from shoplake.ingest.shop import read_told
from shoplake.ingest.shop.config import ShopConfig
from shoplake.ingest.shop.letters import write_message
from shoplake.ingest.shop.people import draw_person
from shoplake.ingest.shop.private import fill
from shoplake.ingest.shop.simulate import Summary
from shoplake.refine.text import normalise

SHAPES = {
    "email": r"[a-z.@0-9_-]+", "phone": r"[+()\d -]{10,17}", "card": r"[\d ]{16,19}",
    "iban": r"GB[\dA-Z ]{20,27}", "ip": r"[\d.]+", "national_id": r"\d{17}[\dX]",
    "birth_date": r".*\d{4}.*", "name": r"\D+", "address": r".*\d.*",
}  # fmt: skip


def test_a_field_named_after_a_kind_is_a_span() -> None:
    letter = fill("{item} for {name_other}, {phone}", item="mug", name_other="Bo", phone="1")
    assert letter.text == "mug for Bo, 1"
    assert letter.spans == (("name", 8, 10), ("phone", 12, 13))


def test_what_is_told_of_a_second_text_moves_with_it() -> None:
    both = fill("Hello.").then(fill("I am {name}", name="Bo"))
    assert [both.text[start:end] for _, start, end in both.spans] == ["Bo"]


def test_told_spans_have_the_shape_of_their_kind(simulated: tuple[Path, Summary]) -> None:
    out = simulated[0]
    ids = {"messages": "message_id", "reviews": "review_id"}
    texts = {
        (entity, record[key]): normalise(record.get("body", ""))
        for entity, key in ids.items()
        for record in map(json.loads, lines(out, entity))
    }
    told = read_told(out)
    assert len(told) >= 5
    for row in told.to_dict("records"):
        text = texts.get((row["entity"], row["natural_id"]))
        if text:  # its file may come after the last day, or the text be lost to dirt
            assert re.fullmatch(SHAPES[row["kind"]], text[row["start"] : row["end"]]), row


def test_what_else_is_said_does_not_change_what_is_drawn(tiny: ShopConfig) -> None:
    after = []
    for seed in (1, 2):
        rng = np.random.default_rng(5)
        write_message(rng, draw_person(tiny, 1), "refund", "mug", "O1", np.random.default_rng(seed))
        after.append(rng.random())
    assert after[0] == after[1]


def test_a_shop_that_did_not_tell_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no personal data was planted"):
        read_told(tmp_path)
