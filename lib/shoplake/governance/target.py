"""How rows enter a table: added once a transaction, or made to be all that the table holds."""

from __future__ import annotations

from dataclasses import dataclass

from pyspark.sql import DataFrame

from shoplake.contracts.model import Contract
from shoplake.governance.ledger import add_few, insert
from shoplake.governance.mirror import mirror
from shoplake.governance.passes import Digest
from shoplake.runtime.lake import Lake

Transaction = tuple[str, int]


@dataclass(frozen=True)
class Target:
    """A table that exists under its contract, and the transaction that appends to it.

    Attributes:
        few: the rows to come may be taken to the driver.
    """

    lake: Lake
    contract: Contract
    transaction: Transaction | None
    few: bool = False

    def add(self, rows: DataFrame) -> bool:
        """Append; False when Delta had seen the transaction and wrote nothing."""
        if self.few and self.transaction is not None and not self.lake.settings.catalog:
            added = self._add_few(rows, *self.transaction)
            if added is not None:
                return added
        if self.transaction is None:
            insert(self.lake, self.contract, rows.write.format("delta").mode("append"))
            return True
        before = self.lake.version(self.contract.table)
        app, version = self.transaction
        writer = rows.write.format("delta").mode("append")
        writer = writer.option("txnAppId", app).option("txnVersion", version)
        insert(self.lake, self.contract, writer)
        return self.lake.version(self.contract.table) != before

    def _add_few(self, rows: DataFrame, app: str, version: int) -> bool | None:
        """As `add`, by delta-rs; None where only Spark can do it, or say what is wrong.

        To look for a transaction, Delta's Spark writer reads the state of the whole table: three
        jobs, which for a micro-batch take longer than all the rest.
        """
        from deltalake import DeltaTable

        seen = DeltaTable(str(self.lake.folder(self.contract.table))).transaction_version(app)
        if seen is not None and seen >= version:
            return False
        return add_few(self.lake, self.contract, rows.toArrow(), (app, version)) or None

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
            mirror(self.lake, self.contract, rows, slices, digest, held, few=self.few)
