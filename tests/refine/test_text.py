from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from shoplake.refine.text import normalise, normalise_text, redact, redact_text


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


@pytest.mark.parametrize(
    ("sent", "redacted"),
    [
        ("write to ann.lee+x@mail.example.co.uk please", "write to [email] please"),
        ("call +44 20 7946 0958 now", "call [phone] now"),
        ("call (020) 7946-0958", "call [phone]"),
        ("07911123456", "[phone]"),
        ("card 4111 1111 1111 1111 ok", "card [card] ok"),
        ("card 4111-1111-1111-1111", "card [card]"),
        ("order 536365 of 2011-11-08 12:30", "order 536365 of 2011-11-08 12:30"),
        ("paid 1234.50 for 12 pieces", "paid 1234.50 for 12 pieces"),
        ("code 4111111111111112", "code 4111111111111112"),
        ("看 13800138000 吧", "看 [phone] 吧"),
    ],
)
def test_redact(sent: str, redacted: str) -> None:
    assert redact(sent) == redacted


def test_redact_text_agrees_with_redact(spark: SparkSession) -> None:
    texts = ["mail a@b.io", "nothing here", None, "tel 020 7946 0958", "4111111111111111"]
    frame = spark.createDataFrame([(t,) for t in texts], "t string")
    found = [row[0] for row in frame.select(redact_text(F.col("t"))).collect()]
    assert found == [redact(t) if t is not None else None for t in texts]
