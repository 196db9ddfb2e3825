"""Tables that a stream adds a little file to at every batch: joined while it runs.

All of the ledger is read by each run, and each refinement is one; after a day of batches that would
take minutes. `maintain`, once a day, comes too late for these.
"""

from __future__ import annotations

from collections.abc import Iterable

from shoplake.governance.ledger import adding
from shoplake.runtime.alone import writing
from shoplake.runtime.lake import Lake

#: Written at every batch of a stream.
EVIDENCE = (
    "governance.ledger",
    "governance.rule_metrics",
    "governance.column_metrics",
    "governance.offsets",
)


def join_files(lake: Lake, tables: Iterable[str] = EVIDENCE) -> int:
    """Join the files of little tables of a lake of folders, without a Spark job.

    Where another process wrote meanwhile a table is left for the next time; so is all of a catalog,
    whose platform does it by itself.

    Returns:
        How many files are fewer.
    """
    if lake.settings.catalog:
        return 0
    from deltalake import DeltaTable
    from deltalake.exceptions import DeltaError

    fewer = 0
    for table in tables:
        if lake.exists(table):
            try:
                with adding(), writing(lake.settings, table):
                    done = DeltaTable(str(lake.folder(table))).optimize.compact()
            except DeltaError:
                continue
            fewer += done["numFilesRemoved"] - done["numFilesAdded"]
    return fewer
