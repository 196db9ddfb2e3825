"""Everything that is counted of a batch, as one aggregate of the judged rows.

The aggregate is a single JSON text, so it can be observed while the good rows are written, or
taken by a job of its own, and reads the same either way.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from shoplake.contracts.model import Column as ContractColumn
from shoplake.contracts.model import Contract, Rule
from shoplake.governance.judge import (
    BITS,
    CAST_FAILURES,
    DUPLICATE_OF,
    breaks,
    mask_name,
    row_rules,
    rule_broken,
)
from shoplake.governance.metrics import State, Wanted

#: Columns that say when a row came, not what it says; they do not make a row differ.
NOT_COMPARED = ("batch_id",)

Digest = tuple[int, int | None, int | None]
#: Of no rows.
NOTHING: Digest = (0, None, None)


@dataclass(frozen=True)
class Counted:
    """What a pass found.

    Attributes:
        rows, repeated, held: all rows; duplicates among them; held rows among the others.
        broken: rows that break each row rule.
        states: of the rows that are good, by column and scope.
        suspects: rules that some held row breaks, where held rows are counted apart.
        digest: of the rows that are good (`digest_of`).
        slices: values of the slice columns that occur.
    """

    rows: int
    repeated: int
    held: int
    broken: dict[str, int]
    suspects: tuple[Rule, ...]
    states: dict[tuple[str, str], State]
    digest: Digest
    slices: list[tuple[object, ...]] | None

    @property
    def good(self) -> int:
        """Rows that enter the table."""
        return self.rows - self.repeated - self.held


class Pass:
    """The aggregate over rows judged under a contract."""

    def __init__(
        self,
        contract: Contract,
        wanted: list[Wanted],
        columns: list[str],
        *,
        digested: bool = False,
    ) -> None:
        """`columns` are those of the judged rows; `digested` asks for the good rows' digest."""
        self.contract = contract
        self.wanted = wanted
        self.digested = digested
        self.rules: tuple[Rule, ...] = row_rules(contract)
        cast_failed = F.lit(False)
        if CAST_FAILURES in columns:
            cast_failed = F.coalesce(F.size(CAST_FAILURES) > 0, F.lit(False))
        self.marked = DUPLICATE_OF in columns
        repeated = F.col(DUPLICATE_OF).isNotNull() if self.marked else F.lit(False)
        broken = breaks(contract, having=("quarantine", "stop")) | cast_failed
        #: Conditions on a judged row; each row is one of good, held and repeated.
        self.repeated = repeated
        self.held = broken & ~repeated
        self.good = ~broken & ~repeated

    def aggregate(self, *, held_apart: bool = False) -> Column:
        """The aggregate, a string; `held_apart` leaves out what `held_aggregate` counts."""
        ones = [i for i, r in enumerate(self.rules) if not held_apart or r.on_breach == "warn"]
        parts = [
            _count(F.lit(True)).alias("rows"),
            *([_count(self.repeated).alias("repeated")] if self.marked else []),
            _count(self.held).alias("held"),
            *(_count(rule_broken(i)).alias(f"r{i}") for i in ones),
        ]
        if held_apart:
            masks = range(0, max(len(self.rules), 1), BITS)
            seen = [F.bit_or(F.when(self.held, F.col(mask_name(i)))) for i in masks]
            parts += [mask.alias(f"m{i}") for i, mask in enumerate(seen)]
        for i, want in enumerate(self.wanted):
            parts += [part.alias(f"{name}{i}") for name, part in self._state(want)]
        if self.digested:
            parts += [p.alias(f"d{i}") for i, p in enumerate(digest_of(self.contract, self.good))]
        if self.contract.slice_by:
            texts = [F.col(c).cast("string").alias(c) for c in self.contract.slice_by]
            parts.append(F.collect_set(F.struct(*texts)).alias("slices"))
        return F.to_json(F.struct(*parts)).alias("counted")

    def held_aggregate(self) -> Column:
        """How many of the held rows break each rule that holds rows, a string."""
        ones = [i for i, rule in enumerate(self.rules) if rule.on_breach != "warn"]
        parts = [_count(rule_broken(i)).alias(f"r{i}") for i in ones]
        return F.to_json(F.struct(F.lit(1).alias("one"), *parts)).alias("counted")

    def decode_held(self, text: str) -> dict[str, int]:
        """What `held_aggregate` says."""
        found = json.loads(text)
        return {r.name: found[f"r{i}"] for i, r in enumerate(self.rules) if f"r{i}" in found}

    def _state(self, want: Wanted) -> Iterator[tuple[str, Column]]:
        looked = self.good & F.expr(chosen_in(want.scope)) if want.scope else self.good
        if want.scope:
            yield "n", _count(looked)
        if not want.column:
            return
        column = self.contract.column(want.column)
        if want.scope or not column.required:
            yield "v", F.count(F.when(looked, F.col(want.column)))
        value = F.when(looked, number(column.name, column.type)) if _has_value(want) else F.lit(0)
        if want.extremes:
            if column.type not in ("date", "timestamp"):
                yield "t", F.sum(value)
            yield "l", F.min(value)
            yield "h", F.max(value)
        if want.moments:
            yield "q", F.var_pop(value) * F.count(value)
        if want.sketch:
            sketch = F.hll_sketch_agg(F.when(looked, hashed(column.name, column.type)))
            yield "s", sketch
            yield "e", F.hll_sketch_estimate(sketch)
        if want.bins is not None:
            text = F.when(looked, F.col(column.name).cast("string"))
            for b, bound in enumerate(want.bins):
                inside = value <= F.lit(float(bound)) if want.is_number else text == F.lit(bound)
                yield f"b{b}_", _count(inside)
            whole = ~F.isnan(value) & value.isNotNull() if want.is_number else text.isNotNull()
            yield "b_", _count(whole)

    def decode(self, text: str) -> Counted:
        """What the aggregate says."""
        found: dict[str, Any] = json.loads(text)
        repeated = found.get("repeated", 0)
        good = found["rows"] - repeated - found["held"]
        slices = None
        if self.contract.slice_by:
            slices = [
                tuple(s.get(c) for c in self.contract.slice_by) for s in found.get("slices", ())
            ]
        return Counted(
            rows=found["rows"],
            repeated=repeated,
            held=found["held"],
            broken={r.name: found.get(f"r{i}", 0) for i, r in enumerate(self.rules)},
            suspects=tuple(
                rule
                for i, rule in enumerate(self.rules)
                if (found.get(f"m{i // BITS}") or 0) >> (i % BITS) & 1
            ),
            states={w.key: self._decoded(w, i, found, good) for i, w in enumerate(self.wanted)},
            digest=(found.get("d0", 0), found.get("d1"), found.get("d2")),
            slices=slices,
        )

    def _decoded(self, want: Wanted, i: int, found: dict[str, Any], good: int) -> State:
        def real(name: str) -> float | None:
            value = found.get(f"{name}{i}")
            return None if value is None else float(value)

        rows = found.get(f"n{i}", good)
        counts = None
        if want.bins is not None:
            each = [found[f"b{b}_{i}"] for b in range(len(want.bins))]
            if want.is_number:
                each = [high - low for low, high in zip([0, *each], each, strict=False)]
            counts = (*each, found[f"b_{i}"] - sum(each))
        sketch = found.get(f"s{i}")
        return State(
            rows=rows,
            nulls=rows - found.get(f"v{i}", rows),
            total=real("t"),
            squares=real("q"),
            low=real("l"),
            high=real("h"),
            sketch=base64.b64decode(sketch) if sketch else None,
            distinct=real("e"),
            bins=want.bins,
            counts=counts,
        )


def digest_of(contract: Contract, chosen_rows: Column) -> list[Column]:
    """Aggregates that are equal for equal sets of rows: count, sum and xor of the rows' hashes."""
    columns = [F.expr(comparable(c)) for c in contract.columns if c.name not in NOT_COMPARED]
    value = F.when(chosen_rows, F.xxhash64(*columns))
    return [F.count(value), F.sum(value.cast("decimal(38,0)")), F.bit_xor(value)]


def comparable(column: ContractColumn, alias: str = "") -> str:
    """SQL of a column that can be hashed and compared: Spark does neither with a map."""
    name = f"{alias}.`{column.name}`" if alias else f"`{column.name}`"
    return f"array_sort(map_entries({name}))" if column.type.startswith("map<") else name


def digest(df: DataFrame, contract: Contract) -> Digest:
    """The digest of all rows of `df`, in one job."""
    row = df.agg(*digest_of(contract, F.lit(True))).first()
    assert row is not None
    return row[0], None if row[1] is None else int(row[1]), row[2]


def _count(condition: Column) -> Column:
    # Half the cost of count_if, which wraps the condition once more.
    return F.count(F.when(condition, 1))


def chosen_in(scope: str) -> str:
    """SQL of whether a row is in a scope; never null."""
    return f"coalesce(({scope}), false)"


def number(name: str, kind: str) -> Column:
    """A column of numbers or times as a double; times in seconds since 1970 UTC."""
    column = F.col(name).cast("timestamp") if kind == "date" else F.col(name)
    return column.cast("double")


def hashed(name: str, kind: str) -> Column:
    """A column's values as hashes, equal for equal values; sketches leave out empty texts."""
    # -0.0 is 0.0.
    column = F.col(name) + 0.0 if kind in ("float", "double") else F.col(name)
    return F.when(column.isNotNull(), F.xxhash64(column))


def _has_value(want: Wanted) -> bool:
    return want.extremes or want.moments or (want.bins is not None and want.is_number)
