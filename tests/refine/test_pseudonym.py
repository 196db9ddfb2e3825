from __future__ import annotations

import hashlib
import hmac
import subprocess
import sys
from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from shoplake.errors import SettingsError
from shoplake.refine.pseudonym import Secret, pseudonymise

KEY = "correct horse battery staple"


def test_pseudonym_is_hmac_sha256_and_null_stays_null(spark: SparkSession) -> None:
    frame = spark.createDataFrame([("17850",), (None,), ("客户",), ("17850",)], "id string")
    found = [row[0] for row in frame.select(pseudonymise(F.col("id"), Secret(KEY))).collect()]

    def expected(value: str) -> str:
        return hmac.new(KEY.encode(), value.encode(), hashlib.sha256).hexdigest()[:32]

    assert found == [expected("17850"), None, expected("客户"), expected("17850")]


def test_key_is_in_no_plan(spark: SparkSession, capsys: pytest.CaptureFixture[str]) -> None:
    frame = spark.range(1).select(pseudonymise(F.col("id").cast("string"), Secret(KEY)))
    frame.explain(extended=True)
    plan = capsys.readouterr().out
    assert "pseudonyms" in plan
    assert KEY not in plan
    assert KEY.encode().hex() not in plan


def test_secret_prints_as_stars() -> None:
    secret = Secret(KEY)
    assert f"{secret} {secret!r} {[secret]}" == "*** *** [***]"


def test_short_key_is_refused_without_showing_it() -> None:
    with pytest.raises(SettingsError, match="at least 16") as refused:
        Secret("hunter2")
    assert "hunter2" not in str(refused.value)


EVENT_LOG = """
import sys
from pyspark.sql import functions as F
from shoplake.refine.pseudonym import Secret, pseudonymise
from shoplake.runtime.session import get_spark
conf = {"spark.eventLog.enabled": "true", "spark.eventLog.compress": "false",
        "spark.eventLog.dir": sys.argv[1]}
spark = get_spark("key", cores=1, memory="1g", conf=conf)
col = pseudonymise(F.col("id").cast("string"), Secret(sys.argv[2]))
spark.range(9).select(col.alias("p")).write.parquet(sys.argv[1] + "/out")
spark.stop()
"""


@pytest.mark.slow
def test_key_is_in_no_event_log(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-c", EVENT_LOG, str(tmp_path), KEY], check=True, capture_output=True
    )
    files = [p for p in tmp_path.rglob("*") if p.is_file()]
    assert any(b"SparkListenerSQLExecutionStart" in p.read_bytes() for p in files)
    for path in files:
        assert KEY.encode() not in path.read_bytes()
        assert KEY.encode().hex().encode() not in path.read_bytes()
