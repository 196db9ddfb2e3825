"""Where held rows go: `governance.quarantine_<layer>_<table>`, under a contract of its own."""

from __future__ import annotations

from shoplake.contracts.model import Column, Contract


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
