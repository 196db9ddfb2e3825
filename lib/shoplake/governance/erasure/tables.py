"""Which tables there are, in the order in which they may lose their rows."""

from __future__ import annotations

from shoplake.contracts.book import ContractBook
from shoplake.governance.quarantine import quarantine_contract
from shoplake.governance.run import Run
from shoplake.runtime.lake import SCHEMAS
from shoplake.runtime.settings import Settings
from shoplake.runtime.sql import tables


def lake_tables(run: Run) -> list[str]:
    """Every table; under a catalog, those of a contract and their quarantines."""
    if not run.lake.settings.catalog:
        return tables(run.lake.settings)
    return [t for t in _of_contracts(run.contracts) if run.lake.exists(t)]


def outermost(names: list[str]) -> list[str]:
    """Gold, silver, governance, then bronze: what is derived before what it is known from."""
    order = ("gold", "silver", "governance", "bronze")
    # bronze.people last of all: it knows who is linked with whom.
    return sorted(names, key=lambda t: (order.index(t.split(".")[0]), t == "bronze.people", t))


def table_of(where: str, settings: Settings) -> str | None:
    """The table whose folder a file of the lake, by its relative path, is in."""
    parts = where.split(" > ")[0].split("/")
    if len(parts) < 3:
        return None
    schema = parts[0].removeprefix(settings.schema_prefix)
    return f"{schema}.{parts[1]}" if schema in SCHEMAS else None


def _of_contracts(contracts: ContractBook) -> list[str]:
    names = [c.table for c in contracts]
    return names + [quarantine_contract(c).table for c in contracts]
