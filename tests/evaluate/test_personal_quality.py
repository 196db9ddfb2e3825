"""Measured on letters of a seed that nothing was tuned on, against floors; and the measure itself."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from shoplake.evaluate.personal import ANY, SPAN, found_spans, span_quality
from shoplake.governance.personal import KINDS
from shoplake.ingest.shop import load_shop_config
from shoplake.ingest.shop.letters import INTENTS, write_message
from shoplake.ingest.shop.people import draw_person
from shoplake.refine.text import normalise

SEED, LETTERS = 90_210, 1500


@pytest.fixture(scope="module")
def letters() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Texts, and what is planted in them."""
    config = load_shop_config(seed=SEED)
    texts, spans = [], []
    for n in range(LETTERS):
        rng, extra = np.random.default_rng([SEED, n]), np.random.default_rng([SEED, n, 1])
        intent, person = str(rng.choice(INTENTS)), draw_person(config, n)
        letter = write_message(
            rng, person, intent, "teal nordic oak mug", "O0123456789abcdef", extra
        )
        texts.append((n, letter.text))
        spans += [(n, *span) for span in letter.spans]
    return pd.DataFrame(texts, columns=["text_id", "text"]), pd.DataFrame(spans, columns=SPAN)


def test_letters_are_as_normalisation_leaves_them(
    letters: tuple[pd.DataFrame, pd.DataFrame],
) -> None:
    assert all(normalise(text) == text for text in letters[0]["text"])


def test_precision_and_recall_have_a_floor_for_every_kind(
    letters: tuple[pd.DataFrame, pd.DataFrame],
) -> None:
    texts, truth = letters
    quality = span_quality(truth, found_spans(texts)).set_index("kind")
    assert set(quality.index) == {*KINDS, ANY}
    assert quality["expected"].min() >= 10
    assert quality[["precision", "recall"]].min().min() >= 0.9
    assert quality.loc[ANY, ["exact_precision", "exact_recall"]].min() >= 0.9


def test_near_misses_stay(letters: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    texts, truth = letters
    clean = texts[~texts["text_id"].isin(truth["text_id"])]
    assert len(clean) > 300
    assert len(found_spans(clean)) <= 0.01 * len(clean)


def test_exact_and_overlapping_are_told_apart() -> None:
    truth = pd.DataFrame([(1, "name", 0, 5), (1, "name", 10, 15), (2, "phone", 0, 9)], columns=SPAN)
    found = pd.DataFrame([(1, "name", 0, 5), (1, "name", 12, 20), (3, "name", 0, 3)], columns=SPAN)
    quality = span_quality(truth, found).set_index("kind")
    name = quality.loc["name"]
    assert tuple(name[["expected", "found", "exact", "met", "right"]]) == (2, 3, 1, 2, 2)
    assert name["precision"] == pytest.approx(2 / 3)
    assert quality.loc["phone", "recall"] == 0
    assert np.isnan(quality.loc["phone", "precision"])
