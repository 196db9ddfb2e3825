"""The commands that speak of roles."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import textwrap
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import write_deltalake
from policy_lake import KEY, book, make_lake

from shoplake.cli import main
from shoplake.commands import check
from shoplake.governance.policies.load import check_policies
from shoplake.refine.pseudonym import Secret, key_id


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> str:
    return make_lake(tmp_path_factory.mktemp("command")).lake


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOPLAKE_PSEUDONYM_KEY", KEY)


def sql(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, object]]:
    main(["sql", *arguments, "--format", "json"])
    return list(json.loads(capsys.readouterr().out))


def test_sql_as_a_role(lake: str, capsys: pytest.CaptureFixture[str]) -> None:
    query = "SELECT person_id, name FROM bronze.people ORDER BY _row_id LIMIT 1"
    assert sql(capsys, query, "--lake", lake) == [{"person_id": "shop-p1", "name": "Ann Ash"}]
    assert sql(capsys, query, "--lake", lake, "--as", "support") == [
        {"person_id": "***-p1", "name": "A***"}
    ]


def test_sql_as_a_person(lake: str, capsys: pytest.CaptureFixture[str]) -> None:
    query = "SELECT count(*) AS n FROM silver.orders"
    asked = sql(capsys, query, "--lake", lake, "--as", "assistant", "--subject", "p1")
    assert asked == [{"n": 2}]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--as", "nobody"], "no role 'nobody'"),
        (["--as", "analyst"], "only groups of at least 10"),
        (["--subject", "p1"], "belongs to a role"),
    ],
)
def test_a_refusal_is_an_error(
    lake: str, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["sql", "SELECT * FROM silver.orders", "--lake", lake, *arguments])
    assert stopped.value.code == 1
    assert message in capsys.readouterr().out


def test_hashes_under_another_key_than_the_lakes_are_refused(
    lake: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    own = shutil.copytree(lake, tmp_path / "lake")
    vault = pa.table({"key_id": [key_id(Secret(KEY))], "retired": [False]})
    write_deltalake(str(own / "governance" / "vault"), vault)
    query = ["SELECT name FROM bronze.people", "--lake", str(own), "--as", "engineer"]
    assert sql(capsys, *query)
    monkeypatch.setenv("SHOPLAKE_PSEUDONYM_KEY", "another" * 5)
    with pytest.raises(SystemExit):
        main(["sql", *query])
    assert "is not the one that the lake's" in capsys.readouterr().out.replace("\n", " ")


def test_policies_are_shown_for_a_role(capsys: pytest.CaptureFixture[str]) -> None:
    main(["policies", "--role", "support", "bronze.people"])
    assert "first 2, last 4 characters" in capsys.readouterr().out


def test_policies_as_statements(capsys: pytest.CaptureFixture[str]) -> None:
    main(["policies", "--unity", "--catalog", "shop", "silver.people"])
    assert "SET ROW FILTER `shop`.`governance`.`rows_silver_people_" in capsys.readouterr().out


def test_check_reads_the_policies(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "policies.yml").write_text("persons: []\nrecords: []\nroles: {}\nrolls: {}\n")
    (tmp_path / "contracts").mkdir()
    monkeypatch.setattr(check, "conf_dir", lambda: tmp_path)
    with pytest.raises(SystemExit):
        main(["check"])
    assert "policies.yml:4" in capsys.readouterr().out.replace("\n", "")


def test_the_commands_of_the_documentation_run(
    lake: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (Path(__file__).parents[2] / "docs" / "policies.md").read_text()
    blocks = re.findall(r"^```sh\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    commands = [shlex.split(line, comments=True) for b in blocks for line in b.splitlines()]
    assert len(commands) >= 9
    for _, *arguments in commands:
        if ">" in arguments:
            arguments = arguments[: arguments.index(">")]
        main([*arguments, "--lake", lake])
        assert capsys.readouterr().out


def test_the_role_of_the_documentation_is_a_role(tmp_path: Path) -> None:
    text = (Path(__file__).parents[2] / "docs" / "policies.md").read_text()
    (block,) = re.findall(r"^```yaml\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    head = "persons: [person_key]\nrecords: [row_id]\nroles:\n"
    path = tmp_path / "policies.yml"
    path.write_text(head + textwrap.indent(block, "  "))
    assert check_policies(path, book())[1] == []
