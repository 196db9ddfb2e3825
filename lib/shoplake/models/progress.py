"""One line of progress every few seconds."""

from __future__ import annotations

import time
from dataclasses import dataclass

from shoplake.runtime.console import say

_EVERY_SECONDS = 5.0


@dataclass(frozen=True)
class Progress:
    """After `step` of `steps`: the global batch's loss, speed, and seconds left."""

    step: int
    steps: int
    loss: float
    examples_per_second: float
    seconds_left: float


class ProgressLine:
    """Prints the latest progress, at most once in five seconds and after the last step."""

    def __init__(self) -> None:
        self._printed = time.monotonic()

    def __call__(self, progress: Progress) -> None:
        """Print it if the last line was a few seconds ago, or if it is the last."""
        now = time.monotonic()
        if now - self._printed < _EVERY_SECONDS and progress.step < progress.steps:
            return
        self._printed = now
        say(
            "train",
            f"step {progress.step}/{progress.steps}  loss {progress.loss:.3f}  "
            f"{progress.examples_per_second:,.0f} examples/s  {progress.seconds_left:.0f} s left",
        )
