"""`shoplake profile`: drafts a contract from data, for review. No Spark is started."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shoplake.commands.options import lake_options, settings_of
from shoplake.errors import ShoplakeError
from shoplake.runtime.console import console
from shoplake.runtime.lake import split_name

if TYPE_CHECKING:
    from shoplake.contracts.draft.personal import Personal
    from shoplake.contracts.draft.source import Source

#: Values that are looked at for personal data, and the share of them that makes a text personal.
_VALUES = 2_000
_SHARE = 0.002


def add(commands: Any) -> None:
    """Adds the command to the command line."""
    profile = commands.add_parser("profile", help="draft a contract from a file or table")
    profile.add_argument(
        "source",
        nargs="+",
        help="CSV, JSON lines or Parquet (several files of one header, a folder), or a table",
    )
    profile.add_argument("--rows", type=int, help="look at the first ROWS only")
    profile.add_argument("--name", help="table to draft for (default: silver.<the file's name>)")
    profile.add_argument("--out", type=Path, help="write the contract here, not to the screen")
    lake_options(profile).set_defaults(run=_profile)


def _profile(args: argparse.Namespace) -> None:
    from shoplake.contracts.draft.draft import draft_contract
    from shoplake.contracts.draft.write import yaml_text

    if args.out is not None and args.out.exists():
        raise ShoplakeError(
            "a file is there already", where=str(args.out), remedy="drafts overwrite nothing"
        )
    if args.rows is not None and args.rows < 1:
        raise ShoplakeError("--rows is at least 1")
    source, table = _open(args)
    split_name(table)
    draft = draft_contract(source, table, detect=_personal, rows=args.rows)
    text = yaml_text(draft)
    if args.out is None:
        print(text, end="")
        return
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text(text, encoding="utf-8")
    personal = [c.name for c in draft.columns if c.personal]
    console.print(f"{draft.rows:,} rows, {len(draft.columns)} columns -> {args.out}", markup=False)
    console.print(f"key: {', '.join(draft.key) or 'none'} ({draft.key_note})", markup=False)
    console.print(f"personal: {', '.join(personal) or 'none found'}", markup=False)


def _personal(header: str, values: Sequence[str]) -> Personal | None:
    """Personal data in a column of its own, or here and there in its texts."""
    from shoplake.contracts.draft.personal import Personal
    from shoplake.governance.personal.columns import column_kind, text_kinds

    some = values[:_VALUES]
    found = column_kind(header, some)
    if found is not None:
        kind, share = found
        return Personal(kind, f"by its name and {share:.0%} of its values")
    inside = {k: s for k, s in text_kinds(some).items() if k != "name" and s >= _SHARE}
    if not inside:
        return None
    shown = ", ".join(f"{kind} {share:.1%}" for kind, share in inside.items())
    return Personal("in its text", f"{shown} of {len(some):,} values")


def _open(args: argparse.Namespace) -> tuple[Source, str]:
    """What to read, and the table to draft for."""
    from shoplake.contracts.draft.source import open_files
    from shoplake.contracts.draft.table import open_table
    from shoplake.runtime.sql import lake_folder, tables

    only = args.source[0]
    if len(args.source) == 1 and not Path(only).exists():
        try:
            schema, name = split_name(only)
        except ShoplakeError:
            raise ShoplakeError(
                "neither a file nor a table", where=only, remedy="write a path, or schema.table"
            ) from None
        settings = settings_of(args)
        lake = lake_folder(settings)
        if only not in tables(settings):
            raise ShoplakeError(f"no table '{only}'", where=str(lake))
        folder = lake / f"{settings.schema_prefix}{schema}" / name
        return open_table(folder, only), args.name or only
    paths: list[Path] = []
    for given in map(Path, args.source):
        inside = sorted(p for p in given.glob("*") if p.is_file()) if given.is_dir() else [given]
        paths += inside
    source = open_files(paths)
    name = re.sub(r"[^a-z0-9_]+", "_", source.name.lower()).strip("_")
    return source, args.name or f"silver.{name if name[:1].isalpha() else f't_{name}'}"
