"""A raw file that cannot be rewritten without a person is told of, and how to go on."""

from __future__ import annotations

from pathlib import Path

import pytest

from shoplake.errors import SourceError
from shoplake.ingest.mapping import load_mapping
from shoplake.ingest.withdraw import Whom, withdraw
from shoplake.runtime.settings import conf_dir

WHOM = Whom(frozenset({"1"}), frozenset(), lambda text: text)


@pytest.mark.parametrize("kind", ["gone", "folder"])
def test_a_file_that_cannot_be_read_is_told_of(tmp_path: Path, kind: str) -> None:
    mapping = load_mapping(conf_dir() / "sources" / "online_retail.yml")
    name = mapping.files[0].path.replace("**/", "").replace("*", "x")
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if kind == "folder":
        path.mkdir()
    with pytest.raises(SourceError, match="cannot be rewritten") as error:
        withdraw(mapping, tmp_path, path, WHOM, None)
    assert error.value.where == str(path)
