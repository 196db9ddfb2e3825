"""The search index: every table, column, rule, model and page, as a script that a page loads.

A script and not JSON, because a page opened from disk may not fetch.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from urllib.parse import quote

from shoplake.catalog.cards import Card
from shoplake.catalog.facts import Table
from shoplake.catalog.phrases import says

#: Shown first when nothing else tells two results apart.
_PAGES = (
    ("Home", "tables, freshness, recent runs", "index.html"),
    ("Quality", "rules that are broken, rows held", "quality.html"),
    ("Lineage", "what comes from what", "lineage.html"),
    ("Models", "versions, verdicts, metrics", "models.html"),
    ("People's data", "personal columns and who may see them", "people.html"),
    ("Glossary", "every column by name", "glossary.html"),
)

Entry = tuple[str, str, str, str]


def table_page(name: str) -> str:
    """Address of a table's page from the site's root."""
    return f"tables/{quote(name)}.html"


def model_page(slug: str) -> str:
    """Address of a model version's page from the site's root."""
    return f"models/{quote(slug)}.html"


def entries(found: Sequence[Table], cards: Sequence[Card]) -> Iterable[Entry]:
    """(kind, name, text, address) of all there is to find."""
    for name, text, address in _PAGES:
        yield "page", name, text, address
    for table in found:
        contract = table.contract
        told = (contract.description, *contract.owners) if contract else ()
        words = (*told, *table.prose.team, *table.prose.tags)
        yield "table", table.name, " · ".join(w for w in words if w), table_page(table.name)
    for card in cards:
        text = " · ".join(filter(None, ("champion" * card.is_champion, card.verdict)))
        yield (
            *("model", f"{card.model.name} version {card.model.version}"),
            *(text, model_page(card.slug)),
        )
    for table in found:
        page = table_page(table.name)
        for c in table.columns:
            text = f"{c.type} · {c.description}" if c.description else c.type
            yield "column", f"{table.name}.{c.name}", text, f"{page}#column-{quote(c.name)}"
        for rule in table.contract.rules if table.contract else ():
            text = f"{', '.join(rule.columns)} {says(rule)}".strip()
            if rule.description:
                text = f"{rule.description} · {text}"
            address = f"{page}#rule-{quote(rule.name)}"
            yield "rule", f"{table.name}: {rule.name}", text[:200], address


def script(found: Iterable[Entry]) -> str:
    """The index as JavaScript; no text of it can end the script."""
    text = json.dumps(list(found), ensure_ascii=True, separators=(",", ":"))
    return f"window.shoplakeIndex = {text.replace('<', chr(92) + 'u003c')};\n"
