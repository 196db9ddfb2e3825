"""Bringing a Delta table under the present version of its contract; killed anywhere, safe again.

What must change is read from the table itself, never from a record, and its stamp is set last: a
second run finds what is left to do. In place go new nullable columns, dropped NOT NULL, comments,
properties and constraints. Anything else makes the table anew, in one commit that readers of a
pinned version do not see: a table that its next batch holds wholly starts empty (`publish` calls
this right before it writes); a table of slices or of appended rows is filled again from its own
last version, after every row was seen to fit.

Type widening stays off: delta-rs, which answers `shoplake sql`, cannot read a table that has it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from delta.tables import DeltaTable
from pyspark.errors import PySparkException
from pyspark.sql.types import StructField, StructType

from shoplake.contracts.ddl import checks, checks_stamp, properties, quoted, schema, stamp
from shoplake.contracts.model import Contract
from shoplake.errors import GovernanceError
from shoplake.governance.refill import check_fit, refill, unfit
from shoplake.runtime.alone import alone, writing
from shoplake.runtime.lake import Lake, is_table, split_name
from shoplake.runtime.settings import Settings

_CHECK = "delta.constraints."
#: The table was made anew, and is still to be filled from the version before that.
_REFILL = "shoplake.refill"


@dataclass(frozen=True)
class _State:
    """The table as it is."""

    properties: dict[str, str]
    columns: StructType
    partitions: tuple[str, ...]


def applied(lake: Lake, table: str) -> str | None:
    """The stamp (`<version> <fingerprint>`) of the contract that the table is under.

    Costs no Spark job. None: the table does not exist, or was not made by Shoplake.
    """
    return _properties(lake, table).get("shoplake.contract") if lake.exists(table) else None


def migrate(lake: Lake, contract: Contract) -> None:
    """Bring the existing table under its contract; does nothing where it already is.

    Raises:
        GovernanceError: rows that must be kept do not fit the contract; nothing was changed.
    """
    with alone(lake.settings, f"making {contract.table}"):
        _migrate(lake, contract)


def complete(lake: Lake, table: str) -> None:
    """Fill an existing table again that a killed process has made anew and left empty.

    Whoever deletes from it, or removes the files of its older versions, does this first: its rows
    are in such a version alone, and the next migration would bring back what was deleted.
    """
    with alone(lake.settings, f"making {table}"):
        found = _properties(lake, table)
        if _REFILL in found:
            _finish(lake, table, found[_REFILL])


def _migrate(lake: Lake, contract: Contract) -> None:
    found = _properties(lake, contract.table)
    if _REFILL in found:
        _finish(lake, contract.table, found[_REFILL])
    if (found.get("shoplake.contract"), found.get("shoplake.checks")) == (
        stamp(contract),
        checks_stamp(contract),
    ):
        return
    state = _state(lake, contract.table)
    reasons = _needs_new_table(state, contract)
    whole = not contract.append_only and not contract.slice_by
    if whole and _constraints_to_add(state, contract):
        reasons.append("constraints that rows about to be replaced may not meet")
    if not reasons:
        _alter(lake, state, contract)
    elif whole:
        _replace(lake, contract, {})
    else:
        check_fit(lake, contract, _constraints_to_add(state, contract))
        _replace(lake, contract, {_REFILL: "true"})
        _finish(lake, contract.table, "true")


def _finish(lake: Lake, table: str, said: str) -> None:
    """Fill the table; `said` is its property, which once was the version itself."""
    # Found again and not kept: rows that came between a look and the replacing would be lost.
    with writing(lake.settings, table):
        refill(lake, table, int(said) if said.isdigit() else _before_replaced(lake, table))
    lake.spark.sql(f"ALTER TABLE {lake.identifier(table)} UNSET TBLPROPERTIES ('{_REFILL}')")


def _before_replaced(lake: Lake, table: str) -> int:
    past = lake.delta(table).history()
    made = past.where("operation LIKE '%REPLACE TABLE%'").agg({"version": "max"}).first()
    if made is None or made[0] is None:
        raise GovernanceError(
            f"{table} was made anew and not filled again, and its log no longer tells from what",
            where=lake.identifier(table),
            remedy="restore the version before it from a copy of the lake",
        )
    return int(made[0]) - 1


def folder_stamp(settings: Settings, table: str) -> str | None:
    """As `applied`, of a lake of folders and without Spark."""
    schema_name, short = split_name(table)
    folder = settings.root / f"{settings.schema_prefix}{schema_name}" / short
    if not is_table(folder):
        return None
    return _folder_properties(folder).get("shoplake.contract")


def _properties(lake: Lake, table: str) -> dict[str, str]:
    if lake.settings.catalog:
        row = lake.delta(table).detail().select("properties").first()
        return dict(row[0]) if row is not None else {}
    return _folder_properties(lake.folder(table))


def _folder_properties(folder: Path) -> dict[str, str]:
    from deltalake import DeltaTable as FolderTable

    return dict(FolderTable(str(folder)).metadata().configuration)


def _state(lake: Lake, table: str) -> _State:
    row = lake.delta(table).detail().select("properties", "partitionColumns").first()
    assert row is not None
    return _State(dict(row[0]), lake.delta(table).toDF().schema, tuple(row[1]))


def _needs_new_table(state: _State, contract: Contract) -> list[str]:
    """Why the table cannot be changed in place."""
    reasons = []
    there = {f.name: f for f in state.columns}
    for name in there.keys() - set(contract.column_names):
        reasons.append(f"column {name} is gone")
    for field in schema(contract):
        if field.name not in there:
            if not field.nullable:
                reasons.append(f"column {field.name} is new and required")
        elif there[field.name].dataType != field.dataType:
            reasons.append(f"column {field.name} has another type")
        elif there[field.name].nullable and not field.nullable:
            reasons.append(f"column {field.name} is now required")
    if state.partitions != contract.partition_by:
        reasons.append("the partitions changed")
    return reasons


def _outdated(state: _State, contract: Contract) -> list[str]:
    """Constraints of the table that the contract no longer has, or has otherwise."""
    wanted = {_CHECK + name: _squeezed(check) for name, check in checks(contract).items()}
    return [
        name
        for name, check in state.properties.items()
        if name.startswith(_CHECK) and wanted.get(name) != _squeezed(check)
    ]


def _constraints_to_add(state: _State, contract: Contract) -> dict[str, str]:
    kept = set(state.properties) - set(_outdated(state, contract))
    return {n: check for n, check in checks(contract).items() if _CHECK + n not in kept}


def _squeezed(check: str) -> str:
    """Without white space outside quotes: Delta respaces an added constraint."""
    parts = re.split(r"('(?:[^'\\]|\\.)*'|`[^`]*`)", check)
    return "".join(p if i % 2 else re.sub(r"\s+", "", p) for i, p in enumerate(parts))


def _alter(lake: Lake, state: _State, contract: Contract) -> None:
    table = lake.identifier(contract.table)

    def sql(change: str) -> None:
        lake.spark.sql(f"ALTER TABLE {table} {change}")

    outdated = _outdated(state, contract)
    if outdated:
        # One commit for all, and unlike DROP CONSTRAINT it reads no rows.
        sql(f"UNSET TBLPROPERTIES ({', '.join(_string(n) for n in outdated)})")
    there = {f.name: f for f in state.columns}
    added = []
    for before, column in zip((None, *contract.columns), contract.columns, strict=False):
        if column.name not in there:
            place = f"AFTER `{before.name}`" if before else "FIRST"
            comment = _string(column.description)
            added.append(f"`{column.name}` {column.type} COMMENT {comment} {place}")
    if added:
        sql(f"ADD COLUMNS ({', '.join(added)})")
    for column in contract.columns:
        if column.name in there and not there[column.name].nullable and not column.required:
            sql(f"ALTER COLUMN `{column.name}` DROP NOT NULL")
    reworded = [
        f"`{c.name}` COMMENT {_string(c.description)}"
        for c in contract.columns
        if c.name in there and there[c.name].metadata.get("comment", "") != _line(c.description)
    ]
    if reworded:
        sql(f"ALTER COLUMN {', '.join(reworded)}")
    for name, check in _constraints_to_add(state, contract).items():
        try:
            sql(f"ADD CONSTRAINT `{name}` CHECK ({check})")
        except PySparkException as error:
            if "NEW_CHECK_CONSTRAINT_VIOLATION" not in str(error):
                raise
            raise unfit(contract, f"rule {name}: {str(error).splitlines()[0]}") from None
    plain = {k: v for k, v in properties(contract).items() if not k.startswith(_CHECK)}
    plain["comment"] = contract.description
    written = ", ".join(f"{_string(k)} = {_string(v)}" for k, v in plain.items())
    sql(f"SET TBLPROPERTIES ({written})")


def _replace(lake: Lake, contract: Contract, more: dict[str, str]) -> None:
    """The table anew and empty, with everything the contract asks for, in one commit."""
    builder = DeltaTable.replace(lake.spark)
    if lake.settings.catalog:
        builder = builder.tableName(lake.identifier(contract.table).replace("`", ""))
    else:
        builder = builder.location(str(lake.folder(contract.table)))
    words = {c.name: _line(c.description) for c in contract.columns}
    fields = [
        StructField(f.name, f.dataType, f.nullable, {"comment": words[f.name]})
        for f in schema(contract)
    ]
    builder = builder.addColumns(StructType(fields)).comment(_line(contract.description))
    if contract.partition_by:
        builder = builder.partitionedBy(*contract.partition_by)
    for key, value in {**properties(contract), **more}.items():
        builder = builder.property(key, value)
    builder.execute()


def _line(text: str) -> str:
    return text.replace("\n", " ")


def _string(text: str) -> str:
    return f"'{quoted(text)}'"
