from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from shoplake.governance.personal import mask
from shoplake.refine.text import normalise, normalise_query, normalise_text, redact_text


@pytest.mark.parametrize(
    ("sent", "cleaned"),
    [
        ("RED  MUG ", "RED MUG"),
        ("ＣＡＦＥ\u0301 １２", "CAFÉ 12"),
        ("\ufeffmug", "mug"),
        ("Tom &amp; Jerry", "Tom & Jerry"),
        ("Tom &amp;amp; Jerry", "Tom & Jerry"),
        ("<p>soft<br/>wool</p>", "soft wool"),
        ("a < b and c > d", "a < b and c > d"),
        ("?a=1&para=2", "?a=1&para=2"),
        ("line\r\nbreak\x00\x07", "line break"),
        ("杯子\u3000红色", "杯子 红色"),
        ("&nbsp;", ""),
    ],
)
def test_normalise(sent: str, cleaned: str) -> None:
    assert normalise(sent) == cleaned


@given(st.text(alphabet=st.sampled_from("ab<>/&;#amplt120 \u00a0\t\uff1c\u0301é"), max_size=30))
def test_normalise_twice_is_normalise_once(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)


def test_normalise_text_agrees_with_normalise_and_empties_are_null(spark: SparkSession) -> None:
    texts = ["plain", " a  b ", "&lt;b&gt;x", "", "  ", "<br>", None, "caf\u0065\u0301"]
    frame = spark.createDataFrame([(t,) for t in texts], "t string")
    found = [row[0] for row in frame.select(normalise_text(F.col("t"))).collect()]
    assert found == [(normalise(t) or None) if t is not None else None for t in texts]


def test_redact_text_agrees_with_mask(spark: SparkSession) -> None:
    texts = [
        *("mail a@b.io", "nothing here", None, "tel 020 7946 0958", "4111111111111111", ""),
        *(
            "Regards, Anna Hartley",
            "name: Bo",
            "see Mr. Marsh",
            "我叫王小明",
            "12 mill lane, bath BA1 1LZ",
        ),
        *(
            "born on 3 May 1984",
            "Hi\nMary Smith",
            "Red Mug Set",
            "size 8",
            "it is. Cindy",
            "Edward: no",
        ),
    ]
    frame = spark.createDataFrame([(t,) for t in texts], "t string")
    found = [row[0] for row in frame.select(redact_text(F.col("t"))).collect()]
    assert found == [mask(t) if t is not None else None for t in texts]
    assert found[0] == "mail [email]"


def test_a_query_keeps_names_and_loses_the_rest(spark: SparkSession) -> None:
    frame = spark.createDataFrame([("Mary Smith Chair a@b.io",)], "t string")
    row = frame.select(normalise_query(F.col("t"))).first()
    assert row is not None
    assert row[0] == "mary smith chair [email]"
