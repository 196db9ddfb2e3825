"""`shoplake loop`: what learning from its own feedback gains the built-in shop, cycle by cycle."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from shoplake.runtime.console import console

#: Of `shoplake.models.recommenders`, those that learn in a second; their module imports torch.
FAMILIES = ("popularity", "personal", "item_knn", "als", "ease", "content")


def add(commands: Any) -> None:
    """Adds the command to the command line."""
    parser = commands.add_parser(
        "loop", help="the closed loop: what learning again gains the built-in shop"
    )
    parser.add_argument("--cycles", type=int, default=5, help="lists are made so often")
    parser.add_argument("--seeds", type=int, default=5, help="how many shops, for the intervals")
    parser.add_argument("--first-seed", type=int, default=1, help="the first shop's seed")
    parser.add_argument("--cycle-days", type=int, default=14, help="days of a cycle")
    parser.add_argument("--days", type=int, default=28, help="days before the first cycle")
    parser.add_argument("--people", type=int, help="default: conf/shop.yml")
    parser.add_argument("--products", type=int, help="default: conf/shop.yml")
    parser.add_argument("--family", default="ease", choices=FAMILIES, help="the model that learns")
    parser.add_argument("--plot", type=Path, help="PNG to draw (default: loop.png)")
    parser.add_argument("--json", action="store_true", help="every figure; no table, no plot")
    parser.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> None:
    from shoplake.errors import ShoplakeError
    from shoplake.evaluate.closed_loop.gains import summary
    from shoplake.evaluate.closed_loop.picture import draw_loop
    from shoplake.evaluate.closed_loop.run import Plan, run_seeds
    from shoplake.steps import shop_config

    if args.seeds < 1:
        raise ShoplakeError(f"--seeds is {args.seeds}", remedy="give 1 or more; intervals need 2")
    config = shop_config(args)
    plan = Plan(args.cycles, args.cycle_days, args.days, args.family)
    seeds = range(args.first_seed, args.first_seed + args.seeds)
    found = summary(run_seeds(config, plan, seeds), config, plan, seeds)
    plot = args.plot or (None if args.json else Path("loop.png"))
    if plot:
        draw_loop(found, plot)
    if args.json:
        print(json.dumps(found, indent=2))
        return
    _print(found)
    console.print(f"plot: {plot}", highlight=False)


def _print(found: dict[str, Any]) -> None:
    from rich.table import Table

    main = found["main_metric"]
    table = Table(title="purchases expected of a list shown", title_justify="left")
    for column in ("cycle", *found["policies"][main], *found["gains"][main]):
        table.add_column(column, justify="right")
    for cycle in range(len(next(iter(found["policies"][main].values())))):
        values = [f"{v[cycle]['value']:.3f}" for v in found["policies"][main].values()]
        gains = [_cell(g["by_cycle"][cycle]) for g in found["gains"][main].values()]
        table.add_row(str(cycle + 1), *values, *gains)
    console.print(table)
    mean = Table(title="gain, mean of the cycles after the first", title_justify="left")
    for column in ("metric", *found["gains"][main]):
        mean.add_column(column, justify="right")
    for metric, pairs in found["gains"].items():
        cells = []
        for pair in pairs.values():
            share = "" if pair["relative"] is None else f" ({pair['relative']:+.1%})"
            cells.append(_cell(pair["mean_after_first"]) + share)
        mean.add_row(metric, *cells)
    console.print(mean)
    for name, said in found["protocol"].items():
        console.print(f"  {name}: {said}", highlight=False, markup=False)


def _cell(gain: dict[str, float | None]) -> str:
    text = f"{gain['value']:+.3f}"
    if gain["low"] is not None:
        text += f" [dim]{gain['low']:+.3f} to {gain['high']:+.3f}[/]"
    return text
