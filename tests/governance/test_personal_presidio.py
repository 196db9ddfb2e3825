"""Presidio beside our detectors, where it is installed."""

from __future__ import annotations

import dataclasses
import importlib.util

import pytest

from shoplake.errors import SettingsError
from shoplake.governance.personal import detect, find
from shoplake.governance.personal.presidio import MODELS
from shoplake.governance.personal.words import words

INSTALLED = importlib.util.find_spec("presidio_analyzer") is not None and any(
    importlib.util.find_spec(model) for model in MODELS
)


@pytest.fixture(autouse=True)
def _engine(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = dataclasses.replace(words(), engine="presidio")
    monkeypatch.setattr(detect, "words", lambda: chosen)


@pytest.mark.skipif(not INSTALLED, reason="Presidio or a spaCy model of English is not installed")
def test_names_that_nothing_announces_are_found_too() -> None:
    found = [s.text for s in find("We gave it to Barack Obama in Chicago, mail a@b.io.")]
    assert "Barack Obama" in found
    assert "a@b.io" in found


@pytest.mark.skipif(INSTALLED, reason="Presidio is installed")
def test_without_it_the_reader_is_told_what_to_install() -> None:
    with pytest.raises(SettingsError, match="Presidio") as refused:
        find("We gave it to Barack Obama.")
    assert "presidio-analyzer" in str(refused.value)
