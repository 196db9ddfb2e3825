"""What a person wrote, out of `gold.texts`, whose rows name nobody: found by where they came from.

A text of two words cannot be searched for, as it may be anyone's. It goes because it was theirs,
and stays if someone else has written the same.
"""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from shoplake.features.texts import texts
from shoplake.governance.erasure.order import Order
from shoplake.governance.run import Run
from shoplake.runtime.lake import Lake

TABLE = "gold.texts"
_WRITTEN = ("searches", "reviews", "messages")


def remove_texts(run: Run, order: Order) -> int:
    """Delete the texts that only this person wrote; returns how many those were.

    They are known from silver, so this comes before silver loses the person's rows.

    Args:
        run: of the lake.
        order: whom.
    """
    lake = run.lake
    written = [name for name in _WRITTEN if lake.exists(f"silver.{name}")]
    if not (written and order.subject.keys and lake.exists(TABLE)):
        return 0
    keys = lake.spark.createDataFrame([(k,) for k in order.subject.keys], "person_key string")
    theirs = _texts(lake, written, keys, "left_semi")
    others = _texts(lake, written, keys, "left_anti")
    with lake.held(theirs.join(others, "text_id", "left_anti")) as source:
        count = lake.read(TABLE).join(source, "text_id", "left_semi").count()
        if count:
            merge = lake.delta(TABLE).alias("t").merge(source.alias("s"), "t.text_id = s.text_id")
            merge.whenMatchedDelete().execute()
    return count


def _texts(lake: Lake, written: list[str], keys: DataFrame, how: str) -> DataFrame:
    rows = {
        name: lake.read(f"silver.{name}").join(F.broadcast(keys), "person_key", how)
        for name in written
    }
    return texts(**rows).select("text_id")
