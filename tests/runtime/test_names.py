from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from shoplake.errors import ShoplakeError
from shoplake.runtime.lake import Lake
from shoplake.runtime.settings import load

NO_SPARK: Any = None


def test_two_part_name_locally(tmp_path: Path) -> None:
    lake = Lake(NO_SPARK, dataclasses.replace(load("local"), lake=str(tmp_path)))
    assert lake.identifier("gold.interest") == f"delta.`{tmp_path}/gold/interest`"


def test_three_part_name_under_unity_catalog() -> None:
    lake = Lake(NO_SPARK, load("databricks", catalog="shop", schema_prefix="dev_"))
    assert lake.identifier("gold.interest") == "`shop`.`dev_gold`.`interest`"


@pytest.mark.parametrize("name", ["interest", "mine.interest", "gold.Interest", "gold.a;drop"])
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(ShoplakeError, match="not a table name"):
        Lake(NO_SPARK, load("databricks")).identifier(name)
