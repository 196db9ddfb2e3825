"""Settings that are out of range are refused before anything is learnt."""

from __future__ import annotations

import math
from collections.abc import Mapping

from shoplake.errors import SettingsError


def at_least(minimum: int, given: Mapping[str, float], part: str = "") -> None:
    """Refuse a number below a minimum, and one that is none.

    Args:
        minimum: the least that will do.
        given: settings by name.
        part: of the settings that they are in, before the name.

    Raises:
        SettingsError: names the setting.
    """
    for name, value in given.items():
        if not minimum <= value < math.inf:
            raise SettingsError(
                f"{name} is {value}",
                where=f"relevance: {part}{name}",
                remedy=f"set it to {minimum} or more",
            )


def above_0(given: Mapping[str, float], part: str = "") -> None:
    """The same of numbers that must be more than 0."""
    for name, value in given.items():
        if not 0 < value < math.inf:
            raise SettingsError(
                f"{name} is {value}",
                where=f"relevance: {part}{name}",
                remedy="set it to a number above 0",
            )
