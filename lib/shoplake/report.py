"""The page of results in the terminal: what is in the lake, and what the loop learned."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from rich.markup import escape
from rich.table import Table

from shoplake.contracts.book import load_contracts
from shoplake.governance.status import table_statuses
from shoplake.ingest.mapping_model import Mapping
from shoplake.report_applications import application_lines
from shoplake.runtime.console import console
from shoplake.runtime.settings import Settings, conf_dir
from shoplake.runtime.sql import Rows, query, tables

_BAR = 30


@dataclass(frozen=True)
class CycleSummary:
    """What a cycle ended with: rows by table, metrics of its model, its lists' first items."""

    rows: dict[str, int]
    metrics: Rows
    lists: dict[str, tuple[str, ...]]


def cycle_summary(settings: Settings) -> CycleSummary:
    """The lake as it stands."""
    contracts = load_contracts(conf_dir() / "contracts")
    rows = {s.table: s.rows for s in table_statuses(settings, contracts)}
    lists: dict[str, list[str]] = {}
    for row in _latest(settings, "gold.recommendations", "person_key, product_id, rank"):
        lists.setdefault(row["person_key"], []).append(row["product_id"])
    return CycleSummary(
        rows, _model_metrics(settings), {p: tuple(sorted(items)) for p, items in lists.items()}
    )


def report(settings: Settings, mapping: Mapping, cycles: list[CycleSummary]) -> None:
    """Print the page.

    Args:
        settings: of the lake.
        mapping: of the shop.
        cycles: one summary a cycle.
    """
    _print_tables(settings)
    _print_quarantine(settings)
    _print_labels(settings, mapping.horizon_days)
    _print_cleaning(settings)
    _print_metrics(cycles[-1].metrics)
    _print_person(settings)
    if len(cycles) > 1:
        _print_difference(*cycles[-2:])
    _print_applications(settings)
    _print_commands(settings)


def _latest(settings: Settings, table: str, columns: str) -> Rows:
    if table not in tables(settings):
        return []
    return query(
        settings,
        f"SELECT {columns} FROM {table} WHERE as_of = (SELECT max(as_of) FROM {table})",
    )


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", pad_edge=False)
    for name in columns:
        table.add_column(name, justify="left" if name.islower() else "right", overflow="fold")
    return table


def _print_tables(settings: Settings) -> None:
    table = _table("Tables", "table", "Rows", "Version", "Held", "Duplicates", "verdict")
    for s in table_statuses(settings, load_contracts(conf_dir() / "contracts")):
        held = f"{s.held:,}" if s.held else ""
        repeats = f"{s.duplicates:,}" if s.duplicates else ""
        table.add_row(s.table, f"{s.rows:,}", str(s.version), held, repeats, s.verdict)
    console.print(table)


def _print_quarantine(settings: Settings) -> None:
    table = _table("Held back, and why", "table", "rule", "Rows", "for example")
    for name in tables(settings):
        if not name.startswith("governance.quarantine_"):
            continue
        rules: Counter[str] = Counter()
        example: dict[str, str] = {}
        for row in query(settings, f"SELECT reasons FROM {name}"):
            for reason in row["reasons"]:
                rules[reason["rule"]] += 1
                example.setdefault(reason["rule"], f"{reason['column']} = {reason['value']}"[:50])
        shop_table = name.removeprefix("governance.quarantine_").replace("_", ".", 1)
        for rule, count in rules.most_common(3):
            table.add_row(shop_table, rule, f"{count:,}", example[rule])
    if table.row_count:
        console.print(table)


def _print_labels(settings: Settings, horizon_days: int) -> None:
    bins: Counter[int] = Counter()
    for row in _latest(settings, "gold.interest", "interest"):
        bins[min(int(row["interest"] * 10), 9)] += 1
    if not bins:
        return
    seen = _latest(
        settings, "gold.interest_calibration", "outcome, map, bin, pairs, predicted, share"
    )
    table = _table("Interest of people in products", "interest", "Pairs", "share")
    for at in range(10):
        bar = "█" * round(_BAR * bins[at] / max(bins.values()))
        table.add_row(f"{at / 10:.1f} to {(at + 1) / 10:.1f}", f"{bins[at]:,}", bar)
    console.print(table)
    for name, words in (("raw", "as it is"), ("recalibrated", "as a probability")):
        rows = [r for r in seen if r["map"] == name and r["outcome"] == "interacted"]
        pairs = sum(r["pairs"] for r in rows)
        if pairs:
            error = sum(abs(r["predicted"] - r["share"]) * r["pairs"] for r in rows) / pairs
            console.print(
                f"Calibration {words}: expected error {error:.3f} against what people did in the "
                f"next {horizon_days} days ({pairs:,} pairs)"
            )


def _print_cleaning(settings: Settings) -> None:
    """Precision and recall of cleaning, where the simulator's truth was kept."""
    if "governance.cleaning" not in tables(settings):
        return
    table = _table(
        "Cleaning against what was planted",
        "entity",
        "outcome",
        "Found",
        "Wrong",
        "Precision",
        "Recall",
    )
    sql = "SELECT * FROM governance.cleaning WHERE dirt = '(any)' ORDER BY entity, outcome"
    for row in query(settings, sql):
        shares = (f"{v:.3f}" if v is not None else "" for v in (row["precision"], row["recall"]))
        numbers = (f"{row['found']:,} of {row['expected']:,}", f"{row['wrong']:,}")
        table.add_row(row["entity"], row["outcome"], *numbers, *shares)
    console.print(table)


def _model_metrics(settings: Settings) -> Rows:
    if "governance.model_metrics" not in tables(settings):
        return []
    # Segments of people (`evaluate.segments`) are on the model's page in the catalogue, and so are
    # other models than the shop's recommender.
    name = settings.mlflow.registered_model
    rows = query(
        settings,
        "SELECT * FROM governance.model_metrics"
        f" WHERE task NOT LIKE '% | %' AND model_name = '{name}'",
    )
    newest = max((int(r["model_version"]) for r in rows), default=0)
    return [r for r in rows if int(r["model_version"]) == newest]


def _print_metrics(rows: Rows) -> None:
    if not rows:
        return
    first = rows[0]
    title = f"{first['model_name']} version {first['model_version']} beside the baselines"
    table = _table(title, "task", "metric", "scorer", "Value", "interval of 95%", "People")
    for r in sorted(rows, key=lambda r: (r["task"], r["metric"], -r["value"])):
        interval = f"{r['low']:.4f} to {r['high']:.4f}" if r["low"] is not None else ""
        own = r["scorer"] == r["model_name"]
        style = "bold green" if own else None
        table.add_row(
            *(r["task"], r["metric"], r["scorer"], f"{r['value']:.4f}", interval),
            f"{r['people']:,}",
            style=style,
        )
    console.print(table)
    console.print(f"[dim]{next(r['protocol'] for r in rows if r['task'] != 'interest')}[/]")


def _print_person(settings: Settings) -> None:
    rows: Rows = _latest(
        settings,
        "gold.recommendations",
        "person_key, rank, product_name, score, reason, is_fallback",
    )
    people = sorted({r["person_key"] for r in rows if not r["is_fallback"]})
    if not people:
        return
    person = people[0]
    table = _table(f"Recommended to person {person[:8]}…", "Rank", "product", "Score", "why")
    for r in sorted((r for r in rows if r["person_key"] == person), key=lambda r: int(r["rank"])):
        table.add_row(str(r["rank"]), r["product_name"], f"{r['score']:.2f}", r["reason"])
    console.print(table)


def _print_difference(before: CycleSummary, after: CycleSummary) -> None:
    table = _table("What the second cycle changed", "what", "First", "Second", "Change")
    for name, rows in after.rows.items():
        was = before.rows.get(name, 0)
        if rows != was and not name.startswith("governance."):
            table.add_row(name, f"{was:,}", f"{rows:,}", f"{rows - was:+,}")
    values = [
        {(r["task"], r["metric"]): r["value"] for r in c.metrics if r["scorer"] == r["model_name"]}
        for c in (before, after)
    ]
    for key in sorted(values[0].keys() & values[1].keys()):
        was, now = values[0][key], values[1][key]
        table.add_row(f"model, {key[0]}, {key[1]}", f"{was:.4f}", f"{now:.4f}", f"{now - was:+.4f}")
    both = before.lists.keys() & after.lists.keys()
    if both:
        kept = sum(
            len(set(before.lists[p]) & set(after.lists[p])) / len(after.lists[p]) for p in both
        )
        share = kept / len(both)
        table.add_row("share of a list that stayed", "", f"{share:.2f}", "")
    console.print(table)


def _print_applications(settings: Settings) -> None:
    table = _table("Used", "for", "what came of it")
    for use, said in application_lines(settings):
        table.add_row(use, escape(said))
    if table.row_count:
        console.print(table)


def _print_commands(settings: Settings) -> None:
    lake: Any = settings.lake
    console.print("\n[bold]Look further[/]")
    for command in (
        f"shoplake status --lake {lake}",
        f'shoplake sql --lake {lake} "select * from gold.recommendations limit 10"',
        f'shoplake sql --lake {lake} "select * from governance.quarantine_silver_orders limit 5"',
        f"mlflow ui --backend-store-uri {settings.tracking_uri}",
    ):
        console.print(f"  {command}", markup=False, soft_wrap=True)
