"""The little files of the evidence become one, and say what they said."""

from __future__ import annotations

from datetime import UTC, datetime

from deltalake import DeltaTable

from shoplake.contracts.model import Contract
from shoplake.governance.ledger import Counts, ensure
from shoplake.governance.maintain.often import join_files
from shoplake.governance.run import Run

LEDGER = "governance.ledger"


def test_the_ledger_of_many_batches_is_one_file(run: Run, items: Contract) -> None:
    ensure(run.lake, items)
    for n in range(4):
        run.ledger.record(
            step="test", contract=items, batch=f"b{n}", inputs={"bronze.items": n},
            counts=Counts(n, n, 0, 0), outcomes=[], states={}, started=datetime.now(UTC),
        )  # fmt: skip
    told, version = run.lake.rows(LEDGER), run.lake.version(LEDGER)
    assert join_files(run.lake) == 3
    assert len(DeltaTable(str(run.lake.folder(LEDGER))).file_uris()) == 1
    again = Run("test", run.lake, run.contracts)
    assert sorted(map(str, run.lake.rows(LEDGER))) == sorted(map(str, told))
    assert again.ledger.find(items, "b3") == Counts(3, 3, 0, 0)
    # Nothing is built again because of it.
    assert run.lake.version(LEDGER) == version
