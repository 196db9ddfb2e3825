"""`shoplake quarantine show` does not say that nothing is held when it was only asked amiss."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from shoplake.cli import main
from shoplake.runtime.settings import Settings, load


@pytest.fixture
def lake(tmp_path: Path) -> Settings:
    settings = dataclasses.replace(load("local"), lake=str(tmp_path / "lake"))
    reason = {"rule": "price_range", "column": "price", "value": "-1"}
    rows = pa.Table.from_pylist([{"row_id": "r1", "reasons": [reason], "record": "{}"}])
    folder = settings.root / "governance" / "quarantine_silver_orders"
    write_deltalake(str(folder), rows)
    return settings


def test_a_negative_limit_is_refused(lake: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["quarantine", "show", "silver.orders", "--limit", "-1", "--lake", lake.lake])
    said = capsys.readouterr()
    assert "at most -1 rows" in said.out + said.err


@pytest.mark.parametrize("form", [[], ["--json"]], ids=["text", "JSON"])
def test_a_rule_that_holds_nothing_is_told_from_those_that_do(
    lake: Settings, capsys: pytest.CaptureFixture[str], form: list[str]
) -> None:
    main(["quarantine", "show", "silver.orders", "--rule", "nope", "--lake", lake.lake, *form])
    said = capsys.readouterr()
    told = said.err if form else said.out
    assert "held by nope" in told
    assert "price_range" in told
    assert not form or said.out.strip() == "[]"


@pytest.mark.parametrize("action", [["list"], ["show", "silver.orders"]], ids=["list", "show"])
def test_where_no_lake_is_nothing_is_not_said_to_be_held(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], action: list[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["quarantine", *action, "--lake", str(tmp_path / "mistyped")])
    said = capsys.readouterr()
    assert "there is no lake here" in said.out + said.err
