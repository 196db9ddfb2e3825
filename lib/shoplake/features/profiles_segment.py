"""Segments with names one can read, made from what sets a person apart; no group below ten.

A name has at most two adjectives, those by which the person is furthest from the shop's mean (one
standard deviation at least), "buyers" or "browsers", and a category that holds a good part of the
person's interest. Whoever's group is too small gets a more general name, step by step.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

SMALLEST_GROUP = 10
_FAR = 1.0
_LEAST_HOURS, _LEAST_SHARE, _LEAST_EVIDENCE = 10, 0.3, 5
#: trait -> (word when far above the mean, word when far below), in the order of a name.
_WORDS = {
    "often": ("frequent", "occasional"),
    "bargains": ("bargain", None),
    "dear": ("premium", "low-price"),
    "night": ("night", None),
    "morning": ("morning", None),
    "afternoon": ("afternoon", None),
    "evening": ("evening", None),
}
_PARTS = {"night": (0, 6), "morning": (6, 12), "afternoon": (12, 18), "evening": (18, 24)}
LEVELS = ("_n1", "_n2", "_n3", "_n4")
# Traits are added up in whole units: sums do not depend on the order of their rows.
_UNIT = 1e4


def traits() -> dict[str, Column]:
    """trait -> its value in whole units, null where there is too little to say."""
    found = {
        "often": F.when(F.col("orders") > 0, F.log1p("orders")),
        "bargains": F.col("price_sensitivity"),
        "dear": F.log("relative_price"),
    }
    seen = F.col("hour_total")
    for part, (first, stop) in _PARTS.items():
        found[part] = F.when(seen >= _LEAST_HOURS, _between(first, stop) / seen)
    return {name: F.round(value * _UNIT).cast("bigint") for name, value in found.items()}


def _between(first: int, stop: int) -> Column:
    """Interactions from `first` to before `stop` o'clock."""

    def add(so_far: Column, entry: Column) -> Column:
        hour = entry["name"].cast("int")
        return so_far + F.when((hour >= first) & (hour < stop), entry["evidence"]).otherwise(0)

    return F.aggregate("hour", F.lit(0).cast("bigint"), add)


def norms() -> list[Column]:
    """Aggregates over people: count, sum and sum of squares of each trait, null-free."""
    found = []
    for name in _WORDS:
        x = F.col(f"trait_{name}")
        found += [F.count(x).alias(f"n_{name}"), F.sum(x).alias(f"s_{name}")]
        found.append(F.sum(x * x).alias(f"q_{name}"))
    return found


def names(usual: Mapping[str, Any]) -> list[Column]:
    """Names from the most particular to the most general, `LEVELS` of them.

    Args:
        usual: what the aggregates of `norms` found, by their names.
    """
    words = []
    for place, (name, (above, below)) in enumerate(_WORDS.items()):
        count = usual[f"n_{name}"]
        mean = usual[f"s_{name}"] / count if count else 0.0
        spread = max(usual[f"q_{name}"] / count - mean**2, 0.0) ** 0.5 if count else 0.0
        if not spread:
            continue
        far = F.round((F.col(f"trait_{name}") - mean) / spread, 3)
        word = F.when(far >= _FAR, above).when(far <= -_FAR, below)
        words.append(
            F.struct((-F.abs(far)).alias("least"), F.lit(place).alias("place"), word.alias("word"))
        )
    apart = F.array_sort(F.filter(F.array(*words), lambda w: w["word"].isNotNull()))
    in_order = F.array_sort(
        F.transform(F.slice(apart, 1, 2), lambda w: F.struct(w["place"], w["word"]))
    )
    both = F.transform(in_order, lambda w: w["word"])
    first = F.transform(F.slice(apart, 1, 1), lambda w: w["word"])
    who = F.when(F.col("orders") > 0, "buyers").otherwise("browsers")
    top = F.get("category", F.lit(0))
    share = -top["least"] / F.greatest("category_total", F.lit(1))
    enough = (share >= _LEAST_SHARE) & (top["evidence"] >= _LEAST_EVIDENCE)
    of = F.when(enough, F.concat(F.lit(" of "), top["name"]))
    what = F.concat(who, F.coalesce(of, F.lit("")))
    told = [F.concat_ws(" ", both, F.array(what)), F.concat_ws(" ", first, F.array(what))]
    if not words:
        told = [what, what]
    return [*told, what, who]


def groups(people: DataFrame) -> tuple[list[set[str]], dict[str, int]]:
    """The names of each level that are safe to give, and how many people bear each.

    A name is given when at least `SMALLEST_GROUP` people who have no more particular name would
    bear it. What comes to the driver is how many people share a combination of names.

    Args:
        people: has the columns `LEVELS`.
    """
    counted = people.groupBy(*LEVELS).count().collect()
    left = {tuple(row[:-1]): int(row[-1]) for row in counted}
    given: list[set[str]] = []
    sizes: Counter[str] = Counter()
    for level in range(len(LEVELS)):
        bearers: Counter[str] = Counter()
        for of, count in left.items():
            bearers[of[level]] += count
        given.append({name for name, count in bearers.items() if count >= SMALLEST_GROUP})
        for of in [of for of in left if of[level] in given[level]]:
            sizes[of[level]] += left.pop(of)
    return given, dict(sizes)


def given_name(safe: list[set[str]], sizes: Mapping[str, int]) -> tuple[Column, Column]:
    """(behaviour_segment, segment_people) of a row with the columns `LEVELS`."""
    label: Column = F.lit(None).cast("string")
    for level, names_ in reversed(list(zip(LEVELS, safe, strict=True))):
        if names_:
            label = F.when(F.col(level).isin(*sorted(names_)), F.col(level)).otherwise(label)
    pairs = [F.lit(x) for name in sorted(sizes) for x in (name, sizes[name])]
    if not pairs:
        return label, F.lit(None).cast("int")
    return label, F.try_element_at(F.create_map(*pairs), label).cast("int")
