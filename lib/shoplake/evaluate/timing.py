"""How long the parts of an evaluation take."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from shoplake.runtime.console import Clock


@contextmanager
def timed(seconds: dict[str, float], name: str) -> Iterator[None]:
    """Add the block's wall-clock seconds to `seconds[name]`."""
    clock = Clock()
    try:
        yield
    finally:
        seconds[name] = round(seconds.get(name, 0.0) + clock.seconds, 1)
