"""Rows of the table: personal data of the catalogue stands in none of their columns."""

import dataclasses
import datetime as dt
import json

import pytest

from shoplake.models.descriptions.describe import Describer
from shoplake.models.descriptions.facts import Product
from shoplake.models.descriptions.rows import rows
from shoplake.models.descriptions.settings import load_descriptions

PHONE, MAIL = "020 7946 0958", "jo.smith@example.com"
MUG = Product(
    "s:1", "Teal Mug", brand="Peter Johnson", text="A mug.", attributes={"colour": "teal"}
)
FACTS, PROMPT = 5, 10


class Says:
    """A writer that says what a test wants to be checked."""

    version = "says 1"

    def __init__(self, text):
        self.text = text

    def write(self, prompts, pictures):
        return [self.text] * len(prompts)


def row_of(product, says):
    config = dataclasses.replace(load_descriptions(), languages=("en",))
    made = Describer(config, [product], {}, Says(says)).describe([product], {}, {})
    (row,) = rows(made, {}, dt.datetime(2024, 1, 1))
    return row


@pytest.mark.parametrize("says", ["A teal mug.", "The best mug."])
@pytest.mark.parametrize(
    "product",
    [
        dataclasses.replace(MUG, attributes={"colour": "teal", "help line": f"call {PHONE}"}),
        dataclasses.replace(MUG, attributes={"colour": "teal", "phone": PHONE}),
        dataclasses.replace(MUG, attributes={"colour": "teal", f"call {PHONE}": "yes"}),
        dataclasses.replace(MUG, attributes={"colour": "teal", "contact": MAIL}),
        dataclasses.replace(MUG, text=f"A mug. Questions? Call {PHONE} or write to {MAIL}."),
    ],
)
def test_personal_data_that_no_text_says_is_masked_in_every_column(product, says):
    row = row_of(product, says)
    shown = " ".join(str(value) for value in row)
    assert "7946" not in shown
    assert "jo.smith" not in shown
    assert "[phone]" in shown or "[email]" in shown
    assert row[3] is not None
    assert "mug" in row[3].lower()


def test_facts_stay_json_and_keep_what_is_not_personal():
    row = row_of(
        dataclasses.replace(MUG, attributes={"colour": "teal", "fax": PHONE}), "A teal mug."
    )
    facts = {f["attribute"]: f["value"] for f in json.loads(row[FACTS])}
    assert facts == {"kind": "mug", "colour": "teal", "brand": "Peter Johnson", "fax": "[phone]"}
    assert "- colour: teal" in row[PROMPT]
    assert "- fax: [phone]" in row[PROMPT]
