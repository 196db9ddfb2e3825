"""What a person sees while a job runs: one line a table, and a bar for what takes long."""

from __future__ import annotations

import os
import time

from rich.console import Console

#: Wide enough for a table's line when the output is a file or a pipe.
console = Console(highlight=False, width=None if os.isatty(1) else 120, soft_wrap=not os.isatty(1))


#: For what may run while the output is JSON for another program.
_errors = Console(stderr=True, highlight=False, soft_wrap=True)


class Clock:
    """Seconds since it was made."""

    def __init__(self) -> None:
        self._start = time.monotonic()

    @property
    def seconds(self) -> float:
        """Seconds passed."""
        return time.monotonic() - self._start


def say(step: str, text: str) -> None:
    """One line of progress, with the step's name in front."""
    console.print(f"[bold cyan]{step:<10}[/] {text}")


def tell(step: str, text: str) -> None:
    """The same on the error stream: the output may be JSON for another program."""
    _errors.print(f"[bold cyan]{step:<10}[/] {text}")


def heading(text: str) -> None:
    """A rule with a title."""
    console.rule(f"[bold]{text}")
