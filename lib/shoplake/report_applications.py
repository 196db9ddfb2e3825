"""What the applications made of a lake, a line or two each, for the page of results."""

from __future__ import annotations

from collections.abc import Callable

from shoplake.runtime.settings import Settings
from shoplake.runtime.sql import query, tables

Line = tuple[str, str]


def application_lines(settings: Settings) -> list[Line]:
    """What each application's newest rows say, of those that have been run: its name and a text.

    Raises:
        ShoplakeError: the lake is not one of folders.
    """
    there = set(tables(settings))
    return [line for table, tell in _TOLD if table in there for line in tell(settings, there)]


def _neighbours(settings: Settings, _: set[str]) -> list[Line]:
    rows = query(
        settings,
        "SELECT kind, count(*) AS n, count(DISTINCT product_id) AS products"
        f" FROM gold.item_neighbours WHERE {_newest('gold.item_neighbours')}"
        " GROUP BY kind ORDER BY kind",
    )
    said = (f"{r['n']:,} {r['kind'].replace('_', ' ')}s of {r['products']:,}" for r in rows)
    return [("neighbours", "; ".join(said) + " products")] if rows else []


def _rankings(settings: Settings, _: set[str]) -> list[Line]:
    rows = query(
        settings,
        "SELECT query, product_name FROM gold.search_rankings"
        f" WHERE {_newest('gold.search_rankings')} AND rank = 1 ORDER BY query",
    )
    if not rows:
        return []
    first = rows[0]
    found = f"{len(rows):,} head queries; first for “{first['query']}”: {first['product_name']}"
    return [("search", found)]


def _stock(settings: Settings, _: set[str]) -> list[Line]:
    newest = _newest("gold.stock_plan")
    rows = query(
        settings,
        "SELECT count(*) AS products, count(CASE WHEN alert = 'shortage' THEN 1 END) AS short,"
        " count(CASE WHEN alert = 'surplus' THEN 1 END) AS surplus,"
        " count(CASE WHEN order_now THEN 1 END) AS orders"
        f" FROM gold.stock_plan WHERE {newest}",
    )
    r = rows[0]
    said = f"{r['short']:,} shortage and {r['surplus']:,} surplus alerts of {r['products']:,}"
    return [("stock", f"{said} products; {r['orders']:,} to order now")] if r["products"] else []


def _audiences(settings: Settings, there: set[str]) -> list[Line]:
    newest = _newest("gold.audiences")
    rows = query(
        settings,
        "SELECT count(DISTINCT audience) AS audiences, count(*) AS members,"
        f" count(DISTINCT person_key) AS people FROM gold.audiences WHERE {newest}",
    )
    r = rows[0]
    if not r["members"]:
        return []
    said = f"{r['audiences']:,} audiences of {r['people']:,} people who agreed"
    if "gold.ad_scores" in there:
        newest = _newest("gold.ad_scores")
        ads = query(settings, f"SELECT count(*) AS n FROM gold.ad_scores WHERE {newest}")[0]["n"]
        said += f", {ads:,} ads with a bid"
    return [("audiences", said)]


def _descriptions(settings: Settings, there: set[str]) -> list[Line]:
    newest = _newest("gold.product_descriptions")
    rows = query(
        settings,
        "SELECT product_id, language, description, writer FROM gold.product_descriptions"
        f" WHERE {newest} AND description IS NOT NULL ORDER BY product_id, language",
    )
    if not rows:
        return []
    written = sum(r["writer"] != "template" for r in rows)
    held = 0
    table = "governance.quarantine_gold_product_descriptions"
    if table in there:
        held = query(settings, f"SELECT count(*) AS n FROM {table}")[0]["n"]
    products = len({r["product_id"] for r in rows})
    told = f"{len(rows):,} texts about {products:,} products, {written:,} in the model's own words"
    shown = next((r for r in rows if r["writer"] != "template"), rows[0])
    example = f"{shown['product_id']}: {shown['description']}"
    return [("descriptions", f"{told}; {held:,} held"), ("", example)]


def _answers(settings: Settings, _: set[str]) -> list[Line]:
    # Everybody's answers, newest or not: each message is answered once.
    rows = query(
        settings,
        "SELECT question, answer, handover, citations FROM gold.answers ORDER BY message_id",
    )
    if not rows:
        return []
    handed = sum(bool(r["handover"]) for r in rows)
    found = [("answers", f"{len(rows):,} messages answered, {handed:,} of them handed to a person")]
    for r in (r for r in rows if not r["handover"] and r["citations"]):
        return [*found, ("", f"“{r['question']}” {r['answer']}")]
    return found


def _newest(table: str) -> str:
    return f"as_of = (SELECT max(as_of) FROM {table})"


_TOLD: tuple[tuple[str, Callable[[Settings, set[str]], list[Line]]], ...] = (
    ("gold.item_neighbours", _neighbours),
    ("gold.search_rankings", _rankings),
    ("gold.stock_plan", _stock),
    ("gold.audiences", _audiences),
    ("gold.product_descriptions", _descriptions),
    ("gold.answers", _answers),
)
