"""The embedded writer: it says what it is given, nothing twice, and the same every time."""

import dataclasses

import pytest

from shoplake.models.descriptions.decoder import Request
from shoplake.models.descriptions.describe import decoder_of
from shoplake.models.descriptions.language import SLOT, tokens


@pytest.fixture
def decoder(quick):
    return decoder_of(quick)[0]


def asked(*slots, **other):
    return Request("en", "plain", "long", slots, **other)


def test_a_slot_is_written_only_if_the_product_has_it_and_only_once(decoder, quick):
    requests = [asked("kind", "colour"), asked("kind", "material", "brand"), asked("category")]
    for request, texts in zip(
        requests, decoder.write(requests, quick.decoder, seed=0), strict=True
    ):
        assert texts
        for text in texts:
            slots = SLOT.findall(text)
            assert set(slots) <= set(request.slots)
            assert len(slots) == len(set(slots))


def test_it_has_learnt_to_say_what_it_is_given(decoder, quick):
    requests = [asked("kind", "colour", "material"), asked("kind", "style", "brand")]
    found = decoder.write(requests, quick.decoder, seed=1)
    said = [
        max(len(set(SLOT.findall(text))) for text in texts) / len(request.slots)
        for request, texts in zip(requests, found, strict=True)
    ]
    assert sum(said) / len(said) > 0.8


def test_words_that_are_not_allowed_are_not_written(decoder, quick):
    allowed = frozenset({"a", "in", "made", "of"})
    (texts,) = decoder.write([asked("kind", "colour", words=allowed)], quick.decoder, seed=0)
    for text in texts:
        said = {t for t in tokens(text) if t.isalpha()}
        assert said <= allowed


def test_a_requests_texts_do_not_depend_on_the_others(decoder, quick):
    one, other = asked("kind", "colour"), asked("kind", "brand")
    alone = decoder.write([one], quick.decoder, seed=3)[0]
    assert decoder.write([other, one, other], quick.decoder, seed=3)[1] == alone


def test_words_that_it_does_not_know_make_no_other_request(decoder, quick):
    known = frozenset({"a", "in", "made", "of", "it", "is"})
    requests = [asked("kind", "colour", words=known | more) for more in ({"fern"}, {"otter"})]
    one, other = decoder.write(requests, quick.decoder, seed=3)
    assert one == other == decoder.write(requests[1:], quick.decoder, seed=3)[0]


def test_it_is_learnt_once_and_read_from_the_cache_after_that(decoder, quick, kept):
    files = sorted((kept / "descriptions").glob("*.pt"))
    again, version = decoder_of(quick)
    assert sorted((kept / "descriptions").glob("*.pt")) == files
    request = [asked("kind", "colour", "style")]
    texts = decoder.write(request, quick.decoder, seed=0)
    assert again.write(request, quick.decoder, seed=0) == texts
    assert decoder_of(quick)[1] == version
    assert (
        decoder_of(
            dataclasses.replace(quick, seed=9, decoder=dataclasses.replace(quick.decoder, steps=1))
        )[1]
        != version
    )
