from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from shoplake.refine.pseudonym import Secret
from shoplake.refine.settings import RefineSettings

ENTITIES = {
    "events": "event_id person_id session_id platform kind product_id query position quantity "
    "price user_agent country occurred_at",
    "orders": "order_id line_id person_id product_id product_name quantity unit_price currency "
    "kind line_kind country platform ordered_at",
    "products": "product_id name description category brand seller price currency stock "
    "attributes kind mentions updated_at",
    "people": "person_id platform link_key name email phone address country birth_year segment "
    "consent signed_up_at",
    "links": "person_id key_kind link_key confidence kind declared_at",
    "searches": "search_id person_id session_id platform query results occurred_at",
    "judgements": "judgement_id query product_id relevance judged_at",
    "reviews": "review_id person_id product_id rating title text written_at",
    "messages": "message_id person_id channel text intent sent_at",
    "feedback": "feedback_id request_id person_id product_id kind position propensity "
    "model_version occurred_at",
}
CAME = datetime(2020, 1, 1, tzinfo=UTC)
BronzeMaker = Callable[..., DataFrame]


@pytest.fixture(scope="session")
def settings() -> RefineSettings:
    return RefineSettings(Secret("a key that only the tests know"))


@pytest.fixture(scope="session")
def bronze(spark: SparkSession) -> BronzeMaker:
    """Makes `bronze.<entity>`: absent columns are null, rows are named r0, r1, ...

    They came in this order, in one batch and file, unless they say `row`, `file` and `came`.
    """

    def make(entity: str, *rows: dict[str, Any], shop: str = "shop") -> DataFrame:
        columns = ENTITIES[entity].split()
        meta = ["_row_id", "_source", "_file", "_row", "_raw", "_ingested_at"]
        types = {"_row": pa.int64(), "_ingested_at": pa.timestamp("us", "UTC")}
        schema = pa.schema([(name, types.get(name, pa.string())) for name in [*meta, *columns]])
        data = [
            {
                **{column: row.get(column) for column in columns},
                "_row_id": row.get("row_id", f"r{i}"),
                "_source": row.get("shop", shop),
                **{"_file": row.get("file", "f.csv"), "_row": row.get("row", i), "_raw": "{}"},
                "_ingested_at": row.get("came", CAME),
            }
            for i, row in enumerate(rows)
        ]
        # Rows within the plan itself: no Python worker is started to read them.
        made = spark.createDataFrame(pa.Table.from_pylist(data, schema))
        return made.withColumn("_run_id", F.lit("run"))

    return make
