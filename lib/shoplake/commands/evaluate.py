"""`shoplake evaluate`: a task's models beside the baselines, on any folder of its layout."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shoplake.errors import ShoplakeError
from shoplake.runtime.console import console

if TYPE_CHECKING:
    from shoplake.evaluate.findings import Figure, Findings

#: Metrics side by side in a table.
_COLUMNS = 5
#: What some tasks take besides.
_NUMBERS = {
    "steps": "optimiser steps of each method (tuning, generalisation)",
    "queries": "most queries to learn from (tuning, generalisation)",
}


def add(commands: Any) -> None:
    """Adds the command to the command line."""
    from shoplake.evaluate.tasks import TASKS

    evaluate = commands.add_parser("evaluate", help="models beside baselines on a public task")
    evaluate.add_argument(
        "--task",
        required=True,
        choices=list(TASKS),
        help="; ".join(f"{k}: {v}" for k, v in TASKS.items()),
    )
    evaluate.add_argument("--data", required=True, type=Path, help="folder to judge on")
    evaluate.add_argument(
        "--train", type=Path, help="folder to learn on (default: the training part of --data)"
    )
    evaluate.add_argument("--seed", type=int, default=0)
    evaluate.add_argument("--plot", type=Path, help="PNG to draw (default: evaluate-TASK.png)")
    evaluate.add_argument("--page", type=Path, help="HTML of samples to write (descriptions)")
    evaluate.add_argument(
        "--methods", metavar="A,B", help="rows of the table (tuning), or one (generalisation)"
    )
    evaluate.add_argument(
        "--model", metavar="NAME", help="settings of conf/models (tuning, generalisation)"
    )
    for name, said in _NUMBERS.items():
        evaluate.add_argument(f"--{name}", type=int, metavar="N", help=said)
    evaluate.add_argument("--json", action="store_true", help="every figure, by model and metric")
    evaluate.set_defaults(run=_evaluate)


def _evaluate(args: argparse.Namespace) -> None:
    from shoplake.evaluate.plot import draw
    from shoplake.evaluate.tasks import evaluate

    more = {name: getattr(args, name) for name in ("methods", "model", *_NUMBERS)}
    found = evaluate(args.task, args.data, args.train, seed=args.seed, **more)
    plot = args.plot or (None if args.json else Path(f"evaluate-{args.task}.png"))
    if plot:
        draw(found, plot)
    if args.page:
        _write_page(found, args.page)
    if args.json:
        print(json.dumps(found.to_dict(), indent=2))
        return
    _print(found)
    console.print(f"plot: {plot}", highlight=False)


def _write_page(found: Findings, path: Path) -> None:
    if not found.page:
        raise ShoplakeError(
            f"the task '{found.task}' has no samples to show", remedy="leave --page out"
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(found.page, encoding="utf-8")


def _print(found: Findings) -> None:
    from rich.table import Table

    metrics = list(dict.fromkeys(m for row in found.figures.values() for m in row))
    sure = [m for m in metrics if any(_has_interval(row.get(m)) for row in found.figures.values())]
    rest = [m for m in metrics if m not in sure]
    tables = [(f"{found.task}: 95% intervals", sure[i : i + _COLUMNS]) for i in _starts(sure)]
    tables += [("without intervals", rest[i : i + _COLUMNS]) for i in _starts(rest)]
    for title, columns in tables:
        table = Table(title=title, title_justify="left")
        table.add_column("model")
        for metric in columns:
            table.add_column(metric, justify="right")
        for model, row in found.figures.items():
            if not any(metric in row for metric in columns):
                continue
            mark = "\n[dim]baseline[/]" if model in found.baselines else ""
            name = f"[bold green]{model}[/]" if model == found.champion else model
            table.add_row(name + mark, *[_cell(row.get(metric)) for metric in columns])
        console.print(table)
    console.print(
        f"champion: {found.champion} by {found.main}; `+` or `-`: ahead of or behind the strongest "
        "baseline (of a ranking metric, by that metric) beyond its paired interval",
        highlight=False,
    )
    for name, said in found.protocol.items():
        lines = said.items() if isinstance(said, dict) else [("", said)]
        for key, text in lines:
            label = f"{name}, {key}" if key else name
            console.print(f"  {label}: {text}", highlight=False, markup=False)
    for note in found.notes:
        console.print(f"  note: {note}", highlight=False, markup=False)


def _starts(metrics: list[str]) -> range:
    return range(0, len(metrics), _COLUMNS)


def _has_interval(figure: Figure | None) -> bool:
    return figure is not None and figure.low is not None


def _cell(figure: Figure | None) -> str:
    if figure is None:
        return ""
    text = f"{figure.value:.4f}"
    if figure.lead is not None:
        _, low, high = figure.lead
        text += " +" if low > 0 else " -" if high < 0 else "  "
    if figure.low is not None:
        text += f"\n[dim]{figure.low:.4f}–{figure.high:.4f}[/]"
    return text
