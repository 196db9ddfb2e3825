"""A table's first commit, also where a process ended or a disk was full before it."""

from __future__ import annotations

import shutil
import time
from contextlib import suppress

from shoplake.contracts.ddl import create_table
from shoplake.contracts.model import Contract
from shoplake.errors import GovernanceError
from shoplake.runtime.alone import alone
from shoplake.runtime.lake import Lake

#: Longer than another process needs between the folder of a table and its first commit.
_PATIENCE_S = 5.0


def create(lake: Lake, contract: Contract) -> None:
    """Create the table under its contract.

    Spark takes any folder that is not empty for a table that exists, and then does nothing: what is
    left of a log that never had a commit is cleared away. Of two processes of a machine one makes
    the table: Delta lets neither pass that comes second.

    Raises:
        GovernanceError: its folder holds something else.
    """
    with alone(lake.settings, f"making {contract.table}"):
        if not lake.exists(contract.table):
            _create(lake, contract)


def _create(lake: Lake, contract: Contract) -> None:
    statement = create_table(contract, lake.identifier(contract.table))
    lake.spark.sql(statement)
    if _soon(lake, contract.table):
        return
    folder = lake.folder(contract.table)
    shutil.rmtree(folder / "_delta_log", ignore_errors=True)
    with suppress(OSError):  # it is not empty
        folder.rmdir()
    lake.spark.sql(statement)
    if not lake.exists(contract.table):
        raise GovernanceError(
            f"table {contract.table} cannot be made: its folder holds something else",
            where=str(folder),
            remedy="move that folder away and run the step again",
        )


def _soon(lake: Lake, table: str) -> bool:
    """Whether the table is there, or another process that has begun to make it is done in time."""
    end = time.monotonic() + _PATIENCE_S
    while not lake.exists(table):
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True
