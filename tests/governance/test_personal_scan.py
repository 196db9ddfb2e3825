"""A column that looks personal and is not classified so is told, without Spark."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from shoplake.cli import main
from shoplake.contracts.book import ContractBook
from shoplake.contracts.model import Column, Contract
from shoplake.errors import ShoplakeError
from shoplake.governance.personal.scan import scan
from shoplake.runtime.settings import Settings, load

CALLERS = Contract(
    table="bronze.callers",
    version="1.0.0",
    description="Who called.",
    grain="one row per call",
    columns=(
        Column("phone", "string", classification="personal"),
        Column("mail", "string"),
        Column("note", "string", classification="public"),
        Column("lamp", "string"),
    ),
    rules=(),
)
ROWS = {
    "phone": ["+44 20 7946 0958", "07911 123456"],
    "mail": ["a@b.co", None],
    "note": ["call Mrs Patel", "ok"],
    "lamp": ["brass", "oak"],
}


@pytest.fixture
def lake(tmp_path: Path) -> Settings:
    folder = tmp_path / "my lake"  # a blank in a path is %20 to delta-rs
    write_deltalake(folder / "bronze" / "callers", pa.table(ROWS))
    return load("local", lake=str(folder))


def test_classification_is_held_against_what_is_there(lake: Settings) -> None:
    found = scan(lake, ContractBook({CALLERS.table: CALLERS}))
    assert [(f.column, f.kind, f.share, f.verdict) for f in found] == [
        ("phone", "phone", 1.0, "ok"),
        ("mail", "email", 1.0, "warn"),
        ("note", "text: name", 0.5, "warn"),
    ]


def test_the_command_ends_in_1_where_something_is_classified_wrong(
    lake: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["personal", "scan", "bronze.callers", "--lake", lake.lake, "--json"])
    assert ended.value.code == 1
    assert "a@b.co" not in (shown := capsys.readouterr().out)
    assert '"verdict": "warn"' in shown


def test_an_unknown_table_is_refused(lake: Settings) -> None:
    with pytest.raises(ShoplakeError, match="no table"):
        scan(lake, ContractBook({}), "bronze.lamps")
