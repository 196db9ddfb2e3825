"""Which product of a lake is meant."""

from __future__ import annotations

from typing import Any

from shoplake.errors import ShoplakeError
from shoplake.runtime.settings import Settings


def find_product(settings: Settings, item: str, table: str, step: str) -> dict[str, Any]:
    """The one product that is meant: product_id and name.

    Args:
        settings: of the lake.
        item: a product's id, with or without its shop, or its name or a part of it, in any case.
        table: what the caller reads; it must exist.
        step: the step that makes it.

    Raises:
        ShoplakeError: the table does not exist, or there is no such product, or there are several.
    """
    from shoplake.runtime.sql import query

    need_table(settings, table, step)
    newest = "as_of = (select max(as_of) from gold.item_features)"
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


def need_table(settings: Settings, table: str, step: str) -> None:
    """Raises ShoplakeError when the lake, or this table of it, does not exist."""
    from shoplake.runtime.sql import lake_folder, tables

    lake_folder(settings)
    if table not in tables(settings):
        raise ShoplakeError(
            f"there is no {table}",
            where=str(settings.root),
            remedy=f"run `shoplake step {step}` after `shoplake run`",
        )


def quoted(text: str) -> str:
    """An SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def _names(row: dict[str, Any]) -> tuple[str, str, str]:
    """What a product goes by, in lower case: id, id without its shop, name."""
    known = row["product_id"].lower()
    return known, known.partition(":")[2], row["name"].lower()
