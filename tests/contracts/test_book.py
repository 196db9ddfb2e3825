"""What can only be checked across contracts, told with file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from shoplake.contracts.book import check_contracts, load_contracts
from shoplake.errors import ContractError

THEIRS = """\
apiVersion: v3.1.0
kind: DataContract
id: x
version: 1.0.0
status: active
team: {members: [{username: shop, role: owner}]}
schema:
  - physicalName: silver.theirs
    properties:
      - {name: id, physicalType: string, required: true, primaryKey: true}
      - {name: at, physicalType: timestamp}
      - {name: total, physicalType: double}
"""
OURS = """\
apiVersion: v3.1.0
kind: DataContract
id: x
version: 1.0.0
status: active
team: {members: [{username: shop, role: owner}]}
schema:
  - physicalName: silver.ours
    properties:
      - {name: id, physicalType: string, required: true, primaryKey: true}
      - {name: at, physicalType: timestamp}
      - name: other
        physicalType: string
        relationships: [{to: silver.theirs.id}]
    quality:
      - name: shown
        type: custom
        engine: shoplake
        implementation:
          preceded_by: silver.theirs
          per: id
          time: at
          theirs: at
          theirs_where: total > 0
      - name: adds_up
        type: custom
        engine: shoplake
        implementation:
          reconcile: count(*)
          per: {other: id}
          with: silver.theirs
          theirs: sum(total)
"""


def problems(folder: Path, ours: str) -> list[str]:
    (folder / "silver").mkdir()
    (folder / "silver" / "ours.yml").write_text(ours)
    (folder / "silver" / "theirs.yml").write_text(THEIRS)
    return [f"{Path(p.file).name}:{p.line}: {p.message}" for p in check_contracts(folder)[1]]


def test_what_is_right_is_no_problem(tmp_path: Path) -> None:
    assert problems(tmp_path, OURS) == []


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("theirs.id}", "theirs.key}", "ours.yml:14: refers to unknown silver.theirs.key"),
        ("theirs.id}", "nobody.id}", "ours.yml:14: refers to unknown silver.nobody"),
        ("preceded_by: silver.theirs", "preceded_by: silver.x", "refers to unknown silver.x"),
        ("theirs: at", "theirs: nope", "ours.yml:23: the table has no column 'nope'"),
        ("theirs: at", "theirs: max(at)", "ours.yml:23: MAX(at) looks at several rows"),
        ("total > 0", "bad sql (((", "ours.yml:24: not SQL"),
        ("total > 0", "total", "ours.yml:24: total is neither true nor false"),
        ("sum(total)", "sum(nope)", "ours.yml:32: the table has no column 'nope'"),
        ("sum(total)", "total", "ours.yml:32: expected an aggregate"),
    ],
)
def test_what_is_wrong_of_another_table_is_told_with_its_line(
    tmp_path: Path, old: str, new: str, problem: str
) -> None:
    assert old in OURS
    (found,) = problems(tmp_path, OURS.replace(old, new))
    assert problem in found


@pytest.mark.parametrize("place", ["silver/extra.yaml", "extra.yml", "silver/more/extra.yml"])
def test_a_contract_where_none_is_read_is_a_problem(tmp_path: Path, place: str) -> None:
    path = tmp_path / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(THEIRS)
    (found,) = check_contracts(tmp_path)[1]
    assert found.file == str(path)
    assert "<layer>/<table>.yml" in found.message


def test_contracts_are_parsed_once_and_again_when_a_file_is_another(tmp_path: Path) -> None:
    file = tmp_path / "silver" / "theirs.yml"
    file.parent.mkdir()
    file.write_text(THEIRS)
    first = load_contracts(tmp_path)
    assert load_contracts(tmp_path) is first
    file.write_text(THEIRS.replace("total", "whole"))
    assert load_contracts(tmp_path)["silver.theirs"].column_names == ("id", "at", "whole")
    file.write_text(THEIRS.replace("active", "asleep"))
    with pytest.raises(ContractError, match="1 problem"):
        load_contracts(tmp_path)
