"""Messages of erased people, which files and topics may bring again, are left out."""

from __future__ import annotations

from typing import Any

from shoplake.governance.erasure.suppress import pseudonym_digest, suppressed, suppression_key
from shoplake.governance.run import Run
from shoplake.runtime.console import say


def without_erased(run: Run, rows: list[Any]) -> list[Any]:
    """The messages but those of erased people, whose pseudonyms the erasure keeps a digest of.

    Args:
        run: of the lake; how many were left out is said.
        rows: of `queue.messages`.
    """
    digests = suppressed(run.lake)
    if not digests:
        return rows
    key = suppression_key(run.lake)
    whose = {row["person_key"] for row in rows} - {None}
    gone = {person for person in whose if pseudonym_digest(person, key) in digests}
    kept = [row for row in rows if row["person_key"] not in gone]
    if len(kept) < len(rows):
        say(run.step, f"[yellow]{len(rows) - len(kept):,} message(s) of erased people left out[/]")
    return kept
