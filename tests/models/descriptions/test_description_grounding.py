"""What the check of claims lets through and what it holds, in English and Chinese."""

import pytest

from shoplake.models.descriptions.claims import Rules
from shoplake.models.descriptions.facts import Fact, Known
from shoplake.models.descriptions.grounding import Grounder
from shoplake.models.descriptions.language import load_language

TEXT = "Calm lines from the coast. Not dishwasher safe. Sugar free. Holds 300 ml. Lined with felt."
FACTS = {
    "kind": "mug", "colour": "sage green", "material": "ceramic", "style": "nordic", "pack": "4",
    "brand": "Fjord & Fern", "category": "Kitchen & Dining", "diameter": "9 cm",
}  # fmt: skip
KNOWN = Known(tuple(Fact(a, v, "attribute") for a, v in FACTS.items()), TEXT)
RULES = Rules(banned=("hand made",), brands=frozenset({"Fjord & Fern", "Old Barn Co"}))


@pytest.fixture(scope="module")
def english():
    return Grounder(load_language("en"), RULES)


@pytest.fixture(scope="module")
def chinese():
    return Grounder(load_language("zh"), RULES)


@pytest.mark.parametrize(
    "text",
    [
        "A sage green mug made of ceramic. A set of 4. By Fjord & Fern. Diameter: 9 cm.",
        "A green mug in nordic style. Part of our range Kitchen & Dining.",
        "A mug, not dishwasher safe.",
        "A sugar free mug.",
        "A mug for 300 ml. Calm lines.",
        "A mug, lined with felt.",
    ],
)
def test_what_facts_or_the_products_own_text_say_passes(english, text):
    assert english.check(text, KNOWN).reasons == ()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("A navy blue mug.", "unsupported other: navy blue"),
        ("A mug, dishwasher safe.", "unsupported other: dishwasher safe"),
        ("A mug, not ceramic.", "unsupported material: ceramic"),
        ("A mug made of sage green.", "unsupported colour: sage green"),
        ("A mug. The colour is nordic.", "unsupported style: nordic"),
        ("A mug in ceramic style.", "unsupported material: ceramic"),
        ("A mug made of felt.", "unsupported other: felt"),
        ("A set of 6 mugs.", "unsupported number: 6"),
        ("A mug for 300 litres.", "unsupported number: 300"),
        ("The best mug.", "unsupported superlative: best"),
        ("A healthy mug.", "unsupported health: healthy"),
        ("A sustainable mug.", "unsupported eco: sustainable"),
        ("A mug at half price.", "unsupported price: half price"),
        ("A mug for £5.", "unsupported number: £"),
        ("A mug by Old Barn Co.", "unsupported brand: Old Barn Co"),
        ("A mug that cures colds.", "banned: cures"),
        ("A hand made mug.", "banned: hand made"),
        ("A mug. Mail jo@example.com.", "personal: [email]"),
        ("A product.", "nothing is said of the product"),
        ("", "nothing is said of the product"),
    ],
)
def test_what_nothing_supports_is_held_and_named(english, text, reason):
    assert reason in english.check(text, KNOWN).reasons


def test_a_sensitive_claim_passes_where_an_attribute_says_it_word_for_word(english):
    known = Known((Fact("kind", "soap", "name"), Fact("label", "organic", "attribute")), "")
    assert english.check("Soap. Label: organic.", known).passed
    assert not english.check("Organic and vegan soap.", known).passed


def test_a_banned_phrase_is_held_even_if_the_shop_says_it(english):
    known = Known((Fact("kind", "tea", "name"),), "This tea cures colds.")
    assert "banned: cures" in english.check("Tea that cures colds.", known).reasons


def test_a_name_cannot_bring_in_a_banned_phrase(english):
    known = Known((Fact("kind", "tea that cures colds", "name"),), "")
    assert english.check("A tea that cures colds.", known).reasons == ("banned: cures",)


def test_each_claim_names_its_evidence(english):
    picture = Known((Fact("kind", "mug", "name"), Fact("colour", "teal", "picture", 0.97)), "")
    claims = {c.kind: c.evidence for c in english.check("A teal mug.", picture).claims}
    assert claims == {"kind": "name kind: mug", "colour": "picture colour: teal (0.97)"}


def test_a_brand_that_is_an_ordinary_word_does_not_hold_every_text():
    grounder = Grounder(load_language("en"), Rules(brands=frozenset({"Made Of"})))
    assert grounder.check("A mug made of ceramic.", KNOWN).passed


def test_reasons_do_not_repeat_personal_data(english):
    reasons = " ".join(english.check("A mug. Call 020 7946 0958 today.", KNOWN).reasons)
    assert "[phone]" in reasons
    assert "7946" not in reasons


def test_a_brand_that_sounds_like_a_person_is_no_personal_data(english):
    known = Known((Fact("kind", "mug", "name"), Fact("brand", "Peter Johnson", "attribute")), "")
    assert english.check("A mug by Peter Johnson.", known).passed
    assert not english.check("A mug by Peter Johnson.", KNOWN).passed


@pytest.mark.parametrize(
    ("text", "passed"),
    [
        ("一款鼠尾草绿的马克杯。采用陶瓷材质。4件装。品牌：Fjord & Fern。", True),
        ("北欧风格的马克杯。类别：厨房与餐具。", True),
        ("一款海军蓝的马克杯。", False),
        ("采用北欧材质的马克杯。", False),
        ("一款最好的马克杯。", False),
        ("一款环保的马克杯。", False),
        ("不采用陶瓷材质的马克杯。", False),
        ("一款马克杯，可以治疗感冒。", False),
    ],
)
def test_chinese_texts_are_held_to_the_same(chinese, text, passed):
    assert chinese.check(text, KNOWN).passed is passed


@pytest.mark.parametrize(
    ("facts", "text", "reason"),
    [
        ({"kind": "nike style mug"}, "A Nike style mug.", ("unsupported brand: Nike style mug",)),
        ({"kind": "mug", "design": "Nike swoosh"}, "A mug. Design: Nike swoosh.", None),
        ({"kind": "nike mug", "brand": "Nike"}, "A Nike mug by Nike.", ()),
        ({"kind": "mug", "brand": "Nike Sports"}, "A mug by Nike Sports.", ()),
        ({"kind": "apple cider"}, "An apple cider.", ()),
    ],
)
def test_a_guarded_brand_is_misused_within_a_value_too(facts, text, reason):
    rules = Rules(brands=frozenset({"Nike", "Apple"}), guarded=frozenset({"Nike"}))
    known = Known(tuple(Fact(a, v, "attribute") for a, v in facts.items()), "")
    found = Grounder(load_language("en"), rules).check(text, known).reasons
    assert found == reason if reason is not None else any("brand" in told for told in found)
