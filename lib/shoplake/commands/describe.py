"""`shoplake describe`: what a page may say of a product, with evidence, without Spark."""

from __future__ import annotations

import argparse
import json
from typing import Any

from shoplake.commands.options import lake_options, print_rows, settings_of
from shoplake.commands.products import find_product, quoted
from shoplake.errors import ShoplakeError
from shoplake.runtime.console import console
from shoplake.runtime.settings import Settings

_TABLE = "gold.product_descriptions"


def add(commands: Any) -> None:
    """Adds the command to the command line."""
    describe = commands.add_parser("describe", help="a product's description and its evidence")
    describe.add_argument("item", help="a product's id, with or without its shop, or its name")
    describe.add_argument("--language", default="en", help="en, zh, ... (default: en)")
    describe.add_argument("--json", action="store_true", help="everything that is known, as JSON")
    lake_options(describe).set_defaults(run=_describe)


def _describe(args: argparse.Namespace) -> None:
    settings = settings_of(args)
    product = find_product(settings, args.item, _TABLE, "describe")
    row = _row(settings, product["product_id"], args.language)
    for name in ("claims", "facts", "left_out", "refusals"):
        row[name] = json.loads(row[name])
    if args.json:
        print(json.dumps({**product, **row}, indent=2, ensure_ascii=False, default=str))
        return
    console.print(f"[bold]{product['product_id']}[/] ", end="")
    console.print(row["description"], markup=False, highlight=False)
    claims = [{k: claim[k] for k in ("words", "kind", "evidence")} for claim in row["claims"]]
    print_rows(claims, title="what it claims, and why it may")
    for said in row["left_out"]:
        console.print(f"  left out: {said}", markup=False, highlight=False)
    for said in row["refusals"]:
        console.print(f"  refused before: {said}", markup=False, highlight=False)
    seen = f"; picture {row['picture']}" if row["picture"] else "; no picture"
    console.print(f"  by {row['writer']}, {row['model_version']}{seen}", highlight=False)


def _row(settings: Settings, product: str, language: str) -> dict[str, Any]:
    """The product's row as of the newest run.

    Raises:
        ShoplakeError: its description is held, or there is none in this language.
    """
    from shoplake.runtime.sql import query

    newest = f"as_of = (select max(as_of) from {_TABLE})"
    only = f"product_id = {quoted(product)}"
    rows = query(settings, f"select * from {_TABLE} where {newest} and {only}")
    found = next((row for row in rows if row["language"] == language), None)
    if found is not None:
        return dict(found)
    if held := _held(settings, product, language):
        raise ShoplakeError(
            f"the description of {product} is held",
            where=held,
            remedy="correct the product's data and run `shoplake step describe` again; "
            "`shoplake quarantine` shows what is held",
        )
    said = ", ".join(sorted(row["language"] for row in rows)) or "none"
    raise ShoplakeError(
        f"no description of {product} in '{language}'",
        where=f"{_TABLE} in {settings.root}",
        remedy=f"languages of this product: {said}; more by `languages` in "
        "conf/models/descriptions.yml",
    )


def _held(settings: Settings, product: str, language: str) -> str:
    """Why it is held; "" where it is not."""
    from shoplake.governance.held import held_rows, quarantines

    if _TABLE not in quarantines(settings):
        return ""
    found = ""
    for row in held_rows(settings, _TABLE):
        record = json.loads(row["record"])
        if (record["product_id"], record["language"]) == (product, language):
            found = record.get("held_for") or row["reasons"][0]["rule"]
    return found
