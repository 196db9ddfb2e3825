"""A small world of many interactions: enough for cuts, samples and leaks."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from days import day
from pyspark.sql import DataFrame

from shoplake.features.histories import Cut
from shoplake.features.items import item_index
from shoplake.features.settings import LabelSettings
from shoplake.features.training import item_snapshots, plan_cuts, training_examples

HORIZON, LENGTH, END = 10, 5, 60


def happenings() -> list[tuple[object, ...]]:
    """Six people who look at twelve products and buy some, every few days."""
    kinds = ("view", "click", "purchase", "cart", "purchase")
    return [
        (f"person {n % 6}", f"P{(n * n + n // 7) % 12}", kinds[n % 5], 0.31 * n + 0.17)
        for n in range(190)
    ]


def few_cuts(settings: LabelSettings) -> list[Cut]:
    """Three cuts: days 30 and 40 to train on, day 50 to test on."""
    rules = dataclasses.replace(settings.dataset, max_snapshots=2)
    return plan_cuts(day(0), day(END), HORIZON, rules)


@dataclass(frozen=True)
class Built:
    """A training set and what it was built from."""

    interactions: DataFrame
    index: DataFrame
    snapshots: DataFrame
    examples: DataFrame
    cuts: list[Cut]


def build(interactions: DataFrame, settings: LabelSettings, cuts: list[Cut] | None = None) -> Built:
    """The training set of all three tables."""
    cuts = cuts or few_cuts(settings)
    index = item_index(interactions, day(END))
    snapshots = item_snapshots(interactions, index, cuts)
    examples = training_examples(
        interactions, index, snapshots, cuts, settings, history_length=LENGTH
    )
    return Built(interactions, index, snapshots, examples, cuts)
