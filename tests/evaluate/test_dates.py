from __future__ import annotations

import pandas as pd
import pytest

from shoplake.evaluate.layouts.dates import dates_of
from shoplake.evaluate.metrics import EvaluationError

AT = pd.Series(pd.to_datetime(["2010-12-01 08:26", "2010-12-13 09:00", "2011-01-04 17:05"]))


@pytest.mark.parametrize(
    "form",
    [
        "%Y-%m-%d %H:%M:%S",
        "%Y-%m-%dT%H:%MZ",
        "%m/%d/%Y %H:%M",
        "%d/%m/%Y %H:%M",
        "%d.%m.%Y %H:%M:%S",
        "%d-%b-%Y %I:%M %p",
    ],
)
def test_one_order_is_read_for_all(form: str) -> None:
    assert dates_of(AT.dt.strftime(form), "here").tolist() == AT.tolist()


def test_some_with_seconds_and_some_without_are_all_read() -> None:
    for day in ("%Y-%m-%d", "%d/%m/%Y"):
        forms = [f"{day} %H:%M", f"{day} %H:%M:%S", f"{day} %H:%M"]
        text = pd.Series([at.strftime(form) for at, form in zip(AT, forms, strict=True)])
        assert dates_of(text, "here").tolist() == AT.tolist()


def test_no_date_is_invented_from_another_order() -> None:
    # 1 February for 2 January would make the third a date of a fourteenth month.
    text = pd.Series(["02/01/2011 10:00", "03/01/2011 10:00", "14/01/2011 10:00"])
    assert dates_of(text, "here").dt.month.tolist() == [1, 1, 1]


def test_a_few_that_cannot_be_read_are_told_and_many_refused() -> None:
    text = pd.Series(["2011-01-02 10:00"] * 199 + ["soon"], name="InvoiceDate")
    notes: list[str] = []
    assert dates_of(text, "here", notes).isna().sum() == 1
    assert "1 of 200 dates cannot be read" in notes[0]
    with pytest.raises(EvaluationError, match="InvoiceDate, for instance 'soon'"):
        dates_of(text[190:], "here")


def test_what_is_not_written_is_missing_and_no_error() -> None:
    notes: list[str] = []
    found = dates_of(pd.Series(["2011-01-02 10:00", "", None]), "here", notes)
    assert found.isna().tolist() == [False, True, True]
    assert not notes
