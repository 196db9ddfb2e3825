"""Sentences: they say every fact, read well, and pass the check that they will be put to."""

import numpy as np
import pytest

from shoplake.errors import SettingsError
from shoplake.models.descriptions.claims import Rules
from shoplake.models.descriptions.facts import Fact, Known
from shoplake.models.descriptions.grounding import Grounder
from shoplake.models.descriptions.language import load_language, words
from shoplake.models.descriptions.wording import (
    drawn_slots,
    first_phrase,
    pattern,
    realise,
    slots_of,
    template,
)

FACTS = {
    "kind": "mug", "colour": "ivory", "material": "ceramic", "scent": "rose", "flavour": "ginger",
    "style": "nordic", "pack": "4", "country": "Wales", "volume": "300 ml", "brand": "Fjord",
    "category": "Garden", "diameter": "9 cm",
}  # fmt: skip


def known(*attributes, text=""):
    return Known(tuple(Fact(a, FACTS[a], "attribute") for a in attributes), text)


@pytest.mark.parametrize("code", ["en", "zh"])
@pytest.mark.parametrize("tone", ["plain", "warm"])
def test_a_long_template_says_every_fact_and_passes_the_check(code, tone):
    language = load_language(code)
    product = known(*FACTS)
    slots = slots_of(product, language, text=True)
    checked = Grounder(language, Rules()).check(
        template(slots, language, tone=tone, length="long"), product
    )
    assert checked.reasons == ()
    assert checked.covered(product) == 1


@pytest.mark.parametrize("code", ["en", "zh"])
def test_every_sentence_that_the_decoder_learns_from_passes_the_check(code):
    language = load_language(code)
    product = known(*FACTS)
    every = slots_of(product, language, text=False)
    every |= {"key2": "diameter", "value2": "9 cm", "key3": "diameter", "value3": "9 cm"}
    grounder, draw = Grounder(language, Rules()), np.random.default_rng(0)
    for _ in range(200):
        slots = {k: every[k] for k in drawn_slots(language, draw) if k in every}
        tone = ("plain", "warm")[int(draw.integers(2))]
        text = realise(pattern(slots, language, tone, "long", draw), slots, language)
        if text and any(slots):
            assert grounder.check(text, product).reasons == (), text


def test_a_short_template_says_the_thing_and_two_facts():
    language = load_language("en")
    slots = slots_of(known("kind", "colour", "material", "style"), language, text=False)
    text = template(slots, language, tone="plain", length="short")
    assert text == "An ivory mug made of ceramic."


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("mug", "A nordic mug."),
        ("tealights", "Nordic tealights."),
        ("wrapping paper", "Nordic wrapping paper."),
        ("glass", "A nordic glass."),
    ],
)
def test_articles_follow_the_thing(kind, said):
    language = load_language("en")
    slots = {"kind": kind, "style": "nordic"}
    assert realise("a {style} {kind} .", slots, language) == said


def test_chinese_has_no_blanks_between_characters_and_keeps_those_of_names():
    language = load_language("zh")
    slots = {"kind": "马克杯", "brand": "Old Barn Co"}
    assert (
        realise("一 款 {kind} 。 品 牌 ： {brand} 。", slots, language)
        == "一款马克杯。品牌：Old Barn Co。"
    )


def test_nothing_known_makes_no_text():
    assert template({}, load_language("en"), tone="plain", length="long") == ""


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("Calm lines from the coast: a mug in ivory.", "Calm lines from the coast"),
        ("", ""),
        ("one two three four five six seven eight nine ten eleven twelve 13 14 15", ""),
    ],
)
def test_the_first_phrase_of_a_text_is_short_or_nothing(text, phrase):
    assert first_phrase(text) == phrase


def test_the_text_of_another_language_is_not_quoted():
    product = known("kind", text="Calm lines from the coast.")
    assert "text" in slots_of(product, load_language("en"), text=True)
    assert "text" not in slots_of(product, load_language("zh"), text=True)


def test_an_unknown_language_is_refused_with_those_that_there_are():
    with pytest.raises(SettingsError, match="no language 'xx'") as caught:
        load_language("xx")
    assert "en, zh" in str(caught.value)


def test_words_are_compared_without_plural_case_and_marks():
    assert words("Kitchen & Dining, Mugs") == ("kitchen", "dining", "mug")
