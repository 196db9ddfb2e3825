"""One table that is being built: its edges from the plan of its rows, and its run events."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from shoplake.contracts.model import Contract
from shoplake.errors import ShoplakeError
from shoplake.governance.judge import CAST_FAILURES, DUPLICATE_OF
from shoplake.governance.ledger import Counts
from shoplake.governance.lineage.edges import UNTOLD, Edge, Origin, edges_of
from shoplake.governance.lineage.events import Datasets, event, statistics
from shoplake.governance.lineage.frame import NOTHING, Frame, deciding

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from shoplake.governance.lineage.record import Lineage


class Building:
    """A table that is being built; made by `Lineage.building`."""

    def __init__(
        self,
        lineage: Lineage,
        contract: Contract,
        inputs: dict[str, int],
        declared: tuple[str, ...],
        name: str,
    ) -> None:
        self._lineage = lineage
        self._contract = contract
        self._inputs = inputs
        self._absent = frozenset(
            known.column_names
            for table in declared
            if table not in inputs and (known := lineage.contracts.get(table)) is not None
        )
        self._job = lineage.job(contract.table, name)
        self._run = str(uuid.uuid4())
        self._edges: list[Edge] = []
        self._rows: int | None = None

    def made(self, candidate: DataFrame) -> None:
        """Record where the candidate rows come from.

        Before they are published: a run that is killed in between builds the table again, but one
        that is killed after publishing would not.
        """

        def find() -> Iterator[Edge]:
            frame = self._lineage.scanner(absent=self._absent).frame(candidate)
            yield from table_edges(self._job, self._contract, frame)
            seen = {o.table for o in frame.everything | frame.rows}
            # A plan that was cut, or a Python function that holds values, may hide a table.
            hidden = [t for t in self._inputs if frame.opaque or t not in seen]
            yield from self._untold(hidden)

        edges = self._lineage.keep(self._job, find)
        if edges is None:
            edges = self._lineage.keep(self._job, lambda: self._untold(self._inputs))
        self._edges = edges or []

    def made_from_files(
        self, parts: Mapping[str, DataFrame], constants: tuple[str, ...] = ()
    ) -> None:
        """Record where rows that were read from files come from.

        Args:
            parts: what to call a kind of file -> the rows of the table that are read from it.
            constants: columns of a frame within the parts that tells of files, not of records.
        """

        def find() -> Iterator[Edge]:
            for files, part in parts.items():
                scanner = self._lineage.scanner(files=files, absent=frozenset([constants]))
                yield from table_edges(self._job, self._contract, scanner.frame(part))

        edges = self._lineage.keep(self._job, find)
        if edges is None:
            edges = self._lineage.keep(self._job, lambda: self._untold(parts))
        self._edges = edges or []

    def published(self, counts: Counts) -> None:
        """Note how many rows the table was given."""
        self._rows = counts.good

    def tell(self, kind: str, error: BaseException | None = None) -> None:
        """Send a run event."""

        def make(datasets: Datasets) -> dict[str, Any]:
            output = datasets.output(self._contract)
            inputs = [datasets.dataset(t, v) for t, v in sorted(self._inputs.items())]
            if kind == "COMPLETE":
                others = {e.source_table for e in self._edges} - set(self._inputs)
                inputs += [datasets.dataset(t) for t in sorted(others)]
                # Of a change only, nothing is traced: what was told of the whole table holds.
                if self._edges:
                    output["facets"]["columnLineage"] = datasets.column_lineage(self._edges)
                if self._rows is not None:
                    output["outputFacets"] = statistics(self._rows)
            return event(
                kind, datasets.namespace, self._job, self._run,
                parent=self._lineage.parent, inputs=inputs, outputs=[output],
                error=None if error is None else _harmless(error),
            )  # fmt: skip

        self._lineage.send(make)

    def _untold(self, tables: Iterable[str]) -> Iterator[Edge]:
        for table in tables:
            yield Edge(self._job, self._contract.table, None, table, None, "unknown", UNTOLD)


def table_edges(job: str, contract: Contract, frame: Frame) -> Iterator[Edge]:
    """The edges of a table that holds the good rows of `frame` under its contract."""
    named = frame.named()
    judging = [named.get(CAST_FAILURES, NOTHING), named.get(DUPLICATE_OF, NOTHING)]
    theirs: list[Origin] = []
    for rule in contract.rules:
        if rule.on_breach != "quarantine":
            continue
        said = " ".join(text for text in (rule.condition, rule.where, rule.value) if text)
        used = {*rule.columns, *rule.per, *re.findall(r"\w+", said)}
        judging += [named[c] for c in sorted(used) if c in named]
        if rule.reference is not None:
            table, *columns = rule.reference
            theirs += [Origin(table, c, "indirect", "rule") for c in columns]
    rows = frame.rows.union(*(deciding(o, "rule") for o in judging), theirs)
    yield from edges_of(job, contract.table, None, rows)
    for column in contract.column_names:
        yield from edges_of(job, contract.table, column, named.get(column, NOTHING))


def _harmless(error: BaseException) -> str:
    """What may be told of an error: Spark's messages can hold values of the data."""
    return error.what if isinstance(error, ShoplakeError) else type(error).__name__
