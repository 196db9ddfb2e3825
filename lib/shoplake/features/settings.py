"""How interest is measured and training sets are cut (`conf/labels.yml`)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from shoplake.errors import SettingsError
from shoplake.runtime.settings import conf_dir
from shoplake.runtime.typed import load_yaml

KINDS = ("view", "click", "cart", "purchase", "return", "dismiss")


@dataclass(frozen=True)
class KindSettings:
    """What one kind of interaction says about interest.

    Attributes:
        weight: evidence of one fresh interaction; negative speaks against interest.
        half_life_days: age at which an interaction counts half.
    """

    weight: float
    half_life_days: float


@dataclass(frozen=True)
class InterestSettings:
    """Parameters of the degree of interest.

    Attributes:
        kinds: one entry for each of `KINDS`.
        purchase_floor: least interest of a fresh purchase that was not taken back, in [0, 1].
    """

    kinds: dict[str, KindSettings]
    purchase_floor: float

    def __post_init__(self) -> None:
        unknown, missing = set(self.kinds) - set(KINDS), set(KINDS) - set(self.kinds)
        if unknown or missing:
            raise SettingsError(
                f"unknown kinds {sorted(unknown)}, missing kinds {sorted(missing)}",
                where="conf/labels.yml: interest.kinds",
                remedy=f"give exactly {', '.join(KINDS)}",
            )
        for kind, said in self.kinds.items():
            if said.half_life_days <= 0:
                raise SettingsError(
                    f"half_life_days of {kind} is {said.half_life_days}",
                    where=f"conf/labels.yml: interest.kinds.{kind}",
                    remedy="set a number of days above 0",
                )
        if not 0 <= self.purchase_floor <= 1:
            raise SettingsError(
                f"purchase_floor is {self.purchase_floor}",
                where="conf/labels.yml: interest.purchase_floor",
                remedy="set a number from 0 to 1",
            )


@dataclass(frozen=True)
class DatasetSettings:
    """How training sets are cut from the past.

    Attributes:
        max_snapshots: most training cuts, one horizon apart, before the test cut.
        min_history_days: least days of data before a cut.
        negatives_per_positive: sampled items with label 0 for each positive.
        max_examples_per_snapshot: most examples of one cut, negatives included; purchases are never
            left out, even if they alone are more.
        seed: of the samples of examples and negatives.
    """

    max_snapshots: int
    min_history_days: int
    negatives_per_positive: int
    max_examples_per_snapshot: int
    seed: int

    def __post_init__(self) -> None:
        least = {"max_snapshots": 1, "min_history_days": 1, "negatives_per_positive": 0}
        least["max_examples_per_snapshot"] = 1 + self.negatives_per_positive
        for name, minimum in least.items():
            if getattr(self, name) < minimum:
                raise SettingsError(
                    f"{name} is {getattr(self, name)}",
                    where=f"conf/labels.yml: dataset.{name}",
                    remedy=f"set it to {minimum} or more",
                )


@dataclass(frozen=True)
class LabelSettings:
    """Everything in `conf/labels.yml`."""

    interest: InterestSettings
    dataset: DatasetSettings


def load_labels(path: Path | None = None) -> LabelSettings:
    """Read `conf/labels.yml`, or another file of its form.

    Raises:
        SettingsError: a key that is unknown, missing or of a wrong type or value.
    """
    return load_yaml(path or conf_dir() / "labels.yml", LabelSettings)
