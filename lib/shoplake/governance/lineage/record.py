"""What a run tells of where its targets come from; nothing of it can break the run."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from shoplake.contracts.book import ContractBook
from shoplake.contracts.model import Contract
from shoplake.governance.lineage.building import Building
from shoplake.governance.lineage.edges import Edge, Origin, edges_of
from shoplake.governance.lineage.events import Datasets, event
from shoplake.governance.lineage.scans import Scanner
from shoplake.governance.lineage.sink import EventSink
from shoplake.governance.lineage.store import TABLE, EdgeStore
from shoplake.runtime.console import say
from shoplake.runtime.lake import Lake
from shoplake.runtime.trouble import explained

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

Columns = tuple[str, ...]


class Lineage:
    """Records where the targets of one run come from.

    Args:
        lake, contracts: of the run.
        run_id, step: of the run.
    """

    def __init__(self, lake: Lake, contracts: ContractBook, run_id: str, step: str) -> None:
        self.contracts = contracts
        self.parent = (step, run_id)
        self._settings = lake.settings
        self._sink: EventSink | None = None
        self._telling = threading.RLock()
        known = contracts.get(TABLE)
        self._store = EdgeStore(lake, known, run_id, step) if known is not None else None

    @contextmanager
    def building(
        self,
        contract: Contract,
        inputs: Mapping[str, int],
        declared: Iterable[str] = (),
        *,
        name: str = "",
    ) -> Iterator[Building]:
        """Tells that a table is being built, and how it ended.

        Args:
            contract: of the table.
            inputs: Delta versions of the tables read.
            declared: tables that may be read; those that do not exist are read as empty.
            name: tells several jobs of one step and table apart.
        """
        building = Building(self, contract, dict(inputs), tuple(declared), name)
        building.tell("START")
        try:
            yield building
        except BaseException as error:
            building.tell("FAIL", error)
            raise
        building.tell("COMPLETE")

    def columns(self, target: str, frame: DataFrame) -> None:
        """Record a target that is no table of the lake, such as a feed, column by column."""
        job = self.job(target)

        def find() -> Iterator[Edge]:
            traced = self.scanner().frame(frame)
            yield from edges_of(job, target, None, traced.rows)
            for column, origins in traced.named().items():
                yield from edges_of(job, target, column, origins)

        self.keep(job, find)

    def flows(
        self,
        target: str,
        into: Sequence[str | None],
        *frames: DataFrame,
        sources: Mapping[str, Sequence[str | None]],
        name: str = "",
    ) -> None:
        """Record what no plan tells: what is read on the driver or by other processes.

        Args:
            target: table, feed or model version.
            into: columns of it that all the rest flows into; None is the target as a whole.
            frames: what was read.
            sources: further sources and their columns; None is the source as a whole.
            name: tells several jobs of one step and target apart.
        """
        job = self.job(target, name)

        def find() -> Iterator[Edge]:
            origins = {
                Origin(table, c, "direct", "transformation")
                for table, columns in sources.items()
                for c in columns
            }
            for frame in frames:
                traced = self.scanner().frame(frame)
                origins |= {o.seen() for o in traced.everything} | traced.rows
            for column in into:
                yield from edges_of(job, target, column, origins)

        self.keep(job, find)

    def keep(self, job: str, find: Callable[[], Iterable[Edge]]) -> list[Edge] | None:
        """The edges, recorded and, when they changed, told; None: they could not be found."""
        found: list[Edge] | None = None

        def work() -> None:
            nonlocal found
            found = list(find())
            with self._telling:
                if self._store is not None and self._store.keep(job, found):
                    self._tell_untabled(job, found)

        self._quietly(job, work)
        return found

    def job(self, target: str, name: str = "") -> str:
        """The name of the job that makes a target."""
        return ".".join(part for part in (self.parent[0], target, name) if part)

    def scanner(
        self, *, files: str | None = None, absent: frozenset[Columns] = frozenset()
    ) -> Scanner:
        """What follows this lake's plans; see `Scanner`."""

        def keys(table: str) -> Columns:
            known = self.contracts.get(table)
            return known.key if known is not None else ()

        return Scanner(self._settings, keys, files, absent)

    def send(self, make: Callable[[Datasets], dict[str, Any]]) -> None:
        """Send an event."""

        def work() -> None:
            with self._telling:
                if self._sink is None:
                    self._sink = EventSink(self._settings)
                self._sink.send(make(Datasets(self._settings, self._sink.namespace)))

        self._quietly("events", work)

    def _tell_untabled(self, job: str, edges: Sequence[Edge]) -> None:
        """Events of a target that is not built as a table is."""
        targets = {e.target_table for e in edges if ":" in e.target_table}
        run_id = str(uuid.uuid4())
        for target in targets:
            for kind in ("START", "COMPLETE"):

                def make(datasets: Datasets, kind: str = kind, target: str = target) -> Any:
                    output = datasets.dataset(target)
                    output["facets"]["columnLineage"] = datasets.column_lineage(edges)
                    inputs = [datasets.dataset(t) for t in sorted({e.source_table for e in edges})]
                    return event(
                        kind, datasets.namespace, job, run_id,
                        parent=self.parent, inputs=inputs, outputs=[output],
                    )  # fmt: skip

                self.send(make)

    def _quietly(self, what: str, work: Callable[[], None]) -> None:
        """Do it; whatever goes wrong is a line of warning."""
        try:
            work()
        except Exception as error:
            known, line = explained(error), (str(error).splitlines() or [""])[0][:120]
            said = known.what if known else f"{type(error).__name__} {line}"
            say(self.parent[0], f"[yellow]lineage of {what}: {said}[/]")
