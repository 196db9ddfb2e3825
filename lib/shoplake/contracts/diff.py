"""What differs between two contracts of a table, whom it breaks, and the version it calls for.

Directions are those of schema registries. A change is *backward* incompatible when rows that fit
the old contract (those stored, and those its writers send) no longer fit the new one, and *forward*
incompatible when a reader who relies on the old contract can meet rows it excluded. What readers
compile against and join on (names, types, nullability, keys, uniqueness, references, grain,
freshness, privacy) is held FULL: breaking either way is breaking. What rows may hold (ranges,
lengths, patterns, sets, conditions) is held BACKWARD: tightening is breaking, loosening is not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

from shoplake.contracts.diff_rules import rule_changes
from shoplake.contracts.locate import Places
from shoplake.contracts.model import Column, Contract
from shoplake.contracts.verdicts import BOTH, Direction, Finding, text_of
from shoplake.contracts.widening import widens

Kind = Literal["breaking", "compatible", "documentation"]

_PRIVACY = ("public", "internal", "pseudonym", "personal")
_COMPARED_APART = {
    *("table", "version", "columns", "rules", "source"),
    *("freshness", "freshness_column", "retention", "retention_column"),
}


@dataclass(frozen=True)
class Change:
    """One difference: `clause` as in `quantity.type`, `breaks` the directions it breaks."""

    kind: Kind
    clause: str
    message: str
    breaks: tuple[Direction, ...]
    where: str

    def __str__(self) -> str:
        return f"{self.where}: {self.clause}: {self.message}"

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def diff(old: Contract, new: Contract) -> list[Change]:
    """Every difference, breaking ones first; a removed clause is shown where the old file has it.

    Args:
        old, new: two contracts, usually of one table; one without a file is shown at the other's.
    """
    found = [
        *_table_findings(old, new),
        *_column_findings(old, new),
        *rule_changes(old, new),
    ]
    places = Places(old.source), Places(new.source)
    order = ("breaking", "compatible", "documentation")
    return sorted(
        (_change(f, places, new.table) for f in found), key=lambda change: order.index(change.kind)
    )


def breaking(changes: Iterable[Change]) -> list[Change]:
    """Those of `changes` that break somebody."""
    return [c for c in changes if c.kind == "breaking"]


def _change(finding: Finding, places: tuple[Places, Places], table: str) -> Change:
    refused = set(finding.breaks) & set(finding.held)
    kind: Kind = "documentation" if finding.only_words else "breaking" if refused else "compatible"
    old, new = places
    first, second = (old, new) if finding.gone else (new, old)
    where = first.of(finding.path) or second.of(finding.path) or table
    return Change(kind, ".".join(finding.path), finding.message, finding.breaks, where)


def _table_findings(old: Contract, new: Contract) -> Iterator[Finding]:
    if old.table != new.table:
        yield Finding(("table",), f"another table: {old.table}, now {new.table}", BOTH)
    if old.key != new.key:
        if set(old.key) == set(new.key):
            yield Finding(("key",), f"key order {text_of(old.key)}, now {text_of(new.key)}")
        else:
            message = f"the key was ({', '.join(old.key)}), is ({', '.join(new.key)})"
            yield Finding(("key",), message, BOTH)
    if old.partition_by != new.partition_by:
        message = f"partitions were {text_of(old.partition_by)}, are {text_of(new.partition_by)}"
        yield Finding(
            ("partition_by",), f"{message}: the table is laid out anew, streams restart", BOTH
        )
    yield from _freshness(old, new)
    yield from _retention(old, new)
    for name in (f.name for f in fields(Contract) if f.compare and f.name not in _COMPARED_APART):
        before, after = getattr(old, name), getattr(new, name)
        if before != after:
            yield _table_clause(name, before, after)


def _table_clause(name: str, before: Any, after: Any) -> Finding:
    path = (name,)
    if name == "description":
        return Finding(path, "says something else", only_words=True)
    if name == "owners":
        message = f"was owned by {text_of(before)}, is by {text_of(after)}"
        return Finding(path, message, only_words=True)
    if name == "status":
        return Finding(path, f"was {before}, is {after}", only_words=True)
    if name == "grain":
        if _words(before) == _words(after) or not before:
            return Finding(path, f"now put as '{after}'", only_words=True)
        return Finding(path, f"one row was '{before}', is '{after}'", BOTH)
    if name == "slice_by":
        message = f"a run replaced slices by {text_of(before)}, now by {text_of(after)}"
        return Finding(path, message, BOTH)
    if name == "check_constraints":
        message = f"Delta enforced the rules of '{before}', enforces those of '{after}'"
        return Finding(path, message, () if after == "stop" else BOTH[:1])
    if name == "append_only":
        if after:
            return Finding(path, "rows were kept up to date, now they are only added", BOTH)
        return Finding(path, "rows were only added, now they are updated and deleted", BOTH)
    return Finding(path, f"was {text_of(before)}, is {text_of(after)}", BOTH)


def _freshness(old: Contract, new: Contract) -> Iterator[Finding]:
    """A promise to readers alone: no row is refused for its age."""
    path = ("freshness",)
    before, after = old.freshness, new.freshness
    both = before is not None and after is not None
    if both and old.freshness_column != new.freshness_column:
        message = f"measured by {old.freshness_column}, now by {new.freshness_column}"
        yield Finding(path, message, BOTH)
    if before == after:
        return
    if before is None:
        yield Finding(path, f"at most {text_of(after)}: newly promised", ())
    elif after is None:
        yield Finding(path, f"at most {text_of(before)}: no longer promised", BOTH[1:], gone=True)
    elif after > before:
        yield Finding(path, f"loosened from {text_of(before)} to {text_of(after)}", BOTH[1:])
    else:
        yield Finding(path, f"tightened from {text_of(before)} to {text_of(after)}", ())


def _retention(old: Contract, new: Contract) -> Iterator[Finding]:
    """Shorter takes rows from readers; longer keeps people's data beyond what was promised."""
    path, forward = ("retention",), BOTH[1:]
    before, after = old.retention, new.retention
    both = before is not None and after is not None
    if both and old.retention_column != new.retention_column:
        message = f"measured by {old.retention_column}, now by {new.retention_column}"
        yield Finding(path, message, forward)
    if before == after:
        return
    if before is None or (after is not None and after < before):
        stayed = text_of(before) if before else "for good"
        message = f"rows leave after {text_of(after)}, they stayed {stayed}"
        yield Finding(path, message, forward)
    else:
        stay = text_of(after) if after else "for good"
        message = f"rows were promised to leave after {text_of(before)}, they stay {stay}"
        yield Finding(path, message, forward, gone=after is None)


def _column_findings(old: Contract, new: Contract) -> Iterator[Finding]:
    before = {c.name: c for c in old.columns}
    after = {c.name: c for c in new.columns}
    gone = [c for c in old.columns if c.name not in after]
    added = [c for c in new.columns if c.name not in before]
    for column in gone:
        heir = _heir(column, added, old, new)
        added = [c for c in added if c != heir]
        message = f"renamed to '{heir.name}'" if heir else "removed: readers no longer find it"
        breaks: tuple[Direction, ...] = BOTH if heir else ("forward",)
        yield Finding((column.name,), message, breaks, gone=True)
    for column in added:
        if column.required:
            message = "added as required: rows stored and sent so far have no value for it"
            yield Finding((column.name,), message, ("backward",))
        else:
            yield Finding((column.name,), f"added, {column.type}, may be null")
    for column in new.columns:
        if column.name in before:
            yield from _one_column(before[column.name], column)
    common = [c for c in old.column_names if c in after]
    if common != [c for c in new.column_names if c in before]:
        yield Finding(("columns",), "come in another order", only_words=True)


def _heir(column: Column, added: list[Column], old: Contract, new: Contract) -> Column | None:
    """The added column that looks like `column` under a new name, for the message only."""
    place = old.column_names.index(column.name)
    for other in added:
        same_words = bool(column.description) and column.description == other.description
        same_place = new.column_names.index(other.name) == place
        if other.type == column.type and (same_words or same_place):
            return other
    return None


def _one_column(old: Column, new: Column) -> Iterator[Finding]:
    for name in (f.name for f in fields(Column) if f.compare):
        before, after = getattr(old, name), getattr(new, name)
        if before == after or name in ("key_position", "partition_position"):
            continue
        path = (new.name, name)
        if name == "description":
            yield Finding(path, "says something else", only_words=True)
        elif name == "type":
            yield _type(path, before, after)
        elif name == "required" and after:
            message = "may no longer be null: rows that hold null no longer fit"
            yield Finding(path, message, ("backward",))
        elif name == "required":
            yield Finding(path, "may now be null: readers relied on a value", ("forward",))
        elif name == "classification":
            yield _privacy(path, before, after)
        else:
            yield Finding(path, f"was {text_of(before)}, is {text_of(after)}", BOTH)


def _type(path: tuple[str, ...], before: str, after: str) -> Finding:
    if widens(before, after):
        return Finding(path, f"widened from {before} to {after}: every value still fits")
    if widens(after, before):
        return Finding(path, f"narrowed from {before} to {after}", ("backward",))
    return Finding(path, f"changed from {before} to {after}", BOTH)


def _privacy(path: tuple[str, ...], before: str, after: str) -> Finding:
    if before in _PRIVACY and after in _PRIVACY:
        if _PRIVACY.index(after) < _PRIVACY.index(before):
            message = f"lowered from {before} to {after}: values that were protected are shown"
            return Finding(path, message, ("forward",))
        return Finding(path, f"raised from {before} to {after}: masks apply at once")
    return Finding(path, f"was {before}, is {after}", BOTH)


def _words(text: str) -> list[str]:
    return "".join(c.lower() if c.isalnum() else " " for c in text).split()
