"""Files that are no tables, without a person: copies away, raw files, state and texts rewritten."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from shoplake.catalog.folder import remove_below
from shoplake.errors import SourceError
from shoplake.feed import purge as purge_feed
from shoplake.governance.erasure.files import rewrite_text, searcher
from shoplake.governance.erasure.order import Order
from shoplake.governance.erasure.state import is_state, without
from shoplake.governance.erasure.tables import lake_tables, table_of
from shoplake.governance.erasure.text import cleaner
from shoplake.governance.erasure.verify import Search
from shoplake.governance.run import Run
from shoplake.ingest.check import mapping_path
from shoplake.ingest.mapping import load_mapping
from shoplake.ingest.registry import FileRegistry
from shoplake.ingest.withdraw import Whom, replace, withdraw
from shoplake.runtime.settings import conf_dir

#: Copies of rows that are no tables: made again when they are needed.
_COPIES = ("feed/examples", "runs")


def rewrite_files(run: Run, order: Order, found: Search) -> None:
    """Remove copies of rows, and rewrite the files below the lake that a search found values in.

    What is none of raw file, state and text stays as it is, and the next search finds it again.

    Args:
        run: of the lake.
        order: whom; what is done is added to it.
        found: the search.
    """
    settings, root = run.lake.settings, run.lake.settings.root
    for name in _COPIES:
        gone = purge_feed(root / name) if (root / name).is_dir() else []
        _did(order, root, f"{name}/: folders removed", len(gone))
    # A page may show what a held row of theirs says.
    _did(order, root, "catalogues removed", len(remove_below(root)))
    tables = set(lake_tables(run))
    clean, scanner = cleaner(order.subject), searcher(order.subject)
    names = {p.where.split(" > ")[0] for p in found.places}
    also: set[str] = set()
    if any(v.kind == "id" and v.shared for v in order.subject.values):
        also = {p.relative_to(root).as_posix() for p in _raw_files(order, root)} - names
    for name in sorted(names | also):
        path = root / name
        if table_of(name, settings) in tables or not path.is_file():
            continue
        if is_state(path):
            try:
                content, dropped = without(run.lake, path.read_bytes(), scanner.in_state)
            except (ValueError, OSError):
                continue  # The search that ends every erasure names it.
            if dropped:
                replace(path, content)
            _did(order, root, "state: entries removed", dropped)
        elif (counts := _counted(run, order, path, clean, may_fail=name in also)) is not None:
            _did(order, root, "raw: records removed", counts[0])
            _did(order, root, "raw: records masked", counts[1])
        elif rewrite_text(path, clean, replace):
            _did(order, root, "text: files rewritten", 1)


def _raw_files(order: Order, root: Path) -> Iterator[Path]:
    """Raw files of the person's shops: what another shop calls somebody too is not searched for."""
    for shop in sorted({shop for shop, _ in order.subject.ids}):
        folder = root / "raw" / shop
        yield from (p for p in (folder.rglob("*") if folder.is_dir() else ()) if p.is_file())


def _did(order: Order, root: Path, what: str, count: int) -> None:
    if count:
        order.files[what] = order.files.get(what, 0) + count
        order.save(root)


def _counted(
    run: Run, order: Order, path: Path, clean: Callable[[str], str], *, may_fail: bool
) -> tuple[int, int] | None:
    """As `_withdraw`; a file in which nothing was found may be one that nobody could ever read."""
    try:
        return _withdraw(run, order, path, clean)
    except SourceError:
        if not may_fail:
            raise
        _did(order, run.lake.settings.root, "raw: files that cannot be read, left as they are", 1)
        return 0, 0


def _withdraw(
    run: Run, order: Order, path: Path, clean: Callable[[str], str]
) -> tuple[int, int] | None:
    """Rewrite a raw file of one of the person's shops; None if it is none."""
    lake, subject = run.lake, order.subject
    for shop in sorted({shop for shop, _ in subject.ids}):
        source = mapping_path(shop, conf_dir())
        if not source.is_file():
            continue
        mapping = load_mapping(source)
        ids = frozenset(person for s, person in subject.ids if s == shop)
        whom = Whom(ids, frozenset(subject.id_names), clean)
        contract = run.contracts["governance.files"]
        registry = FileRegistry(lake, contract, shop, "") if lake.exists(contract.table) else None
        for folder in (lake.settings.root / "raw" / shop, lake.settings.root / "raw"):
            if folder in path.parents:
                counts = withdraw(mapping, folder, path, whom, registry)
                if counts is not None:
                    return counts
    return None
