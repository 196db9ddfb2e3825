"""`shoplake similar`: what stands for, goes with, or is the same as a product, without Spark."""

from __future__ import annotations

import argparse
import json
from typing import Any

from shoplake.commands.options import lake_options, need_top, print_rows, settings_of
from shoplake.commands.products import find_product, quoted
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
    need_top(args.top)
    settings = settings_of(args)
    product = find_product(settings, args.item, _TABLE, "neighbours")
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
        where n.as_of = (select max(as_of) from {_TABLE}) and n.product_id = {quoted(product)}
            and n.rank <= {top:d}{only}""",
    )
    return sorted(rows, key=lambda row: (KINDS.index(row["kind"]), row["rank"]))
