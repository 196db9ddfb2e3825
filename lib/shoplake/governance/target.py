"""How rows enter a table: added once a transaction, or made to be all that the table holds."""

from __future__ import annotations

from dataclasses import dataclass

from pyspark.sql import DataFrame

from shoplake.contracts.model import Contract
from shoplake.governance.ledger import insert
from shoplake.governance.mirror import mirror
from shoplake.governance.passes import Digest
from shoplake.runtime.lake import Lake

Transaction = tuple[str, int]


@dataclass(frozen=True)
class Target:
    """A table that exists under its contract, and the transaction that appends to it."""

    lake: Lake
    contract: Contract
    transaction: Transaction | None

    def add(self, rows: DataFrame) -> bool:
        """Append; False when Delta had seen the transaction and wrote nothing."""
        if self.transaction is None:
            insert(self.lake, self.contract, rows.write.format("delta").mode("append"))
            return True
        before = self.lake.version(self.contract.table)
        app, version = self.transaction
        writer = rows.write.format("delta").mode("append")
        writer = writer.option("txnAppId", app).option("txnVersion", version)
        insert(self.lake, self.contract, writer)
        return self.lake.version(self.contract.table) != before

    def put(
        self,
        rows: DataFrame,
        slices: list[tuple[object, ...]] | None,
        digest: Digest | None = None,
        held: Digest | None = None,
    ) -> None:
        """Append, or make the table (or these slices of it) hold exactly `rows`.

        `digest` is of `rows`, `held` of what the table holds; None where it is not known.
        """
        if self.contract.append_only:
            self.add(rows)
        else:
            mirror(self.lake, self.contract, rows, slices, digest, held)
