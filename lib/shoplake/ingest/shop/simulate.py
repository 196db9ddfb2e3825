"""The shop's days on Spark: people are dealt over tasks in parts, each task writes its own files.

`out` must be storage that every worker sees (a local folder, a volume). Below it: `raw/`, what the
shop sends, `<entity>/day=YYYY-MM-DD/<part>.<format>`; and `truth/`, the dirt that was planted, of
the same shape. Rows never reach the driver; counts do.

Each call replays its people from day 0, because what they bought before matters: a call costs its
last day, so many days in one call are cheap and calling day by day costs the square.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from shoplake.errors import SettingsError
from shoplake.ingest.shop.config import ShopConfig
from shoplake.ingest.shop.files import TOLD, replace_if_changed
from shoplake.ingest.shop.part import Counts, best_part, simulate_catalogue, simulate_part

Summary = dict[str, dict[str, float]]
"""Measure to name to number: `rows` by entity, `dirt` by kind, `files`, and of `respond` `list`."""

RECOMMENDATIONS = (
    "person_id string, product_id string, rank int, model_version string, request_id string"
)
_DAY = re.compile(r"day=(\d{4}-\d\d-\d\d)")
_COUNTS = "measure string, name string, number double"
# Settings that may change between calls on one folder: they do not reach the ordinary files.
_FREE = ("days", "exploration", "slots")


def simulate(
    spark: SparkSession, config: ShopConfig, out: Path, first_day: int, last_day: int
) -> Summary:
    """Write what the shop sends on the days first_day..last_day (0 is 2026-01-05).

    The same settings and days give the same bytes, however days are cut into calls; a file that
    has them already is not touched.

    Returns:
        Rows by entity, planted dirt by kind, files written and unchanged.

    Raises:
        SettingsError: the day range is empty, or `out` holds a shop with other settings.
    """
    _open(config, out, first_day, last_day)

    def run(batches: Iterable[pd.DataFrame]) -> Iterable[pd.DataFrame]:
        for batch in batches:
            for part in batch["id"]:
                yield _table(simulate_part(config, out, int(part), first_day, last_day))

    counts = _parts(spark, config).mapInPandas(run, _COUNTS)
    return _summary(counts, simulate_catalogue(config, out, first_day, last_day))


def respond(
    spark: SparkSession, config: ShopConfig, recommendations: DataFrame, out: Path,
    first_day: int, last_day: int,
) -> Summary:  # fmt: skip
    """Write the days first_day..last_day while people are shown lists and react to them.

    Ordinary behaviour is that of `simulate`. On each visit a person sees their list, cut to `slots`
    items that are in stock; impressions, clicks, carts, purchases and dismissals go to `feedback`,
    and purchases to `orders` too, in files named `reactions-*`. A person's second showing
    has request id `<request_id>-2`, and so on. A list's purchases are remembered within the call.

    Args:
        recommendations: person_id and product_id as the shop writes them, rank (1 is best),
            model_version, request_id; one list a person, of their first identity if there are more.

    Returns:
        As `simulate`, and `list`: shown, expected_purchases and best_purchases (by the true choice
        model, of the lists shown and of those in the order of true utility; their difference is
        the regret), unknown_people, unknown_products.

    Raises:
        SettingsError: as `simulate`; or a column of the recommendations is missing.
    """
    _open(config, out, first_day, last_day)
    columns = [c.split()[0] for c in RECOMMENDATIONS.split(", ")]
    if missing := [c for c in columns if c not in recommendations.columns]:
        raise SettingsError(f"recommendations lack {', '.join(missing)}", where="respond")
    number = F.regexp_extract(F.trim("person_id"), r"^[A-Z](\d{1,9})$", 1)
    number = F.coalesce(F.nullif(number, F.lit("")).cast("bigint"), F.lit(0))
    part = F.least(F.floor(number / config.people_per_file), F.lit(config.parts - 1))
    lists = recommendations.select(part.cast("bigint").alias("id"), *columns)
    everyone = _parts(spark, config).unionByName(lists, allowMissingColumns=True)

    def run(rows: pd.DataFrame) -> pd.DataFrame:
        shown = rows[rows["person_id"].notna()]
        part = int(rows["id"].iloc[0])
        return _table(simulate_part(config, out, part, first_day, last_day, shown))

    # A fixed number of partitions, or Spark would put the few bytes of all parts into one task.
    counts = everyone.repartition(config.parts, "id").groupBy("id").applyInPandas(run, _COUNTS)
    return _summary(counts, simulate_catalogue(config, out, first_day, last_day))


def best_lists(spark: SparkSession, config: ShopConfig, day: int, length: int) -> DataFrame:
    """The lists to measure others against: each person's items by true utility as `day` begins.

    Returns:
        Columns of `RECOMMENDATIONS`, as `respond` takes them; `length` rows a person.
    """

    def run(batches: Iterable[pd.DataFrame]) -> Iterable[pd.DataFrame]:
        for batch in batches:
            for part in batch["id"]:
                yield best_part(config, int(part), day, length)

    return _parts(spark, config).mapInPandas(run, RECOMMENDATIONS)


def read_truth(out: Path) -> pd.DataFrame:
    """The planted dirt: entity, natural_id, dirt, outcome, arrived_on (date of the file).

    `natural_id` is the raw key: event_id, order_no/line_no, sku/updated_at, customer, search_id,
    review_id, message_id, feedback_id; for bots the session.

    Raises:
        SettingsError: `out` holds no simulated shop.
    """
    folder = Path(out) / "truth"
    if not folder.is_dir():
        raise SettingsError(
            "no simulated shop is here", where=str(folder), remedy="simulate one first"
        )
    return _truth(folder, "dirt", "outcome")


def read_told(out: Path) -> pd.DataFrame:
    """Where personal data stands in texts: entity, natural_id, kind, start, end, arrived_on.

    Characters start..end of the text of a message or review as `refine.text.normalise` leaves it.

    Raises:
        SettingsError: `out` holds no simulated shop, or one of a version that did not tell.
    """
    folder = Path(out) / TOLD
    if not folder.is_dir():
        raise SettingsError(
            "no personal data was planted here", where=str(folder), remedy="simulate a shop first"
        )
    return _truth(folder, "kind", "start", "end")


def _truth(folder: Path, *columns: str) -> pd.DataFrame:
    rows = []
    for path in folder.rglob("*.jsonl"):
        day = _DAY.search(path.as_posix())
        with path.open() as lines:
            said = [json.loads(line) | {"arrived_on": day and day[1]} for line in lines]
        rows += [r for r in said if columns[0] in r]
    found = pd.DataFrame(rows, columns=["entity", "natural_id", *columns, "arrived_on"])
    return found.assign(arrived_on=pd.to_datetime(found["arrived_on"]).dt.date)


def _parts(spark: SparkSession, config: ShopConfig) -> DataFrame:
    return spark.range(0, config.parts, 1, config.parts).select("id")


def _open(config: ShopConfig, out: Path, first_day: int, last_day: int) -> None:
    if not 0 <= first_day <= last_day:
        raise SettingsError(
            f"no days from {first_day} to {last_day}", remedy="day 0 is the first; first <= last"
        )
    known = {k: v for k, v in dataclasses.asdict(config).items() if k not in _FREE}
    path = Path(out) / "truth" / "shop.json"
    if path.is_file() and (before := json.loads(path.read_text(encoding="utf-8"))) != known:
        changed = sorted(k for k in known if before.get(k) != known[k])
        raise SettingsError(
            f"this folder holds a shop with other settings: {', '.join(changed)}",
            where=str(path),
            remedy="use another folder, or remove raw/ and truth/",
        )
    replace_if_changed(path, json.dumps(known, indent=1).encode())


def _table(counts: Counts) -> pd.DataFrame:
    rows = [(measure, name, float(n)) for (measure, name), n in counts.items()]
    return pd.DataFrame(rows, columns=["measure", "name", "number"])


def _summary(counts: DataFrame, catalogue: Counts) -> Summary:
    totals: dict[tuple[str, str], Any] = dict(catalogue)
    for row in counts.groupBy("measure", "name").agg(F.sum("number").alias("n")).collect():
        key = row["measure"], row["name"]
        totals[key] = totals.get(key, 0) + row["n"]
    summary: Summary = {}
    for (measure, name), number in sorted(totals.items()):
        value = round(number, 3) if measure == "list" else int(number)
        summary.setdefault(measure, {})[name] = value
    return summary
