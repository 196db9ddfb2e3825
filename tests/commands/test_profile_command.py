"""`shoplake profile` drafts what `shoplake check` can read, and overwrites nothing."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from shoplake.cli import main
from shoplake.contracts.parse import load_contract

LINES = "id,E-mail,paid\n" + "".join(f"{i},p{i}@example.org,{i}.50\n" for i in range(60))


@pytest.fixture
def orders(tmp_path: Path) -> Path:
    path = tmp_path / "Orders 2024.csv"
    path.write_text(LINES)
    return path


def test_draft_on_the_screen_is_a_contract(
    orders: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["profile", str(orders)])
    path = tmp_path / "screen.yml"
    path.write_text(capsys.readouterr().out)
    contract = load_contract(path)
    assert contract.table == "silver.orders_2024"
    assert contract.status == "draft"
    assert contract.column("e_mail").classification == "personal"


def test_draft_in_a_file_is_not_overwritten(
    orders: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "conf" / "people.yml"
    command = ["profile", str(orders), "--name", "silver.people", "--rows", "50", "--out", str(out)]
    main(command)
    assert load_contract(out).table == "silver.people"
    assert "50 rows, 3 columns" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main(command)
    assert "a file is there already" in capsys.readouterr().out


def test_table_of_a_lake_keeps_its_types(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = pa.table({"id": pa.array(["1", "2"]), "n": pa.array([1, 2], pa.int32())})
    (tmp_path / "silver" / "things").mkdir(parents=True)
    write_deltalake(str(tmp_path / "silver" / "things"), rows)
    main(["profile", "silver.things", "--lake", str(tmp_path)])
    (tmp_path / "t.yml").write_text(capsys.readouterr().out)
    contract = load_contract(tmp_path / "t.yml")
    assert [(c.name, c.type) for c in contract.columns] == [("id", "string"), ("n", "int")]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere.csv"], "neither a file nor a table"),
        (["silver.nothing"], "no table"),
        (["{orders}", "--name", "Orders"], "not a table name"),
        (["{orders}", "--rows", "0"], "at least 1"),
    ],
)
def test_mistakes_are_said(
    orders: Path,
    tmp_path: Path,
    arguments: list[str],
    message: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    given = [a.replace("{orders}", str(orders)) for a in arguments]
    with pytest.raises(SystemExit):
        main(["profile", *given, "--lake", str(tmp_path)])
    assert message in capsys.readouterr().out
