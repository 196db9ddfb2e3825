from __future__ import annotations

from pathlib import Path

import pytest

from shoplake.errors import SettingsError
from shoplake.models.recommenders.config import FAMILIES, load_family


@pytest.mark.parametrize("name", list(FAMILIES))
def test_every_family_has_a_file_that_fills_its_settings(name: str) -> None:
    family = load_family(name)
    assert type(family.config) is FAMILIES[name][0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("l3: 5\n", "unknown key 'l3'"),
        ("l2: many\n", "expected float"),
        ("grid:\n  l3: [1]\n", "unknown key 'l3'"),
        ("grid:\n  l2: [many]\n", "expected float"),
    ],
)
def test_a_wrong_key_or_value_is_an_error(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "ease.yml"
    file.write_text(text)
    with pytest.raises(SettingsError, match=said):
        load_family("ease", str(file))


def test_an_unknown_family_is_an_error_that_lists_them() -> None:
    with pytest.raises(SettingsError, match="item_knn"):
        load_family("itemknn")
