"""LightGBM is loaded, or it is said what is missing."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from shoplake.errors import ModelError
from shoplake.models.boosting import lightgbm


def test_a_missing_system_library_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "lightgbm.py").write_text("raise OSError('libgomp.so.1: cannot open')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "lightgbm", raising=False)
    with pytest.raises(ModelError, match="libgomp1"):
        lightgbm()
