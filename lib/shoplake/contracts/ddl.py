"""A contract's schema and the DDL of its table, constraints included."""

from __future__ import annotations

from pyspark.sql.types import StructType

from shoplake.contracts.conditions import NOT_ROW_WISE, holds
from shoplake.contracts.model import Contract, Rule


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
        + (f" COMMENT '{_quoted(c.description)}'" if c.description else "")
        for c in contract.columns
    )
    properties = {
        "delta.enableDeletionVectors": "false",
        "delta.enableChangeDataFeed": "false",
        "shoplake.contract": f"{contract.version} {contract.fingerprint}",
        **{f"delta.constraints.{r.name}": check for r in contract.rules if (check := _check(r))},
    }
    if contract.append_only:
        properties["shoplake.appendOnly"] = "true"
    written = ",\n  ".join(f"'{k}' = '{_quoted(v)}'" for k, v in properties.items())
    partitions = (
        f"\nPARTITIONED BY ({', '.join(contract.partition_by)})" if contract.partition_by else ""
    )
    return (
        f"CREATE TABLE IF NOT EXISTS {identifier} (\n  {columns}\n) USING delta{partitions}\n"
        f"COMMENT '{_quoted(contract.description)}'\nTBLPROPERTIES (\n  {written}\n)"
    )


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", " ")


def _check(rule: Rule) -> str | None:
    """The rule as a CHECK expression, or None when Delta has no constraint for it."""
    if rule.on_breach == "warn" or rule.kind in (*NOT_ROW_WISE, "not_null"):
        return None
    return holds(rule)
