"""A contract's schema and the DDL of its table, constraints included."""

from __future__ import annotations

import hashlib

from pyspark.sql.types import StructType

from shoplake.contracts.conditions import NOT_ROW_WISE, holds
from shoplake.contracts.model import Contract


def schema(contract: Contract) -> StructType:
    """Spark's schema of the table; needs a running session to parse the types."""
    parsed = StructType.fromDDL(
        ", ".join(
            f"`{c.name}` {c.type}{' NOT NULL' if c.required else ''}" for c in contract.columns
        )
    )
    assert isinstance(parsed, StructType)
    return parsed


def create_table(contract: Contract, identifier: str) -> str:
    """`CREATE TABLE IF NOT EXISTS` with NOT NULL columns, CHECK constraints and partitions.

    Rules that hold rows back are also written as constraints of the table, so that a writer
    that goes round `publish` is refused by Delta itself. Uniqueness and references have no
    constraint in Delta.
    """
    columns = ",\n  ".join(
        f"`{c.name}` {c.type}{' NOT NULL' if c.required else ''}"
        + (f" COMMENT '{quoted(c.description)}'" if c.description else "")
        for c in contract.columns
    )
    written = ",\n  ".join(f"'{k}' = '{quoted(v)}'" for k, v in properties(contract).items())
    partitions = (
        f"\nPARTITIONED BY ({', '.join(contract.partition_by)})" if contract.partition_by else ""
    )
    return (
        f"CREATE TABLE IF NOT EXISTS {identifier} (\n  {columns}\n) USING delta{partitions}\n"
        f"COMMENT '{quoted(contract.description)}'\nTBLPROPERTIES (\n  {written}\n)"
    )


def stamp(contract: Contract) -> str:
    """What a table's property `shoplake.contract` says while it is under this contract."""
    return f"{contract.version} {contract.fingerprint}"


def checks_stamp(contract: Contract) -> str:
    """16 hex digits of the constraints' SQL, which a later release may write otherwise."""
    return hashlib.sha256(repr(sorted(checks(contract).items())).encode()).hexdigest()[:16]


def properties(contract: Contract) -> dict[str, str]:
    """The table properties that the contract asks for, its CHECK constraints among them."""
    found = {
        **statistics(contract),
        "delta.enableDeletionVectors": "false",
        "delta.enableChangeDataFeed": "false",
        "shoplake.contract": stamp(contract),
        "shoplake.checks": checks_stamp(contract),
        **{f"delta.constraints.{name}": check for name, check in checks(contract).items()},
    }
    if contract.append_only:
        found["shoplake.appendOnly"] = "true"
        # delta-rs, which appends a few rows at a time, would wait for a hundred commits.
        found["delta.checkpointInterval"] = "10"
    return found


def quoted(text: str) -> str:
    """The text as the inside of a SQL string literal, on one line."""
    return text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", " ")


def checks(contract: Contract) -> dict[str, str]:
    """The contract's CHECK constraints by name: its rules that hold rows or stop, where Delta
    has a constraint for them.

    Delta interprets each for every row that is written, 0.1 microseconds apiece: 26 of them double
    the time of a write, and so a contract may leave it at the rules that stop.
    """
    having = ("stop",) if contract.check_constraints == "stop" else ("stop", "quarantine")
    return {
        rule.name: holds(rule, contract)
        for rule in contract.rules
        if rule.on_breach in having and rule.kind not in (*NOT_ROW_WISE, "not_null")
    }


def statistics(contract: Contract) -> dict[str, str]:
    """Which columns the Delta log keeps least and greatest values of.

    Never those of a person: erased values would stay in the log and its checkpoints.
    """
    eligible = ("int", "bigint", "float", "double", "decimal", "date", "timestamp", "string")
    kept = [
        c.name
        for c in contract.columns
        if c.classification in ("public", "internal")
        and c.type.startswith(eligible)
        and c.partition_position is None
    ]
    if not kept:
        return {"delta.dataSkippingNumIndexedCols": "0"}
    return {"delta.dataSkippingStatsColumns": ",".join(kept)}
