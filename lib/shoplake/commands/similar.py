"""`shoplake similar`: what stands for, goes with, or is the same as a product, without Spark."""

from __future__ import annotations

import argparse
import json
from typing import Any

from shoplake.commands.options import lake_options, print_rows, settings_of
from shoplake.errors import ShoplakeError
from shoplake.runtime.settings import Settings

KINDS = ("substitute", "complement", "variant", "near_duplicate")
_TABLE = "gold.item_neighbours"


def add(commands: Any) -> None:
    """Adds the command to the command line."""
    similar = commands.add_parser("similar", help="substitutes and complements of a product")
    similar.add_argument("item", help="a product's id, with or without its shop, or its name")
    similar.add_argument("--kind", choices=KINDS, help="neighbours of this kind alone")
    similar.add_argument("--top", type=int, default=5, help="how many of a kind (default: 5)")
    similar.add_argument("--json", action="store_true", help="every number, as JSON")
    lake_options(similar).set_defaults(run=_similar)


def _similar(args: argparse.Namespace) -> None:
    settings = settings_of(args)
    product = _product(settings, args.item)
    found = _neighbours(settings, product["product_id"], args.kind, args.top)
    if args.json:
        print(json.dumps({**product, "neighbours": found}, indent=2, ensure_ascii=False))
        return
    rows = [
        {
            "kind": row["kind"].replace("_", " "),
            "rank": row["rank"],
            "product": row["neighbour_id"],
            "name": row["name"],
            "score": f"{row['score']:.3f}",
            "why": why(row),
        }
        for row in found
    ]
    print_rows(rows, title=f"{product['product_id']} {product['name']}")


def why(row: dict[str, Any]) -> str:
    """The evidence in words, strongest first."""
    said = []
    if row["bought_together"]:
        said.append(f"in {row['bought_together']} orders with it, {row['buy_lift']:.1f} x chance")
    if row["viewed_together"]:
        said.append(f"in {row['viewed_together']} visits with it, {row['view_lift']:.1f} x chance")
    said.append(f"text {row['cosine']:.2f}, attributes {row['jaccard']:.2f} alike")
    return "; ".join(said if row["kind"] in ("complement", "substitute") else said[::-1])


def _neighbours(settings: Settings, product: str, kind: str | None, top: int) -> list[Any]:
    from shoplake.runtime.sql import query

    only = f" and n.kind = '{kind}'" if kind else ""
    rows = query(
        settings,
        f"""select n.kind, n.rank, n.neighbour_id, f.name, n.score, n.cosine, n.distance,
            n.jaccard, n.viewed_together, n.view_lift, n.bought_together, n.buy_lift
        from {_TABLE} n join gold.item_features f
            on f.product_id = n.neighbour_id and f.as_of = n.as_of
        where n.as_of = (select max(as_of) from {_TABLE}) and n.product_id = '{_quoted(product)}'
            and n.rank <= {top:d}{only}""",
    )
    return sorted(rows, key=lambda row: (KINDS.index(row["kind"]), row["rank"]))


def _product(settings: Settings, item: str) -> dict[str, Any]:
    """The one product that is meant: product_id and name.

    Raises:
        ShoplakeError: there is none, or there are several.
    """
    from shoplake.runtime.sql import lake_folder, query, tables

    lake_folder(settings)
    if _TABLE not in tables(settings):
        raise ShoplakeError(
            f"there is no {_TABLE}",
            where=str(settings.root),
            remedy="run `shoplake step neighbours` after `shoplake run`",
        )
    newest = f"as_of = (select max(as_of) from {_TABLE})"
    rows = query(settings, f"select product_id, name from gold.item_features where {newest}")
    asked = item.strip().lower()
    exact = [r for r in rows if asked in _names(r)]
    found = exact or [r for r in rows if asked and asked in r["name"].lower()]
    if len(found) == 1:
        return dict(found[0])
    some = ", ".join(f"{r['product_id']} ({r['name']})" for r in found[:5])
    raise ShoplakeError(
        f"{len(found)} products are called '{item}'" if found else f"no product '{item}'",
        where=f"gold.item_features in {settings.root}",
        remedy=f"name one of {some}" if found else "find its id with `shoplake search`",
    )


def _names(row: dict[str, Any]) -> tuple[str, str, str]:
    """What a product goes by, in lower case: id, id without its shop, name."""
    known = row["product_id"].lower()
    return known, known.partition(":")[2], row["name"].lower()


def _quoted(text: str) -> str:
    return text.replace("'", "''")
