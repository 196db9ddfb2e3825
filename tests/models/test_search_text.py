"""Text analysis: numbers and units are written one way, and titles are taken apart."""

import signal

import pytest

from shoplake.models.search.text import repaired, terms, words
from shoplake.models.search.titles import parts


@pytest.mark.parametrize(
    "text", ["3/4 in.", "3/4-inch", '.75"', "0.75 inches", "3/4in", "¾ in.", "3⁄4 in", "3 / 4 in"]
)
def test_a_length_has_one_term_however_it_is_written(text):
    assert "0.75in" in terms(words(text))


@pytest.mark.parametrize("text", ["1-1/4 in", "1 1/4 inch", '1.25"', "1¼ in", "1-1⁄4 in"])
def test_mixed_numbers_are_decimals(text):
    assert "1.25in" in terms(words(text))


@pytest.mark.parametrize("text", ["12/2 wire", "12 / 2 wire"])
def test_numbers_that_are_no_fraction_of_a_measure_stay_and_are_held_together(text):
    assert words(text) == ["12/2", "wire"]
    assert terms(words(text)) == ["12", "2", "12/2", "wire"]


def test_a_unit_belongs_to_both_numbers():
    assert {"120v", "240v"} <= set(terms(words("120/240-Volt")))
    assert {"15a", "20a"} <= set(terms(words("15/20-Amp")))


@pytest.mark.parametrize(
    "text", ["#2/0 wire", "1 11/2 in.", "12/31/2020", "1/2/3", "1/2 / 3/4 in."]
)
def test_words_read_again_are_the_same(text):
    assert words(" ".join(words(text))) == words(text)


@pytest.mark.parametrize("text", ["1", "1 ", "1/", "1-"])
def test_digits_without_end_are_read_in_time_that_grows_with_them_alone(text):
    """100,000 took hours while each digit looked through all that follow; now it is a second."""
    signal.signal(signal.SIGALRM, signal.default_int_handler)
    signal.alarm(60)
    try:
        assert words(text * 100_000)
    finally:
        signal.alarm(0)


def test_an_inch_after_a_fraction_of_one_letter_does_not_end_the_head():
    assert "drill" in parts("Acme ¾ in Drill Bit").head


@pytest.mark.parametrize("text", ["2x4", "2 in. x 4 in. x 8 ft.", "2 by 4", "2 X 4"])
def test_dimensions_are_joined(text):
    assert "2x4" in terms(words(text))


def test_wide_by_high_is_a_dimension():
    assert "36x80" in terms(words("36 in. W x 80 in. H door"))


def test_in_is_a_unit_only_after_a_number():
    assert terms(words("drawer in white")) == ["drawer", "white"]
    assert terms(words("5 in. drawer")) == ["5", "5in", "drawer"]


def test_words_are_stemmed_and_thousands_are_one_number():
    assert terms(words("Heaters, 20,000 BTU")) == ["heater", "20000", "20000btu", "btu"]


def test_a_degree_sign_that_was_read_wrongly_twice_is_one_again():
    assert repaired("30å¡ Framing  Nails") == "30° Framing Nails"


def test_the_thing_stands_before_colour_and_extras():
    found = parts("Delta Lahara 8 in. Bathroom Faucet in Chrome with Pop-Up Drain (2-Pack)")
    assert found.thing == ["faucet"]
    assert found.brand == ["delta"]
    assert "chrome" in found.all
    assert "chrome" not in found.head
