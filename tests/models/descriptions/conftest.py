"""Settings with a decoder small enough to be learnt in a test, and a cache of its own."""

from __future__ import annotations

import dataclasses

import pytest

from shoplake.models.descriptions.settings import load_descriptions


@pytest.fixture(scope="session")
def quick():
    config = load_descriptions()
    small = dataclasses.replace(
        config.decoder, steps=150, pairs=1500, batch_size=32, width=48, layers=2
    )
    return dataclasses.replace(config, languages=("en",), decoder=small)


@pytest.fixture(scope="session")
def kept(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def cache(kept, monkeypatch):
    monkeypatch.setenv("SHOPLAKE_CACHE", str(kept))
