"""Erasing one person, layer by layer; every stage can be run again, so a killed one is completed.

The order of things: the request is recorded with all that identifies the person; models that
learned from them are looked for while the versions they read are still there; gold, silver and
governance go before bronze, from which the person is known; then files outside tables; then the
bytes that deleting left behind; then everything is searched. Only if nothing is found is there a
certificate.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from shoplake import __version__
from shoplake.erase.files import rewrite_files
from shoplake.erase.texts import TABLE as TEXTS
from shoplake.erase.texts import remove_texts
from shoplake.errors import GovernanceError
from shoplake.governance.erasure import certificate
from shoplake.governance.erasure.files import searcher
from shoplake.governance.erasure.model_marks import trained_on
from shoplake.governance.erasure.order import Order, Subject, open_orders
from shoplake.governance.erasure.purge import purge_table
from shoplake.governance.erasure.rows import bronze_rows, mask_mentions, remove_rows
from shoplake.governance.erasure.suppress import (
    TABLE,
    digest,
    pseudonym_digest,
    suppressed,
    suppression_key,
)
from shoplake.governance.erasure.tables import lake_tables, outermost, table_of
from shoplake.governance.erasure.values import Value
from shoplake.governance.erasure.verify import Progress, Search, search
from shoplake.governance.ledger import append
from shoplake.governance.migrate import complete
from shoplake.governance.run import Run
from shoplake.models.relevance.tracking import RankerRegistry
from shoplake.models.tracking import Registry
from shoplake.refine.known import other_key
from shoplake.refine.pseudonym import Secret
from shoplake.refine.rekey import key_changed
from shoplake.refine.subject import find_subject, parse_subject
from shoplake.runtime.console import say
from shoplake.runtime.key import pseudonym_key
from shoplake.runtime.settings import Settings
from shoplake.serve.assistant.dialogue import Sessions


def erase(
    run: Run,
    wanted: str,
    values: Iterable[Value] = (),
    *,
    unknown: bool = False,
    progress: Progress | None = None,
) -> tuple[Search, Path | None]:
    """Erase one person from every layer of the lake.

    Args:
        run: of the lake.
        wanted: `<shop>:<id>`, or the person's pseudonym.
        values: further values that identify them, such as an old e-mail address.
        unknown: whether it may be somebody whom no table names: they are kept out from now on.
        progress: of the two searches, in bytes.

    Returns:
        The search after it, and the certificate; None if something was found or not searched.

    Raises:
        GovernanceError: another erasure is under way.
        SettingsError: the pseudonym key is missing, or not the lake's.
        ShoplakeError: `wanted` names nobody that the lake knows, or a file cannot be rewritten.
    """
    order = _order(run, wanted, tuple(values), unknown)
    root, subject = run.lake.settings.root, order.subject
    done = [p for p in certificate.certificates(root) if p.stem.endswith(order.request)]
    if not done:
        for table in lake_tables(run):
            complete(run.lake, table)
        found = _search(run.lake.settings, order, progress)
        order.before = order.before or found.manifest
        _mark_models(run, order)
        _tables(run, order, found)
        rewrite_files(run, order, found)
        for key in subject.keys:
            Sessions(str(root.resolve()), key, hours=math.inf).forget()
        _purge(run, order, found)
        order.save(root)
        found = _search(run.lake.settings, order, progress)
        if not found.is_clean:
            return found, None
        path, sha = _certify(run, order, found)
    else:
        path, sha = done[0], certificate.newest_hash(root)
        found = search([], subject.searched)
    _record(run, order, "done", sha, certificate.previous_of(path))
    order.close(root)
    return found, path


def roots(settings: Settings) -> list[Path]:
    """What a search covers: the lake, and the model store where it is a folder elsewhere."""
    store = settings.tracking_uri
    places = [settings.root]
    if store.startswith("sqlite:///"):
        folder = Path(store.removeprefix("sqlite:///")).parent
        if settings.root not in (folder, *folder.parents):
            places.append(folder)
    return places


def _order(run: Run, wanted: str, values: tuple[Value, ...], unknown: bool) -> Order:
    """The open order for this person, or a new one."""
    lake, root = run.lake, run.lake.settings.root
    key = suppression_key(lake)
    said = parse_subject(wanted)
    for order in open_orders(root):
        mine = (
            digest(*said, key) in order.digests
            if isinstance(said, tuple)
            else (said in order.subject.keys)
        )
        if not mine:
            raise GovernanceError(
                "the erasure of another person was not completed",
                where=str(order.path(root)),
                remedy="complete it first: erase that person again",
            )
        say(run.step, f"going on with request {order.request}")
        if not lake.rows(TABLE, ["request"], {"request": order.request}):
            # Until it is on record, the person could come back by a file or a message.
            _record(run, order, "requested")
        return order
    secret = Secret(pseudonym_key(lake.settings, lake.spark))
    if key_changed(run, secret):
        raise other_key(lake.settings)
    # Somebody who was erased before is in no table, and may be erased again.
    again = isinstance(said, tuple) and digest(*said, key) in suppressed(lake)
    subject = find_subject(lake, run.contracts, secret, wanted, unknown=unknown or again)
    subject = Subject(subject.ids, subject.keys, (*subject.values, *values), subject.id_names)
    order = Order(
        request=run.run_id,
        requested_at=datetime.now(UTC).isoformat(timespec="seconds"),
        digests=(
            *(digest(shop, person, key) for shop, person in subject.ids),
            *(pseudonym_digest(pseudonym, key) for pseudonym in subject.keys),
        ),
        subject=subject,
    )
    order.save(root)
    _record(run, order, "requested")
    say(run.step, f"request {order.request}: {len(subject.ids)} identities,"
        f" {len(subject.values)} identifying values")  # fmt: skip
    return order


def _search(settings: Settings, order: Order, progress: Progress | None) -> Search:
    return search(
        roots(settings),
        order.subject.searched,
        order.subject.id_names,
        progress=progress,
        leave=[order.path(settings.root)],
    )


def _mark_models(run: Run, order: Order) -> None:
    if order.models is None:
        found = trained_on(run.lake, run.contracts, order.subject)
        order.models = [f"{name} {version}" for name, version in found]
        order.save(run.lake.settings.root)
    settings = run.lake.settings
    registries = {r.name: r for r in (Registry.of(settings), RankerRegistry.of(settings))}
    for line in order.models:
        name, version = line.rsplit(" ", 1)
        if name in registries:
            registries[name].mark_erased(version, order.request)


def _tables(run: Run, order: Order, found: Search) -> None:
    """Rows out, mentions masked: where the search found something, in bronze and quarantines.

    In every bronze table: an id that another shop gave as well is searched for nowhere, but with
    its shop it tells whose a record is.
    """
    lake, root = run.lake, run.lake.settings.root
    tables = outermost(lake_tables(run))
    dirty = _dirty_tables(run, found)
    records = [t for t in tables if t.startswith("bronze.")]
    row_ids = bronze_rows(lake, records, order.subject)
    if removed := remove_texts(run, order):
        order.did(TEXTS, rows_removed=removed)
        order.save(root)
    for table in tables:
        if table not in dirty and not table.startswith(("bronze.", "governance.quarantine_")):
            continue
        contract = run.contracts.get(table)
        columns = dirty.get(table, set())
        removed = remove_rows(lake, table, contract, order.subject, row_ids, columns)
        masked = mask_mentions(lake, table, order.subject, columns)
        if removed or masked:
            order.did(table, rows_removed=removed, rows_masked=masked)
            order.save(root)
            say(run.step, f"{table:<24} {removed:>9,} rows removed, {masked:,} masked")


def _dirty_tables(run: Run, found: Search) -> dict[str, set[str] | None]:
    """Tables that hold a value in any byte, and in which columns of Parquet files.

    Under a catalog, whose bytes are out of reach, all tables and columns (None).
    """
    names = set(lake_tables(run))
    if run.lake.settings.catalog:
        return dict.fromkeys(names)
    dirty: dict[str, set[str] | None] = {}
    for place in found.places:
        table = table_of(place.where, run.lake.settings)
        if table in names:
            columns = dirty.setdefault(table, set())
            column = re.search(r" > column ([^.,]+)", place.where)
            if column and columns is not None:
                columns.add(column[1])
    return dirty


def _purge(run: Run, order: Order, found: Search) -> None:
    lake, root = run.lake, run.lake.settings.root
    scanner, dirty = searcher(order.subject), _dirty_tables(run, found)
    for table in lake_tables(run):
        if table in dirty or table in order.tables:
            order.did(table, **purge_table(lake, table, scanner.in_file))
            order.save(root)
            say(run.step, f"{table:<24} [dim]older versions purged[/]")


def _certify(run: Run, order: Order, found: Search) -> tuple[Path, str]:
    root = run.lake.settings.root
    body = {
        "request": order.request,
        "requested_at": order.requested_at,
        "done_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "shoplake": __version__,
        "previous": certificate.newest_hash(root),
        "subject": {
            "digests": list(order.digests),
            "values_searched": found.values,
            "values_not_searched": list(found.skipped),
        },
        "tables": order.tables,
        "files": order.files,
        "models_marked": order.models or [],
        "manifest_before": order.before,
        "manifest_after": found.manifest,
        "verification": {
            "files": found.files,
            "bytes_searched": found.bytes_read,
            "places_found": len(found.places),
            "not_searched": list(found.unread),
        },
    }
    return certificate.write(root, order.request, body)


def _record(
    run: Run, order: Order, state: str, sha: str | None = None, previous: str | None = None
) -> None:
    removed = sum(t.get("rows_removed", 0) for t in order.tables.values())
    now = datetime.now(UTC).replace(tzinfo=None)
    counted = (removed, order.models or []) if sha else (None, None)
    row = (order.request, state, list(order.digests), *counted, sha, previous, now)
    append(run.lake, run.contracts[TABLE], [row])
