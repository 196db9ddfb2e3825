"""Data to a drafted contract: two passes, the first to sample and draft, the second to count."""

from __future__ import annotations

from dataclasses import dataclass, field

import pyarrow as pa

from shoplake.contracts.draft.arrow import texts
from shoplake.contracts.draft.column import Column, draft_column
from shoplake.contracts.draft.keys import Tally, candidates, column_hashes, combined
from shoplake.contracts.draft.kinds import COVERAGE
from shoplake.contracts.draft.names import column_name
from shoplake.contracts.draft.personal import Detector
from shoplake.contracts.draft.sample import Sample, distinct
from shoplake.contracts.draft.source import Source, limited
from shoplake.errors import SourceError


@dataclass
class Draft:
    """A contract to be reviewed.

    Attributes:
        table: `<schema>.<table>`.
        source: what was profiled, for a person.
        rows: all of them were counted.
        columns: in the source's order.
        key: names of the columns that identify a row; empty: none do.
        key_note: the evidence for the key.
        repeats: rows that are an exact copy of another.
        notes: on how the source was read.
    """

    table: str
    source: str
    rows: int
    columns: list[Column]
    key: tuple[str, ...] = ()
    key_note: str = ""
    repeats: int = 0
    notes: list[str] = field(default_factory=list)


def draft_contract(
    source: Source, table: str, *, detect: Detector, rows: int | None = None
) -> Draft:
    """Draft a contract that at least COVERAGE of the rows fit, clause by clause.

    Args:
        source: read twice, in pieces.
        table: name of the table that the contract is for.
        detect: finds personal data.
        rows: look at no more than the first so many.

    Raises:
        SourceError: there are no rows.
    """
    sample = Sample(limited(source.pieces(), rows))
    if not sample.total:
        raise SourceError("no rows to profile", where=source.shown)
    columns: list[Column] = []
    for header in sample.rows.column_names:
        name = column_name(header, {c.name for c in columns})
        settled = source.types.get(header)
        values, counts, nulls = sample.column(header)
        columns.append(
            draft_column(header, name, values, counts, nulls, settled=settled, detect=detect)
        )
    tallies = [Tally(headers) for headers in candidates(sample, columns)]
    whole = Tally(tuple(c.header for c in columns))
    for piece in limited(source.pieces(), rows):
        _count(piece, columns, tallies, whole)
    for column in columns:
        column.drop_uncovered()
    draft = Draft(table, source.shown, sample.total, columns, notes=list(source.notes))
    draft.repeats = sum(whole.repeated)
    _choose_key(draft, tallies)
    return draft


def _count(piece: pa.Table, columns: list[Column], tallies: list[Tally], whole: Tally) -> None:
    blank = pa.nulls(piece.num_rows, pa.string())
    text = pa.table(
        {
            c.header: texts(piece[c.header]) if c.header in piece.column_names else blank
            for c in columns
        }
    )
    for column in columns:
        column.count(*distinct(text[column.header]))
    hashes = {c.header: column_hashes(text, c.header) for c in columns}
    row = combined(list(hashes.values()))
    whole.count(row, row)
    for tally in tallies:
        tally.count(combined([hashes[h] for h in tally.headers]), row)


def _choose_key(draft: Draft, tallies: list[Tally]) -> None:
    """The first candidate that identifies rows, exact copies apart."""
    by_header = {c.header: c for c in draft.columns}
    best: tuple[int, Tally] | None = None
    for tally in tallies:
        _, others = tally.repeated
        if best is None or others < best[0]:
            best = (others, tally)
        if others <= (1 - COVERAGE) * draft.rows and all(
            by_header[h].required for h in tally.headers
        ):
            chosen = [c for c in draft.columns if c.header in tally.headers]
            draft.key = tuple(c.name for c in chosen)
            for position, column in enumerate(chosen, 1):
                column.key_position = position
            draft.key_note = _repeats(others, tally, "repeat the key of another, different row")
            return
    if best is not None:
        others, tally = best
        shown = ", ".join(by_header[h].name for h in tally.headers)
        draft.key_note = f"best seen: ({shown}), {_repeats(others, tally, 'repeat another')}"


def _repeats(others: int, tally: Tally, what: str) -> str:
    about = f", estimated from 1 in {tally.one_in} keys" if tally.one_in > 1 else ""
    return f"{others:,} row(s) {what}{about}" if others else f"no row repeats it{about}"
