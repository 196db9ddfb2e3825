"""What the names and values of a shop's attributes may bring into a text: no more than they say."""

import pytest

from shoplake.models.descriptions.candidates import from_template
from shoplake.models.descriptions.claims import Rules
from shoplake.models.descriptions.facts import Product, gather
from shoplake.models.descriptions.grounding import Grounder
from shoplake.models.descriptions.language import load_language
from shoplake.models.descriptions.settings import load_descriptions
from shoplake.models.descriptions.wording import slots_of, template

RULES = Rules(banned=("hand made",))


def known(attributes, *, name="Mug", text=""):
    product = Product("s:1", name, text=text, attributes={"colour": "blue", **attributes})
    return gather(product, {}, {}, confidence=0.9)


def reasons(said, attributes, *, code="en", **product):
    return Grounder(load_language(code), RULES).check(said, known(attributes, **product)).reasons


@pytest.mark.parametrize("code", ["en", "zh"])
@pytest.mark.parametrize(
    "attributes",
    [
        {"cures cancer": "yes"},
        {"cures": "cancer"},
        {"cures-cancer": "yes"},
        {"\u0441ures cancer": "yes"},
        {"effect": "cures cancer"},
        {"effect": "risk-free"},
        {"side effects": "none"},
        {"hand made": "yes"},
        {"best in the world": "yes"},
        {"best in the world": "true story"},
        {"heals migraine": "yes"},
        {"stops cancer": "yes"},
        {"治愈癌症": "是"},
    ],
)
def test_no_attribute_brings_in_what_is_banned_or_unproven(code, attributes):
    language, product = load_language(code), known(attributes)
    text = template(slots_of(product, language, text=True), language, tone="plain", length="long")
    found = Grounder(language, RULES).check(text, product).reasons
    assert any(r.startswith(("banned: ", "unsupported ")) for r in found), text


@pytest.mark.parametrize(
    "attributes",
    [
        {"label": "best in class"},
        {"note": "#1 clinically proven"},
        {"note": "#1 rated"},
        {"note": "Award-Winning"},
        {"note": "b\u0435st of all"},
        {"material": "finest bone china"},
        {"说明": "全网销量第一"},
    ],
    ids=["best", "proven", "rated", "hyphen", "alike", "material", "chinese"],
)
@pytest.mark.parametrize("code", ["en", "zh"])
def test_no_value_brings_a_boast_into_a_text(code, attributes):
    language, product = load_language(code), known(attributes)
    check, slots = Grounder(language, RULES).check, slots_of(product, language, text=True)
    text = template(slots, language, tone="plain", length="long")
    assert not check(text, product).passed, text
    # The product is still described, without that attribute.
    config = load_descriptions()
    made = from_template(slots, language, config, lambda said: check(said, product))
    assert made.checked.passed
    assert not any(value in made.text for value in attributes.values())


@pytest.mark.parametrize(
    "attributes",
    [
        {"care": "hand wash only"},
        {"note": "always keep dry"},
        {"brand": "Best & Sons"},
        {"size": "1 in"},
        {"温度": "最高30度"},
    ],
    ids=["only", "always", "brand", "inch", "chinese"],
)
def test_a_value_that_boasts_of_nothing_stays(attributes):
    language, product = load_language("en"), known(attributes)
    slots = slots_of(product, language, text=True)
    text = template(slots, language, tone="plain", length="long")
    assert not Grounder(language, RULES).check(text, product).reasons


def test_a_boast_that_the_shops_own_text_makes_too_is_as_any_other_superlative():
    said, label = "A blue mug. Label: best in class.", {"label": "best in class"}
    assert reasons(said, label)
    assert not reasons(said, label, text="It is best in class.")


@pytest.mark.parametrize(
    ("attributes", "text"),
    [
        ({"vegan": "no"}, "A vegan blue mug."),
        ({"vegan": "no"}, "A blue mug. Vegan: yes."),
        ({"vegan": "no"}, "A vegan mug, no lid."),
        ({"vegan": "no"}, "A blue mug. Vegan: no animal fat."),
        ({"vegan": "no"}, "A blue mug without blue that is vegan."),
        ({"vegan": "Nein"}, "A vegan blue mug."),
        ({"vegan": "否"}, "A vegan blue mug."),
        ({"vegan": "not yet"}, "A vegan blue mug."),
        ({"vegan": "unknown"}, "A vegan blue mug."),
        ({"organic": "no", "vegan": "yes"}, "An organic blue mug. Vegan: yes."),
        ({"organic": "no", "vegan": "yes"}, "A blue mug. Organic: yes."),
        ({"vegan": "yes"}, "A blue mug, not vegan."),
        ({"waterproof": "false"}, "A waterproof blue mug."),
        ({"dishwasher safe": "0"}, "A blue mug, dishwasher safe."),
        ({"depth": "3 cm", "width": "9 cm"}, "A blue mug. Depth: 9 cm."),
    ],
)
def test_a_name_supports_nothing_that_its_value_does_not(attributes, text):
    assert reasons(text, attributes) != ()


@pytest.mark.parametrize(
    ("attributes", "text"),
    [
        ({"vegan": "no"}, "A blue mug. Vegan: no."),
        ({"vegan": "no"}, "A blue mug, not vegan."),
        ({"vegan": "yes"}, "A vegan blue mug."),
        ({"vegan": "1"}, "A vegan blue mug."),
        ({"vegan": "是"}, "A vegan blue mug. Vegan: 是."),
        ({"dishwasher safe": "yes"}, "A blue mug, dishwasher safe. Dishwasher safe: yes."),
        ({"sugar": "none"}, "A blue mug, sugar free. Sugar: none."),
        ({"safe": "no", "dishwasher safe": "yes"}, "A mug. Safe: no. Dishwasher safe: yes."),
        ({"diameter": "9 cm"}, "A mug with a diameter of 9 cm."),
        ({"diameter": "9 cm"}, "A mug, 9 cm in diameter."),
        ({"size (cm)": "9 x 3"}, "A mug. Size (cm): 9 x 3."),
        ({"vitamin c": "9 mg"}, "A mug. Vitamin c: 9 mg."),
        ({"hypoallergenic": "yes"}, "A mug. Hypoallergenic: yes."),
        ({"material": "oak"}, "A blue mug. Material: oak."),
    ],
)
def test_a_name_with_its_value_passes(attributes, text):
    assert reasons(text, attributes) == ()


def test_a_column_goes_before_the_products_name_and_text():
    assert "unsupported vegan: Vegan" in reasons("A Vegan mug.", {"vegan": "no"}, name="Vegan mug")
    assert reasons("A vegan mug.", {"vegan": "no"}, text="A vegan mug") != ()
    assert reasons("A vegan mug.", {}, text="A vegan mug") == ()


@pytest.mark.parametrize(
    ("value", "text", "passed"),
    [
        ("否", "一款有机的Mug。", False),
        ("无", "一款有机的Mug。", False),
        ("没有", "一款有机的Mug。", False),
        ("no", "一款有机的Mug。", False),
        ("否", "一款Mug。有机：否。", True),
        ("否", "一款Mug，没有有机。", True),
        ("是", "一款有机的Mug。", True),
    ],
)
def test_chinese_values_deny_and_affirm_alike(value, text, passed):
    assert (reasons(text, {"有机": value}, code="zh") == ()) is passed


def test_a_bad_column_is_left_out_and_the_rest_is_said():
    language, config = load_language("en"), load_descriptions()
    product = known({"cures cancer": "yes", "diameter": "9 cm"})
    grounder = Grounder(language, RULES)
    found = from_template(
        slots_of(product, language, text=True),
        language,
        config,
        lambda t: grounder.check(t, product),
    )
    assert (found.checked.reasons, found.text) == ((), "A mug in blue. Diameter: 9 cm.")
