"""`shoplake erase`: a person out of every layer, or a search for what is left of one."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from shoplake.commands.options import lake_options, print_rows, settings_of
from shoplake.runtime.console import console

if TYPE_CHECKING:
    from shoplake.governance.erasure.values import Value
    from shoplake.governance.erasure.verify import Progress, Search

_SHOWN = 50


def add(commands: Any) -> None:
    """Adds the command to the command line."""
    erase = commands.add_parser("erase", help="erase a person everywhere, or verify that they are")
    what = erase.add_mutually_exclusive_group(required=True)
    what.add_argument("--subject", metavar="ID", help="<shop>:<id>, or a person_key: erase them")
    what.add_argument("--verify", metavar="ID", help="search every byte of the lake for them")
    erase.add_argument(
        "--value", action="append", default=[], help="also this e-mail address, name ... of theirs"
    )
    erase.add_argument(
        "--id-column", action="append", default=[], help="a column that holds people's ids"
    )
    erase.add_argument(
        "--unknown", action="store_true", help="also somebody whom no table names (yet)"
    )
    lake_options(erase).set_defaults(run=_run)


def _run(args: argparse.Namespace) -> None:
    clean = _erase(args) if args.subject else _verify(args)
    if not clean:
        raise SystemExit(1)


def _erase(args: argparse.Namespace) -> bool:
    from shoplake.erase import erase
    from shoplake.steps import start

    with _bar() as progress:
        run = start("erase", settings_of(args))
        found, path = erase(
            run, args.subject, _values(args.value), unknown=args.unknown, progress=progress
        )
    if path is None:
        _print(found)
        console.print("[bold red]not done:[/] mend what is listed above, then erase again")
        return False
    console.print(f"erased; certificate {path}", markup=False)
    return True


def _verify(args: argparse.Namespace) -> bool:
    from shoplake.erase import roots
    from shoplake.governance.erasure.certificate import broken_links, certificates
    from shoplake.governance.erasure.values import Value
    from shoplake.governance.erasure.verify import search
    from shoplake.refine.known import check_known, lake_key
    from shoplake.refine.subject import keys_of, parse_subject
    from shoplake.runtime.sql import lake_folder

    settings = settings_of(args)
    lake_folder(settings)
    said = parse_subject(args.verify)
    check_known(settings, said, unknown=args.unknown)
    values = _values(args.value)
    if isinstance(said, tuple):
        keys = keys_of([said], lake_key(settings))
        values += [Value("id", said[1]), *(Value("key", k) for k in keys)]
    else:
        values.append(Value("key", said))
    with _bar() as progress:
        found = search(roots(settings), values, args.id_column, progress=progress)
    _print(found)
    broken = broken_links(settings.root)
    chain = f"broken at {', '.join(broken)}" if broken else "unbroken"
    console.print(f"{len(certificates(settings.root))} certificate(s), chain {chain}", markup=False)
    return found.is_clean and not broken


def _values(texts: list[str]) -> list[Value]:
    from shoplake.governance.erasure.values import guess_kind

    return [guess_kind(text) for text in texts]


def _print(found: Search) -> None:
    from rich.markup import escape

    from shoplake.governance.erasure.state import unwritable

    shown = [
        {
            "place": escape(p.where),
            "value": p.value,
            "written": p.writing,
            "after": escape(p.context),
        }
        for p in found.places[:_SHOWN]
    ]
    if shown:
        print_rows(shown, "Found")
    if len(found.places) > _SHOWN:
        console.print(f"... and {len(found.places) - _SHOWN:,} more places")
    for line in found.unread[:_SHOWN]:
        console.print(f"[yellow]not searched[/] {escape(line)}")
    for folder in unwritable(p.where for p in found.places):
        console.print(
            f"[yellow]RocksDB state of a stream[/] {escape(folder)}: it is not rewritten."
            " Stop the query, delete this checkpoint, erase again, start the query anew"
        )
    verdict = "nothing found" if not found.places else f"{len(found.places):,} places"
    console.print(
        f"{verdict}: {found.values} values in {found.files:,} files,"
        f" {found.bytes_read / 1e6:,.0f} MB with what is packed; manifest {found.manifest}"
    )


@contextmanager
def _bar() -> Iterator[Progress]:
    from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("searching"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Bar(*columns, console=console, transient=True) as bar:
        task = bar.add_task("search", start=False, total=None, visible=False)

        def progress(done: int, total: int) -> None:
            bar.start_task(task)
            bar.update(task, completed=done, total=total, visible=done < total)

        yield progress
