"""Where held rows go: `governance.quarantine_<layer>_<table>`, under a contract of its own."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from shoplake.contracts.model import MASKED, Column, Contract
from shoplake.governance.judge import reasons


def quarantine_contract(contract: Contract) -> Contract:
    """The contract of the table's quarantine: reasons a row, record masked, same slices.

    `batch_id` is not compared when the quarantine is brought up to date, so a row that is held
    again for the same reasons is not written again.
    """
    layer, table = contract.table.split(".")
    sliced = tuple(contract.column(c) for c in contract.slice_by)
    columns = (
        Column(
            "row_id", "string", True, 1, description="The bronze record it came from, or a hash."
        ),
        Column("batch_id", "string", True, description="The batch that held it first."),
        Column(
            "reasons",
            "array<struct<rule:string,column:string,value:string>>",
            True,
            description="Every rule it breaks, with the columns and (masked) values.",
        ),
        Column("record", "string", True, description="The row as JSON, personal values masked."),
        *(Column(c.name, c.type, c.required, 2 + i) for i, c in enumerate(sliced)),
    )
    return Contract(
        table=f"governance.quarantine_{layer}_{table}",
        version=contract.version,
        description=f"Rows held back from {contract.table}, and why.",
        grain="one row per held row",
        columns=columns,
        rules=(),
        slice_by=contract.slice_by,
        append_only=contract.append_only,
        source=contract.source,
    )


def held_rows(rows: DataFrame, contract: Contract, batch: str) -> DataFrame:
    """Judged rows as the quarantine keeps them: reasons, and the record, personal values masked."""
    shown = [
        F.lit("***").alias(c.name)
        if c.classification in MASKED
        else F.col(c.name).cast("string").alias(c.name)
        for c in contract.columns
    ]
    record = F.to_json(F.struct(*shown))
    origin = "_row_id" if "_row_id" in rows.columns else "row_id"
    row_id = F.col(origin) if origin in rows.columns else F.sha2(record, 256).substr(1, 32)
    return rows.select(
        row_id.alias("row_id"),
        F.lit(batch).alias("batch_id"),
        reasons(contract, rows.columns).alias("reasons"),
        record.alias("record"),
        *contract.slice_by,
    )
