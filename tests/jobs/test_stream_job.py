"""What a running stream leaves behind."""

from __future__ import annotations

import argparse
import gc
import weakref
from types import SimpleNamespace

import pytest
from shoplake_jobs import stream


class Circle:
    """As a Java object in Python that has had a method called."""

    def __init__(self) -> None:
        self.itself = self


def test_circles_that_a_refinement_leaves_are_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    left: list[weakref.ref[Circle]] = []
    consumer = SimpleNamespace(batches=1, start=lambda **_: None)
    monkeypatch.setattr(stream, "kafka_options", lambda *_: {})
    monkeypatch.setattr(stream, "Consumer", lambda *_: consumer)
    monkeypatch.setattr(stream, "wait", lambda *_: True)
    monkeypatch.setattr(stream, "Run", lambda *_: None)
    monkeypatch.setattr(stream, "refresh", lambda _: left.append(weakref.ref(Circle())))
    lake = SimpleNamespace(spark=None, settings=None, exists=lambda _: True)
    args = argparse.Namespace(kafka=None, interval="1 second", most=1, refine_every=1.0)
    args.once, args.live = True, False
    gc.disable()
    try:
        stream._stream(SimpleNamespace(lake=lake, contracts={}), None, args)  # type: ignore[arg-type]
    finally:
        gc.enable()
    assert [one() for one in left] == [None]
