"""`shoplake search`: products for a query, by words, meaning and behaviour, without Spark."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shoplake.commands.options import lake_options, print_rows, settings_of
from shoplake.runtime.console import console

if TYPE_CHECKING:
    from shoplake.serve.search import Answer


def add(commands: Any) -> None:
    """Adds the command to the command line."""
    search = commands.add_parser("search", help='products for a query: search "candel holder"')
    search.add_argument("query")
    search.add_argument("--shop", help="products of this shop alone")
    search.add_argument("--data", type=Path, help="judged titles of this folder, not a lake's")
    search.add_argument("--top", type=int, default=10, help="how many (default: 10)")
    search.add_argument("--explain", action="store_true", help="what adds how much to a score")
    search.add_argument("--json", action="store_true", help="the whole answer as JSON")
    lake_options(search).set_defaults(run=_search)


def _search(args: argparse.Namespace) -> None:
    from shoplake.errors import ShoplakeError
    from shoplake.models.search.text import words

    if not words(args.query):
        what = "a query without a word or a number" if args.query.strip() else "an empty query"
        raise ShoplakeError(what, remedy='shoplake search "candle holder"')
    if args.top < 1:
        raise ShoplakeError(f"--top is {args.top}", remedy="ask for 1 or more")
    answer = _answer(args)
    if args.json:
        print(json.dumps(answer.to_dict(), indent=2, ensure_ascii=False))
        return
    if answer.understood != answer.query.lower():
        console.print(f"searched for: {answer.understood}", markup=False)
    rows = [_row(hit, args.explain) for hit in answer.hits]
    print_rows(rows)


def _row(hit: Any, explain: bool) -> dict[str, Any]:
    row: dict[str, Any] = {"rank": hit.rank}
    if hit.product_id is not None:
        row["product"] = hit.product_id
    row["name"] = hit.name
    if hit.price is not None:
        row["price"] = f"{hit.price:.2f}"
    row["score"] = f"{hit.score:.3f}"
    if explain:
        row |= {part: f"{getattr(hit, part):+.3f}" for part in ("words", "meaning", "behaviour")}
    return row


def _answer(args: argparse.Namespace) -> Answer:
    if args.data is not None:
        from shoplake.serve.search_folder import open_folder

        return open_folder(args.data).answer(args.query, args.top)
    from shoplake.runtime.sql import lake_folder
    from shoplake.serve.search_lake import open_lake

    settings = settings_of(args)
    lake_folder(settings)
    return open_lake(settings, args.shop).answer(args.query, args.top)
