from __future__ import annotations

from pathlib import Path

import pytest

from shoplake.errors import SettingsError
from shoplake.models.config import load_two_tower, model_file


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("seed: 7", "sede: 7", "unknown key 'sede'"),
        ("seed: 7", "", "missing key 'seed'"),
        ("optimizer: adamw", "optimizer: adam", "'adam' is not one of"),
        ("batch_size: ", "batch_size: 0 #", "batch_size is 0"),
    ],
)
def test_what_does_not_fit_is_an_error(tmp_path: Path, old: str, new: str, said: str) -> None:
    text = model_file("two_tower").read_text()
    assert old in text
    path = tmp_path / "model.yml"
    path.write_text(text.replace(old, new))
    with pytest.raises(SettingsError, match=said):
        load_two_tower(path)
