"""`shoplake quarantine list|show|replay`: why rows are held, and trying them again."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING, Any

from shoplake.commands.options import lake_options, print_rows, settings_of
from shoplake.errors import ShoplakeError
from shoplake.runtime.console import console

if TYPE_CHECKING:
    from shoplake.governance.run import Run
    from shoplake.governance.trial import Trial


def add(commands: Any) -> None:
    """Adds the command to the command line."""
    top = commands.add_parser("quarantine", help="rows that are held back: list, show, replay")
    verbs = top.add_subparsers(required=True, metavar="VERB")

    listing = verbs.add_parser("list", help="rows held, by table and rule")
    listing.add_argument("--json", action="store_true")
    lake_options(listing).set_defaults(run=_list)

    show = verbs.add_parser("show", help="the rows held of one table, with every reason")
    show.add_argument("table", help="e.g. silver.orders")
    show.add_argument("--rule", help="only rows that this rule holds")
    show.add_argument("--limit", type=int, default=10, help="at most so many rows (default 10)")
    show.add_argument("--json", action="store_true")
    lake_options(show).set_defaults(run=_show)

    replay = verbs.add_parser(
        "replay", help="put held rows through the present mapping and contracts"
    )
    replay.add_argument("table", nargs="?", help="one table (default: bronze, then silver)")
    replay.add_argument("--shop", default="builtin", help="conf/sources/<SHOP>.yml, or a YAML file")
    replay.add_argument("--data", help="the shop's folder, from which bronze is replayed")
    replay.add_argument("--dry-run", action="store_true", help="only say what would happen")
    lake_options(replay).set_defaults(run=_replay)


def _list(args: argparse.Namespace) -> None:
    from shoplake.governance.held import held_rules
    from shoplake.runtime.sql import lake_folder

    settings = settings_of(args)
    lake_folder(settings)
    found = [h.as_dict() for h in held_rules(settings)]
    if args.json:
        print(json.dumps(found, indent=2, ensure_ascii=False))
    elif found:
        print_rows(found, "Held back")
        console.print("\nLook at one: shoplake quarantine show TABLE --rule RULE", markup=False)
    else:
        console.print("nothing is held back")


def _show(args: argparse.Namespace) -> None:
    from shoplake.governance.held import held_rows
    from shoplake.runtime.sql import lake_folder

    settings = settings_of(args)
    lake_folder(settings)
    rows = held_rows(settings, args.table, rule=args.rule, limit=args.limit)
    if not rows and args.limit:
        reasons = [x["rule"] for r in held_rows(settings, args.table) for x in r["reasons"]]
        rules = ", ".join(sorted(set(reasons)))
        by = f" by {args.rule}; there are rows held by: {rules}" if rules else ""
        print(f"no row of {args.table} is held{by}", file=sys.stderr if args.json else sys.stdout)
    if args.json:
        print(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    for row in rows:
        console.rule(f"{args.table} {row['row_id']}", align="left")
        for reason in row["reasons"]:
            console.print(
                f"  {reason['rule']}: {reason['column']} = {reason['value']}", markup=False
            )
        console.print_json(row["record"])


def _replay(args: argparse.Namespace) -> None:
    from shoplake.refine.tables import SILVER
    from shoplake.steps import start

    if args.table is not None and not args.table.startswith(("bronze.", "silver.")):
        raise ShoplakeError(
            f"{args.table} is not replayed by itself",
            remedy="gold follows silver: replay silver, then run the steps label and features",
        )
    run = start("refine", settings_of(args))
    lines: list[Trial] = []
    if args.table is None or args.table.startswith("bronze."):
        lines += _replay_bronze(run, args)
    for table in SILVER:
        if args.table in (None, table):
            lines += _replay_silver(run, table, args.dry_run)
    if not lines:
        console.print("nothing is held back")
        return
    done = "would enter" if args.dry_run else "entered"
    print_rows(
        [
            {
                "table": t.table,
                done: t.passed,
                "still held": t.held,
                "by": ", ".join(f"{rule} ({n:,})" for rule, n in t.rules.items()),
                "source gone": t.gone,
            }
            for t in lines
        ]
    )


def _replay_bronze(run: Run, args: argparse.Namespace) -> list[Trial]:
    from shoplake.ingest.check import shop_mapping
    from shoplake.ingest.replay import replay

    mapping = shop_mapping(args.shop)
    folder = args.data or (
        str(run.lake.settings.root / "raw") if mapping.shop == "builtin" else None
    )
    if folder is None:
        raise ShoplakeError(
            f"where are the files of {mapping.shop}?",
            remedy="give --data FOLDER, or name a silver table to replay only that",
        )
    found = replay(run, mapping, folder, dry_run=args.dry_run)
    return [t for t in found if args.table in (None, t.table)]


def _replay_silver(run: Run, table: str, dry_run: bool) -> list[Trial]:
    from shoplake.governance.quarantine import quarantine_contract
    from shoplake.governance.trial import trial
    from shoplake.refine.pseudonym import Secret
    from shoplake.refine.settings import RefineSettings
    from shoplake.refine.tables import SILVER, build_silver, candidates
    from shoplake.runtime.key import pseudonym_key

    lake, held = run.lake, quarantine_contract(run.contracts[table]).table
    sources = SILVER[table].sources
    if not lake.exists(held) or not lake.exists(sources[0]) or lake.read(held).isEmpty():
        return []
    settings = RefineSettings(Secret(pseudonym_key(lake.settings, lake.spark)))
    read = run.reader(run.versions(sources))
    ids = lake.read(held).select("row_id")
    candidate = candidates(run, table, read, settings)
    found = trial(lake, run.contracts[table], candidate, ids)
    if not dry_run:
        build_silver(run, table, settings)
    return [found]
