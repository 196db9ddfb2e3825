"""A folder that a killed process left for a table that never had a commit is no table."""

from __future__ import annotations

from pathlib import Path

from shoplake.runtime.lake import is_table
from shoplake.runtime.settings import load
from shoplake.runtime.sql import tables


def test_a_folder_is_a_table_from_its_first_commit(tmp_path: Path) -> None:
    log = tmp_path / "bronze" / "orders" / "_delta_log"
    assert not is_table(log.parent)
    log.mkdir(parents=True)
    (log / ".00000000000000000000.json.1.tmp").touch()
    assert not is_table(log.parent)
    assert tables(load("local", lake=str(tmp_path))) == []
    (log / "00000000000000000000.json").touch()
    assert is_table(log.parent)
    assert tables(load("local", lake=str(tmp_path))) == ["bronze.orders"]
