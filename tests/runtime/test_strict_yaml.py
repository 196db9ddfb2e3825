from __future__ import annotations

from pathlib import Path

import pytest

from shoplake.errors import SettingsError
from shoplake.runtime.settings import Settings
from shoplake.runtime.strict_yaml import YamlError, parse, read
from shoplake.runtime.typed import load_yaml


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("a: 1\nb: 2\na: 3\n", 3, "'a' is written twice, first on line 1; keep one"),
        ("a:\n  - b: 1\n    c: {x: 1, y: 2, x: 3}\n", 3, "'x' is written twice"),
        ("a: [\n", 2, "not valid YAML"),
        ("a: 1\nb: 2020-13-45\n", 2, "'2020-13-45' is no value"),
        ("a: \x07", 1, "control characters"),
    ],
)
def test_a_mistake_is_told_with_its_line(text: str, line: int, message: str) -> None:
    with pytest.raises(YamlError, match=message) as error:
        parse(text)
    assert error.value.line == line


def test_a_merged_key_may_be_written_again() -> None:
    text = "x: &x {k: 1}\ny: &y {<<: *x, k: 2}\nz: {<<: *y, k: 3}\n"
    assert parse(text) == {"x": {"k": 1}, "y": {"k": 2}, "z": {"k": 3}}


def test_a_node_may_lie_in_itself() -> None:
    found = parse("a: &a [*a]\n")
    assert found["a"][0] is found["a"]


def test_a_file_that_is_not_utf_8_is_told_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "x.yml"
    path.write_bytes(b"a: 1\nb: \xe4\n")
    with pytest.raises(YamlError, match=r"line 2: not UTF-8"):
        read(path)


def test_settings_with_a_key_twice_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.yml"
    path.write_text("lake: a\nlake: b\n")
    with pytest.raises(SettingsError, match=r"(?s)'lake' is written twice.*x\.yml:2"):
        load_yaml(path, Settings)
