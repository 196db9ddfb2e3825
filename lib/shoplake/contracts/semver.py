"""Whether a contract's version says how much it changed (Semantic Versioning 2.0.0)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from shoplake.contracts.diff import Change

Step = Literal["major", "minor", "patch"]

_STEPS: dict[str, Step] = {"breaking": "major", "compatible": "minor", "documentation": "patch"}
_ORDER: tuple[Step, ...] = ("major", "minor", "patch")


def numbers(version: str) -> tuple[int, int, int]:
    """`1.2.3` to (1, 2, 3)."""
    major, minor, patch = (int(n) for n in version.split("."))
    return major, minor, patch


def step_for(changes: Iterable[Change]) -> Step | None:
    """The part of the version that the gravest of `changes` raises; None without changes."""
    steps = {_STEPS[c.kind] for c in changes}
    return next((s for s in _ORDER if s in steps), None)


def lowest_version(old: str, step: Step) -> str:
    """The lowest version that `step` asks for after `old`; below 1.0.0 a minor step is major."""
    major, minor, patch = numbers(old)
    if step == "major" and major > 0:
        return f"{major + 1}.0.0"
    if step == "patch" or (step == "minor" and major == 0):
        return f"{major}.{minor}.{patch + 1}"
    return f"{major}.{minor + 1}.0"


def version_problem(old: str, new: str, changes: Iterable[Change]) -> str | None:
    """What is wrong with the new version for these changes, or None."""
    step = step_for(changes)
    if numbers(new) < numbers(old):
        return f"version {new} is older than {old}"
    if step is None:
        return None
    lowest = lowest_version(old, step)
    if numbers(new) >= numbers(lowest):
        return None
    why = {
        "major": "breaking changes raise the major version",
        "minor": "changes raise the minor version",
        "patch": "a documented change raises the patch version",
    }[step]
    return f"version {old} to {new}: {why}; write {lowest} or later"
