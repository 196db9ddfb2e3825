"""When to learn again and what a new version must show: conf/retrain.yml."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from shoplake.errors import SettingsError
from shoplake.runtime.settings import conf_dir
from shoplake.runtime.typed import load_yaml


@dataclass(frozen=True)
class TriggerSettings:
    """What calls for training.

    Attributes:
        days: of the shop's time since the end of the champion's data.
        new_share: interactions since then, as a share of those before.
        drift: population stability index of purchases by category, since then against the 28 days
            before, beyond what so many purchases show by chance; above .25 is usually taken as a
            shift.
        wait_days: after a new version has lost against the champion, none but an erasure calls for
            another one so long: what calls has not changed since.
    """

    days: float
    new_share: float
    drift: float
    wait_days: float = 7.0


@dataclass(frozen=True)
class OfflineSettings:
    """The comparison on the log of what was shown.

    Attributes:
        min_effective: Kish's effective number of impressions below which nothing is concluded.
    """

    min_effective: float


@dataclass(frozen=True)
class CanarySettings:
    """The comparison on people.

    Attributes:
        share: of people who get the challenger's lists, 0 (none) to .5.
        min_lists: lists that each version must have shown before they are compared.
        days: after which the better mean decides; the champion stays where there are too few lists.
    """

    share: float
    min_lists: int
    days: float


@dataclass(frozen=True)
class RetrainSettings:
    """`conf/retrain.yml`.

    Attributes:
        triggers, offline, canary: see there.
        reward: what a response is worth by its kind; each kind counts once for an impression.
        response_days: a response counts if it came so long after the impression.
    """

    triggers: TriggerSettings
    reward: dict[str, float]
    response_days: float
    offline: OfflineSettings
    canary: CanarySettings

    def __post_init__(self) -> None:
        kinds = {"click", "cart", "purchase", "dismiss"}
        if not self.reward or not set(self.reward) <= kinds:
            raise SettingsError(
                f"reward names {', '.join(self.reward) or 'nothing'}",
                where="conf/retrain.yml: reward",
                remedy=f"give a number for one or more of {', '.join(sorted(kinds))}",
            )
        if not 0 <= self.canary.share <= 0.5:
            raise SettingsError(
                f"canary.share is {self.canary.share}",
                where="conf/retrain.yml",
                remedy="set it from 0 (no canary) to 0.5",
            )


def load_retrain_settings(path: Path | None = None) -> RetrainSettings:
    """The settings, of `conf/retrain.yml` unless another file is given.

    Raises:
        SettingsError: a key is unknown, missing or of a wrong type, or a number out of range.
    """
    return load_yaml(path or conf_dir() / "retrain.yml", RetrainSettings)
