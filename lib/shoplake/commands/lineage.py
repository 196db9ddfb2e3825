"""`shoplake lineage`: what a table or column comes from, and what comes from it. No Spark."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from shoplake.commands.options import lake_options, settings_of
from shoplake.runtime.console import console

if TYPE_CHECKING:
    from rich.tree import Tree

    from shoplake.governance.lineage.graph import Branch

_SHOWN = 6


def add(commands: Any) -> None:
    """Adds the command to the command line."""
    lineage = commands.add_parser("lineage", help="what a table or column comes from, and feeds")
    lineage.add_argument("name", metavar="TABLE[.COLUMN]", help="or model:NAME/VERSION, files:...")
    lineage.add_argument("--depth", type=int, default=20, help="how many edges to follow")
    lineage.add_argument("--json", action="store_true")
    lake_options(lineage).set_defaults(run=_lineage)


def _lineage(args: argparse.Namespace) -> None:
    from rich.markup import escape

    from shoplake.contracts.book import load_contracts
    from shoplake.governance.lineage.graph import Graph
    from shoplake.governance.lineage.store import edges
    from shoplake.runtime.settings import conf_dir
    from shoplake.runtime.sql import lake_folder

    settings = settings_of(args)
    lake_folder(settings)
    contracts = load_contracts(conf_dir() / "contracts")
    graph = Graph(edges(settings), {c.table: c.column_names for c in contracts})
    node = graph.find(args.name)
    trees = {d: graph.tree(node, d, args.depth) for d in ("upstream", "downstream")}  # type: ignore[arg-type]
    if args.json:
        print(json.dumps({d: asdict(tree) for d, tree in trees.items()}, indent=2))
        return
    for direction, tree in trees.items():
        console.print(_drawn(tree, f"[bold]{direction}[/] of [bold cyan]{escape(args.name)}[/]"))


def _drawn(branch: Branch, label: str) -> Tree:
    """A branch with all that hangs on it; what decides without flowing is drawn at the root."""
    from rich.markup import escape
    from rich.tree import Tree

    tree = Tree(label)
    if not branch.how:
        for node, how in branch.decided_by[:_SHOWN]:
            tree.add(f"[dim]{escape(str(node))} by {how}[/]")
        if len(branch.decided_by) > _SHOWN:
            tree.add(f"[dim]and {len(branch.decided_by) - _SHOWN} more that decide (--json)[/]")
        if not branch.branches and not branch.decided_by:
            tree.add("[dim]nothing is known[/]")
    for child in branch.branches:
        again = " [dim](elsewhere)[/]" if child.again else ""
        tree.children.append(_drawn(child, f"{escape(str(child.node))} [dim]{child.how}[/]{again}"))
    return tree
