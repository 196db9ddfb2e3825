"""Messages whose products and orders are marked, and what learns from them."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from shoplake.errors import SettingsError
from shoplake.evaluate.mentions import by_rules
from shoplake.models.assistant.mentions import (
    OTHER_SHAPES,
    SHAPES,
    Mention,
    fillers,
    load_mentions,
    marked,
    random_names,
    shaped,
    slotted,
)
from shoplake.models.assistant.settings import load_assistant
from shoplake.models.assistant.tagger import fit_tagger


@pytest.mark.parametrize(
    ("said", "template"),
    [
        ("I want to cancel my order", "I want to cancel order {order}"),
        ("can you add some items?", "can you add {product}?"),
        ("the last purchase and a product", "purchase {order} and {product}"),
        ("where is the order I made", None),
        ("what is {Order Number}", None),
        ("hello there", None),
    ],
)
def test_an_utterance_says_where_a_name_would_stand(said: str, template: str | None) -> None:
    assert slotted(said) == template


def test_what_is_marked_is_what_was_filled_in() -> None:
    random = np.random.default_rng(0)
    fill = fillers(lambda _: "Teal Mug – Set of 2", ["XX-999"])
    said = marked(["do you have {product} from {order}"] * 40, ["I paid {amount}"], fill, random)
    for message in said:
        found = [(m.kind, message.text[m.start : m.stop]) for m in message.mentions]
        assert found[0] == ("product", "Teal Mug – Set of 2")
        assert found[1][0] == "order"
        assert found[1][1][2:3] == "-"
    assert any("I paid" in message.text for message in said)


def test_no_number_is_both_learnt_and_judged_by_its_shape() -> None:
    assert not set(SHAPES) & set(OTHER_SHAPES)
    assert shaped("X9", np.random.default_rng(1)).isalnum()


def test_the_shipped_templates_have_slots_that_are_known(tmp_path: Path) -> None:
    assert load_mentions().templates["price"]
    path = tmp_path / "mentions.yml"
    path.write_text("templates: {price: ['how much is {thing}']}\nasides: []\n")
    with pytest.raises(SettingsError, match=r"no slot \{thing\}"):
        load_mentions(path)
    path.write_text("templates: {price: ['{product}']}\nasides: ['about {product}']\n")
    with pytest.raises(SettingsError, match="asides"):
        load_mentions(path)


def test_a_tagger_marks_names_where_it_learnt_that_names_stand() -> None:
    config = load_assistant()
    tune = dataclasses.replace(config.finetune, steps=150, layers=2, learning_rate=3e-3)
    config = dataclasses.replace(config, base="tiny", finetune=tune)
    random = np.random.default_rng(0)
    fill = fillers(random_names(["abc", "bcd", "cde", "def", "ace"]), ["#999"])
    learn = marked(
        ["have {product} now", "sent {order} now", "now have sent"] * 60, [], fill, random
    )
    tagger = fit_tagger(learn, config)
    judged = marked(["have {product} now", "sent {order} now"] * 20, [], fill, random)
    said = tagger.mentions([message.text for message in judged])
    right = [found == message.mentions for found, message in zip(said, judged, strict=True)]
    assert np.mean(right) > 0.8
    assert tagger.mentions([]) == []
    assert tagger.mentions(["", "?!"]) == [(), ()]


def test_rules_take_the_longest_run_of_words_of_no_request() -> None:
    text = "how much is the teal mug of order 53651?"
    assert by_rules(text) == (Mention(16, 24, "product"), Mention(34, 39, "order"))
