"""Progress of an evaluation, on the error stream: the output may be JSON for another program."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

from shoplake.runtime.console import Clock

_screen = Console(stderr=True, highlight=False, soft_wrap=True)


def tell(step: str, text: str) -> None:
    """One line of progress."""
    _screen.print(f"[bold cyan]{step:<10}[/] {text}")


@contextmanager
def timed(seconds: dict[str, float], name: str) -> Iterator[None]:
    """Add the block's wall-clock seconds to `seconds[name]`."""
    clock = Clock()
    try:
        yield
    finally:
        seconds[name] = round(seconds.get(name, 0.0) + clock.seconds, 1)
