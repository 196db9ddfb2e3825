"""A lake that tests send through the steps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from shoplake.runtime.settings import Settings


@dataclass(frozen=True)
class Loop:
    """A lake that has been through the steps; `step` runs one more on it."""

    settings: Settings
    step: Callable[..., None]
    model: Path

    def cycle(self, *, before: str | None = None) -> None:
        """ingest to score."""
        day = ("--before", before) if before else ()
        self.step("ingest", "--data", f"{self.settings.lake}/raw", *day)
        for name in ("refine", "label", "features", "dataset"):
            self.step(name)
        self.step("train", "--model", str(self.model), "--launch", "inline")
        self.step("score")
