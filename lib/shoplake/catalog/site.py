"""All pages of the catalogue as text, a pure function of the lake and the conf files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from shoplake.catalog import charts, figures
from shoplake.catalog.cards import Card, cards
from shoplake.catalog.columns import column_values
from shoplake.catalog.facts import LAYERS, Batch, Table, all_tables, ledger
from shoplake.catalog.graph import Graph, lineage
from shoplake.catalog.layout import HEIGHT, WIDTH, draw
from shoplake.catalog.outcomes import RuleHistory, histories
from shoplake.catalog.people import personal_columns
from shoplake.catalog.phrases import says
from shoplake.catalog.samples import Held, held
from shoplake.catalog.search import entries, model_page, script, table_page
from shoplake.catalog.summary import summary
from shoplake.contracts.book import ContractBook, load_contracts
from shoplake.governance.policies.load import load_policies
from shoplake.governance.policies.model import Policies
from shoplake.runtime.settings import Settings
from shoplake.runtime.sql import lake_folder

_HERE = Path(__file__).parent


@dataclass(frozen=True)
class Facts:
    """Everything the pages say."""

    lake: str
    tables: tuple[Table, ...]
    batches: tuple[Batch, ...]
    rules: dict[str, tuple[RuleHistory, ...]]
    held: dict[str, Held]
    graph: Graph
    cards: tuple[Card, ...]
    book: ContractBook
    policies: Policies

    @property
    def as_of(self) -> datetime | None:
        """The end of the last run: the catalogue's only notion of now, so it is deterministic."""
        return self.batches[-1].finished if self.batches else None


def site(settings: Settings, conf: Path) -> dict[str, str]:
    """The site's files: text by path.

    Args:
        settings: of a lake of folders.
        conf: the folder with `contracts`, `policies.yml` and `cards`.

    Raises:
        ShoplakeError: there is no lake, it is not one of folders, or a conf file is not valid.
    """
    facts = _facts(settings, conf)
    environment = _environment(facts)
    pages = {
        "index.html": ("index.html", {}),
        "quality.html": ("quality.html", {}),
        "lineage.html": ("lineage.html", {"drawing": draw(facts.graph)}),
        "models.html": ("models.html", {}),
        "people.html": ("people.html", _people(facts)),
        "glossary.html": ("glossary.html", {"terms": _terms(facts.tables)}),
    }
    values = column_values(settings, facts.book)
    for table in facts.tables:
        said = {c: v for (t, c), v in values.items() if t == table.name}
        near = facts.graph.around(table.name)
        context = {"table": table, "values": said, "near": draw(near) if near.flows else None}
        pages[f"tables/{table.name}.html"] = ("table.html", context)
    for card in facts.cards:
        pages[f"models/{card.slug}.html"] = ("model.html", {"card": card})
    files = {
        path: environment.get_template(template).render(
            **context, path=path, root="../" * path.count("/")
        )
        for path, (template, context) in pages.items()
    }
    for asset in ("catalog.css", "catalog.js"):
        files[f"assets/{asset}"] = (_HERE / "static" / asset).read_text(encoding="utf-8")
    files["assets/index.js"] = script(entries(facts.tables, facts.cards))
    return files


def _facts(settings: Settings, conf: Path) -> Facts:
    root = lake_folder(settings)
    book = load_contracts(conf / "contracts")
    policies = load_policies(conf / "policies.yml", book)
    batches = ledger(settings)
    found = all_tables(settings, book, batches)
    known = cards(settings, conf / "cards")
    kept = {t.name: held(settings, t.name, t.contract, policies.records) for t in found}
    return Facts(
        lake=root.name,
        tables=found,
        batches=batches,
        rules=histories(settings, found),
        held={name: h for name, h in kept.items() if h is not None},
        graph=lineage(settings, found, known),
        cards=known,
        book=book,
        policies=policies,
    )


def _environment(facts: Facts) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        says=says,
        **{
            f: getattr(figures, f) for f in ("number", "compact", "moment", "size", "span", "ticks")
        },
    )
    environment.globals.update(
        facts=facts,
        summary=summary(
            facts.book, facts.tables, facts.batches, facts.rules, facts.held, facts.as_of
        ),
        layers=[
            (layer, [t for t in facts.tables if t.layer == layer])
            for layer in LAYERS
            if any(t.layer == layer for t in facts.tables)
        ],
        charts=charts,
        share=figures.share,
        table_page=table_page,
        model_page=model_page,
        page_of={t.name: table_page(t.name) for t in facts.tables}
        | {f"model:{c.model.name}": model_page(c.slug) for c in reversed(facts.cards)},
        node_size=(WIDTH, HEIGHT),
        by_name={t.name: t for t in facts.tables},
    )
    return environment


def _people(facts: Facts) -> dict[str, Any]:
    columns = personal_columns(facts.policies, facts.book, facts.tables)
    return {"columns": columns, "roles": facts.policies.roles}


def _terms(found: Sequence[Table]) -> list[tuple[str, list[tuple[Table, Any]]]]:
    """Every column name with the tables that have it."""
    terms: dict[str, list[tuple[Table, Any]]] = {}
    for table in found:
        for column in table.columns:
            terms.setdefault(column.name, []).append((table, column))
    return sorted(terms.items(), key=lambda term: term[0].lstrip("_").lower())
