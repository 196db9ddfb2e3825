"""`conf/labels.yml` is typed: what is not understood is an error."""

from __future__ import annotations

from pathlib import Path

import pytest

from shoplake.errors import SettingsError
from shoplake.features.settings import KINDS, load_labels
from shoplake.runtime.settings import conf_dir


def test_shipped_settings_name_every_kind() -> None:
    assert set(load_labels().interest.kinds) == set(KINDS)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("purchase_floor: 0.50", "purchase_flor: 0.50", "did you mean 'purchase_floor'"),
        ("    dismiss:", "    ignore:", "missing kinds.*dismiss"),
        ("half_life_days: 14}", "half_life_days: 0}", "half_life_days of click is 0"),
        ("purchase_floor: 0.50", "purchase_floor: 1.5", "purchase_floor is 1.5"),
        ("max_snapshots: 6", "max_snapshots: six", "expected int, got 'six'"),
        ("max_snapshots: 6", "max_snapshots: 0", "set it to 1 or more"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(tmp_path: Path, old, new, told) -> None:
    shipped = (conf_dir() / "labels.yml").read_text()
    assert old in shipped
    path = tmp_path / "labels.yml"
    path.write_text(shipped.replace(old, new))
    with pytest.raises(SettingsError, match=f"(?s){told}"):
        load_labels(path)
