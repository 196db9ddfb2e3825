"""The columns of one node of a plan, and what each comes from.

Two things are followed apart: what can change a value in a row that is there before and after (a
column's origins), and what decides which rows are there (`rows`, all indirect). A value made from
several rows (aggregate, window, a join that is not by a key) depends on what decides those rows.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from shoplake.governance.lineage.edges import Origin
from shoplake.governance.lineage.expressions import (
    Name,
    Nodes,
    UntracedError,
    Use,
    expression_id,
    stronger,
)

Origins = frozenset[Origin]
NOTHING: Origins = frozenset()


@dataclass(frozen=True)
class Frame:
    """What is known of a node's output.

    Attributes:
        columns: expression id and name, in order.
        origins: of each attribute, by expression id, and of fields of some that are structs.
        rows: what decides which rows there are.
        unique: sets of attributes that identify a row.
        opaque: a Python function made whole rows, and may hold values read on the driver.
    """

    columns: tuple[tuple[int, str], ...]
    origins: dict[Name, Origins]
    rows: Origins = NOTHING
    unique: tuple[frozenset[int], ...] = ()
    opaque: bool = False

    def of(self, used: Iterable[Use]) -> Origins:
        """The origins of what uses these attributes.

        Raises:
            UntracedError: it uses an attribute that the node does not have.
        """
        found: set[Origin] = set()
        for use in used:
            name = use.attribute
            if isinstance(name, tuple) and name not in self.origins:
                name = name[0]
            if name not in self.origins:
                raise UntracedError(f"attribute {name}")
            found.update(_through(use, origin) for origin in self.origins[name])
        return frozenset(found)

    @property
    def everything(self) -> Origins:
        """The origins of all output columns."""
        return NOTHING.union(*(self.origins[i] for i, _ in self.columns))

    def named(self) -> dict[str, Origins]:
        """The origins of each output column, by its name."""
        return {name: self.origins[i] for i, name in self.columns}


def _through(use: Use, origin: Origin) -> Origin:
    """`origin` seen through one more expression."""
    if origin.kind != "direct":
        return origin
    if use.kind == "indirect":
        return Origin(*origin[:2], "indirect", use.how)
    masked = origin.masked or use.masked
    return Origin(*origin[:2], "direct", stronger(origin.how, use.how), masked)


def deciding(origins: Iterable[Origin], how: str) -> Origins:
    """`origins` as of something that decides and does not flow."""
    return frozenset(_through(Use(0, "indirect", how, False), o) for o in origins)


def attributes(output: list[Nodes]) -> tuple[tuple[int, str], ...]:
    """Id and name of each named expression of a list."""
    return tuple((expression_id(nodes[0]), str(nodes[0]["name"])) for nodes in output)
