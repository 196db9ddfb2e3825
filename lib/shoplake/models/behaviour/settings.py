"""Settings of the user behaviour models, conf/models/behaviour.yml."""

from __future__ import annotations

from dataclasses import dataclass

from shoplake.models.config import model_file
from shoplake.runtime.typed import load_yaml


@dataclass(frozen=True)
class TreesConfig:
    """Gradient-boosted trees: how many, leaves of each, shrinkage, examples of a leaf at least."""

    trees: int
    leaves: int
    learning_rate: float
    least: int


@dataclass(frozen=True)
class NetworkConfig:
    """The deep network: widths of its hidden layers and its training (AdamW)."""

    layers: tuple[int, ...]
    dropout: float
    epochs: int
    batch_size: int
    learning_rate: float
    weight_decay: float


@dataclass(frozen=True)
class BehaviourConfig:
    """What is foretold and by which models.

    Attributes:
        short, long: days within which somebody buys again, and after which they have lapsed.
        long_needs: days of data below which `long` is as `short`.
        cuts: most earlier instants that are learned from, `short` days apart.
        least_history: days before the first cut.
        trees: settings of the boosted trees.
        network: settings of the network.
        neighbours: values of k to choose from for nearest neighbours.
    """

    short: int
    long: int
    long_needs: int
    cuts: int
    least_history: int
    trees: TreesConfig
    network: NetworkConfig
    neighbours: tuple[int, ...]


def load_behaviour(file: str = "behaviour") -> BehaviourConfig:
    """conf/models/<file>.yml."""
    return load_yaml(model_file(file), BehaviourConfig)
