"""Which model versions learned from a subject's rows, seen at the very versions they read."""

from __future__ import annotations

from pyspark.sql import functions as F

from shoplake.contracts.book import ContractBook
from shoplake.governance.erasure.order import Subject
from shoplake.governance.maintain.pins import kept
from shoplake.runtime.lake import Lake

_PARENTS = "governance.model_data"


def trained_on(lake: Lake, contracts: ContractBook, subject: Subject) -> list[tuple[str, str]]:
    """(model name, version) of every version one of whose tables held a row of the subject.

    A table version that can no longer be read counts as having held one: what cannot be looked at
    proves nothing.
    """
    # A model of which nothing is kept cannot be marked; it is learnt anew without the subject.
    parents = kept(
        lake.rows(_PARENTS, ("model_name", "model_version", "table_name", "table_version"))
    )
    if not parents:
        return []
    keys = lake.spark.createDataFrame([(k,) for k in subject.keys], "key string")
    looked: dict[tuple[str, int], bool] = {}
    found = set()
    for row in parents:
        contract = contracts.get(row["table_name"])
        columns = (
            [c.name for c in contract.columns if c.classification == "pseudonym"]
            if (contract)
            else []
        )
        at = (row["table_name"], row["table_version"])
        if columns and at not in looked:
            try:
                rows = lake.read(*at)
                looked[at] = any(
                    not rows.join(F.broadcast(keys), rows[c] == keys["key"], "semi").isEmpty()
                    for c in columns
                )
            except Exception:  # a missing file is none of PySpark's own errors
                looked[at] = True
        if looked.get(at):
            found.add((row["model_name"], row["model_version"]))
    return sorted(found)
