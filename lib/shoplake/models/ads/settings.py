"""Settings of response models, audiences and pacing; `conf/models/ads.yml` fills them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from shoplake.errors import SettingsError
from shoplake.runtime.settings import conf_dir
from shoplake.runtime.typed import load_yaml

MODELS = ("logistic", "boosted_trees", "cross_network")


@dataclass(frozen=True)
class TreesConfig:
    """LightGBM on the log-loss: rounds, leaves, min_leaf, learning_rate of its trees."""

    rounds: int
    leaves: int
    min_leaf: int
    learning_rate: float


@dataclass(frozen=True)
class CrossConfig:
    """The deep and cross network.

    Attributes:
        embedding: size of a category's vector.
        layers: cross layers.
        width: of the two deep layers.
        steps, batch, learning_rate, weight_decay: AdamW.
    """

    embedding: int
    layers: int
    width: int
    steps: int
    batch: int
    learning_rate: float
    weight_decay: float


@dataclass(frozen=True)
class AudienceConfig:
    """How audiences are found.

    Attributes:
        dimension: of people's vectors.
        seed_days: who bought from the category in so many days is its seed.
        share: an audience's target size as a share of the people who may be addressed.
        minimum: an audience of fewer people is not published; the contract holds it back too.
        seed_minimum: nor is one that is like fewer people than so many: it would say what they buy.
    """

    dimension: int
    seed_days: int
    share: float
    minimum: int
    seed_minimum: int


@dataclass(frozen=True)
class CampaignConfig:
    """How money is spent on an audience.

    Attributes:
        budget: money for one audience.
        margin: share of the price that a sale earns.
        bid_limit: most money for one click.
        offers: products shown to an audience.
    """

    budget: float
    margin: float
    bid_limit: float
    offers: int


@dataclass(frozen=True)
class AdsConfig:
    """Everything in `conf/models/ads.yml`.

    Attributes:
        models: candidates for what was shown in a lake, of `MODELS`; the best on the last days is
            used.
        negatives: examples without a response for each with one, in training.
        trees, cross, audience, campaign: see there.
        seed: of samples and weights.
    """

    models: tuple[str, ...]
    negatives: int
    trees: TreesConfig
    cross: CrossConfig
    audience: AudienceConfig
    campaign: CampaignConfig
    seed: int

    def __post_init__(self) -> None:
        unknown = sorted(set(self.models) - set(MODELS))
        if unknown or not self.models:
            raise SettingsError(
                f"unknown models {unknown}" if unknown else "no models",
                where="conf/models/ads.yml: models",
                remedy=f"choose among {', '.join(MODELS)}",
            )
        if self.negatives < 1:
            raise SettingsError("negatives must be 1 or more", where="conf/models/ads.yml")
        least = min(self.audience.minimum, self.audience.seed_minimum)
        if not 0 < self.audience.share <= 1 or least < 2:
            raise SettingsError(
                f"an audience of share {self.audience.share} and at least {self.audience.minimum},"
                f" like at least {self.audience.seed_minimum}",
                where="conf/models/ads.yml: audience",
                remedy="set share above 0, to 1 at most, and minimum and seed_minimum to 2 or more",
            )


def load_ads(path: Path | None = None) -> AdsConfig:
    """Read `conf/models/ads.yml`, or another file of its form.

    Raises:
        SettingsError: a key is unknown, missing, or of a wrong type or value.
    """
    return load_yaml(path or conf_dir() / "models" / "ads.yml", AdsConfig)
