from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from shop_files import lines

from shoplake.errors import SettingsError
from shoplake.ingest.check import check_shop
from shoplake.ingest.mapping import load_mapping
from shoplake.ingest.shop import ShopConfig, load_shop_config, simulate
from shoplake.ingest.shop.files import FORMS
from shoplake.ingest.shop.part import simulate_catalogue
from shoplake.runtime.settings import conf_dir


def test_an_unknown_key_of_the_file_is_named(tmp_path: Path) -> None:
    text = (conf_dir() / "shop.yml").read_text().replace("position_bias", "positon_bias")
    (tmp_path / "shop.yml").write_text(text)
    with pytest.raises(SettingsError, match="did you mean 'position_bias'"):
        load_shop_config(tmp_path / "shop.yml")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"peopel": 5}, "unknown shop setting 'peopel'"),
        ({"people": 0}, "people must be at least 1"),
        ({"exploration": 1.5}, "exploration must lie between 0 and 1"),
    ],
)
def test_values_no_shop_can_have_are_refused(changes: dict[str, object], told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        load_shop_config(**changes)


def test_rates_of_more_than_half_are_refused() -> None:
    dirt = dataclasses.replace(load_shop_config().dirt, late=0.3, text=0.3)
    with pytest.raises(SettingsError, match="more than one half"):
        load_shop_config(dirt=dirt)


def test_a_folder_keeps_to_one_shop(spark: SparkSession, tiny: ShopConfig, tmp_path: Path) -> None:
    (tmp_path / "truth").mkdir()
    (tmp_path / "truth" / "shop.json").write_text('{"seed": 0}')
    with pytest.raises(SettingsError, match=r"other settings: .*seed"):
        simulate(spark, tiny, tmp_path, 0, 1)


def test_an_empty_day_range_is_refused(
    spark: SparkSession, tiny: ShopConfig, tmp_path: Path
) -> None:
    with pytest.raises(SettingsError, match="no days from 3 to 2"):
        simulate(spark, tiny, tmp_path, 3, 2)


def test_the_mapping_is_sound_and_knows_every_file() -> None:
    assert check_shop("builtin", conf_dir()) == []
    mapping = load_mapping(conf_dir() / "sources" / "builtin.yml")
    assert {f.path.split("/")[0]: f.columns for f in mapping.files} == {
        entity: form.columns for entity, form in FORMS.items()
    }


def test_attributes_stay_json_in_the_products_file(tiny: ShopConfig, tmp_path: Path) -> None:
    simulate_catalogue(tiny, tmp_path, 0, 0)
    mapping = load_mapping(conf_dir() / "sources" / "builtin.yml")
    assert mapping.file("products/day=*/*.tsv").quote is None
    header, *rows = (line.split("\t") for line in lines(tmp_path, "products"))
    products = [dict(zip(header, row, strict=True)) for row in rows]
    described = [json.loads(p["attributes"]) for p in products if p["type"] == "product"]
    assert {"colour", "material", "style", "pack"} == set(described[0])
    assert len(described) > 0.8 * tiny.products
