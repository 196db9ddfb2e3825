"""How many rows a command shows is 1 or more."""

from __future__ import annotations

from pathlib import Path

import pytest

from shoplake.cli import main as shoplake


@pytest.mark.parametrize(
    "words",
    [["audience", "mugs"], ["stock"], ["similar", "mug"]],
    ids=["audience", "stock", "similar"],
)
@pytest.mark.parametrize("top", ["0", "-3"])
def test_less_than_one_row_is_refused(
    words: list[str], top: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        shoplake([*words, "--top", top, "--lake", str(tmp_path)])
    assert f"--top is {top}" in capsys.readouterr().out
