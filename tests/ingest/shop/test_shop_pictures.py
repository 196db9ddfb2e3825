"""Drawn pictures show kind and colour, and are a function of the product alone."""

from __future__ import annotations

import numpy as np
import pytest

from shoplake.errors import ShoplakeError
from shoplake.ingest.shop.pictures import RGB, render
from shoplake.ingest.shop.shapes import SHAPES
from shoplake.ingest.shop.vocabulary import CATEGORIES, COLOURS


def test_every_kind_and_colour_of_the_shop_can_be_drawn() -> None:
    assert set(SHAPES) == {noun.word for group in CATEGORIES for noun in group.nouns}
    assert set(RGB) == set(COLOURS)


def test_a_picture_is_a_function_of_the_product() -> None:
    first, again = (render("HL00001", "mug", "teal", "ceramic") for _ in range(2))
    assert first.tobytes() == again.tobytes()
    assert first.tobytes() != render("HL00002", "mug", "teal", "ceramic").tobytes()


def test_the_middle_of_a_cushion_has_its_colour() -> None:
    for colour, wanted in RGB.items():
        middle = np.asarray(render("HL1", "cushion", colour, "", size=96))[40:56, 40:56]
        assert np.abs(middle.reshape(-1, 3).mean(0) - wanted).max() < 45


def test_materials_that_show_change_the_picture() -> None:
    plain, woven = (
        np.asarray(render("HL1", "throw", "teal", m)).astype(int) for m in ("", "linen")
    )
    assert np.abs(plain - woven).mean() > 1


@pytest.mark.parametrize(("kind", "colour"), [("sofa", "teal"), ("mug", "octarine")])
def test_what_the_shop_does_not_have_is_refused(kind: str, colour: str) -> None:
    with pytest.raises(ShoplakeError, match="to draw"):
        render("HL1", kind, colour, "")
