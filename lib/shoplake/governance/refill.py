"""Rows of a table that is made anew and cannot be derived again: seen to fit, then put back."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql.types import StructField

from shoplake.contracts.ddl import schema
from shoplake.contracts.model import Contract
from shoplake.contracts.widening import widens
from shoplake.errors import GovernanceError
from shoplake.runtime.lake import Lake


def check_fit(lake: Lake, contract: Contract, checks: dict[str, str]) -> None:
    """Whether all stored rows fit the contract, in one job.

    Args:
        lake, contract: the table.
        checks: constraints by name that the table does not have yet.

    Raises:
        GovernanceError: with the number of rows that do not fit, clause by clause.
    """
    rows = lake.read(contract.table)
    there = {f.name: f.dataType for f in rows.schema}
    if contract.append_only:
        _only_widened(contract, {name: kind.simpleString() for name, kind in there.items()})
    wanted = schema(contract)
    changed = [f for f in wanted if f.name in there and there[f.name] != f.dataType]
    lost = {
        f"{f.name} is no {f.dataType.simpleString()}": F.col(_quote(f.name)).isNotNull()
        & _fitted(f, present=True).isNull()
        for f in changed
    }
    cast = rows.select(
        *[_fitted(f, present=f.name in there).alias(f.name) for f in wanted],
        *[test.alias(f"_lost_{i}") for i, test in enumerate(lost.values())],
    )
    tests: dict[str, Column] = {name: F.col(f"_lost_{i}") for i, name in enumerate(lost)}
    tests |= {f"{f.name} is null": F.col(_quote(f.name)).isNull() for f in wanted if not f.nullable}
    tests |= {f"rule {name} is broken": ~F.expr(check) for name, check in checks.items()}
    if not tests:
        return
    row = cast.agg(*[F.count_if(t).alias(f"c{i}") for i, t in enumerate(tests.values())]).first()
    assert row is not None
    broken = [f"{what} in {row[i]:,} row(s)" for i, what in enumerate(tests) if row[i]]
    if broken:
        raise unfit(contract, "; ".join(broken))


def refill(lake: Lake, table: str, version: int) -> None:
    """Append the rows of an earlier version, cast to the table's schema; done once by Delta."""
    rows = lake.read(table, version)
    there = set(rows.columns)
    wanted = lake.read(table).schema
    cast = rows.select(*[_fitted(f, present=f.name in there).alias(f.name) for f in wanted])
    writer = cast.write.format("delta").mode("append")
    writer = writer.option("txnAppId", f"shoplake-refill-{table}").option("txnVersion", version)
    if lake.settings.catalog:
        writer.saveAsTable(lake.identifier(table))
    else:
        writer.save(str(lake.folder(table)))


def unfit(contract: Contract, why: str) -> GovernanceError:
    """The error for rows that would be lost."""
    return GovernanceError(
        f"rows of {contract.table} do not fit version {contract.version} of its contract: {why}",
        where=contract.source or None,
        remedy="mend the rows or loosen the clause (`onBreach: warn` counts without refusing); "
        "nothing was changed",
    )


def _only_widened(contract: Contract, there: dict[str, str]) -> None:
    """Rows that are only added hold what was sent: no column goes, no value is cut."""
    kinds = {c.name: c.type for c in contract.columns}
    gone = [f"{name} is gone" for name in there if name not in kinds]
    narrow = [
        f"{name} cannot become {kinds[name]}"
        for name, kind in there.items()
        if name in kinds and kind != kinds[name] and not widens(kind, kinds[name])
    ]
    if gone or narrow:
        why = f"rows are only added, so what was sent stays: {', '.join(gone + narrow)}"
        raise unfit(contract, why)


def _fitted(field: StructField, *, present: bool) -> Column:
    value = F.col(_quote(field.name)) if present else F.lit(None)
    return value.try_cast(field.dataType)


def _quote(name: str) -> str:
    return f"`{name}`"
