"""An edge of the lineage graph, and what a source's influence on a target is called."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, NamedTuple

Kind = Literal["direct", "indirect", "unknown"]

#: Source of what a plan does not tell: values made on the driver, or cut from their plan.
UNKNOWN = "unknown"
#: The transformation of an edge that no plan tells.
UNTOLD = "not told by the plan"

#: How a value flows, weakest first; of several steps the strongest names the whole.
FLOWS = ("identity", "transformation", "aggregation")


class Origin(NamedTuple):
    """A column that something in a plan depends on.

    Attributes:
        table: table, `files:<shop>/<glob>`, `model:<name>/<version>` or UNKNOWN.
        column: its column; None stands for the whole.
        kind: direct: its value flows; indirect: it decides which value or which rows.
        how: of FLOWS when direct, else filter, join, group, sort, window, conditional or rule.
        masked: the value passes a hash or a keyed pseudonym.
    """

    table: str
    column: str | None
    kind: Kind
    how: str
    masked: bool = False

    def seen(self) -> Origin:
        """The same after code that no plan shows."""
        is_plain = self.kind == "direct" and self.how == "identity"
        return self._replace(how="transformation") if is_plain else self


@dataclass(frozen=True, order=True)
class Edge:
    """One dependency of a target on a source.

    Attributes:
        job: what made it, `<step>.<target>` and whatever tells several of them apart.
        target_table, target_column: a null column means the rows (indirect), or the target as a
            whole (a model).
        source_table, source_column: a null column means the source as a whole.
        kind, transformation: as in `Origin`; several ways are joined by commas.
    """

    job: str
    target_table: str
    target_column: str | None
    source_table: str
    source_column: str | None
    kind: Kind
    transformation: str


def edges_of(
    job: str, target: str, column: str | None, origins: Iterable[Origin]
) -> Iterable[Edge]:
    """At most one direct and one indirect edge per source of one target column.

    That a value which no plan tells decides a column is said once, of the rows.
    """
    ways: dict[tuple[str, str | None, Kind], list[Origin]] = {}
    for origin in origins:
        if origin.table == UNKNOWN and origin.kind == "indirect" and column is not None:
            continue
        kind: Kind = UNKNOWN if origin.table == UNKNOWN else origin.kind  # type: ignore[assignment]
        ways.setdefault((origin.table, origin.column, kind), []).append(origin)
    for (table, source, kind), found in ways.items():
        yield Edge(job, target, column, table, source, kind, _text(kind, found))


def _text(kind: Kind, ways: list[Origin]) -> str:
    if kind == "indirect":
        return ", ".join(sorted({w.how for w in ways}))
    if kind == "unknown":
        return UNTOLD
    strongest = max((w.how for w in ways), key=lambda how: FLOWS.index(how) if how in FLOWS else -1)
    return f"{strongest}, masked" if all(w.masked for w in ways) else strongest
