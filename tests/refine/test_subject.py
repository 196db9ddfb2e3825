"""An erasure is of somebody: a misspelt shop or id is refused before anything is recorded."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest
from pyspark.sql import DataFrame, SparkSession

from shoplake.contracts.book import load_contracts
from shoplake.errors import ShoplakeError
from shoplake.governance.erasure.order import Subject
from shoplake.refine.pseudonym import Secret
from shoplake.refine.subject import find_subject
from shoplake.runtime.lake import Lake
from shoplake.runtime.settings import conf_dir, load

Find = Callable[..., Subject]


@pytest.fixture(scope="module")
def find(
    spark: SparkSession, bronze: Callable[..., DataFrame], tmp_path_factory: pytest.TempPathFactory
) -> Find:
    settings = dataclasses.replace(load("local"), lake=str(tmp_path_factory.mktemp("l") / "lake"))
    lake = Lake(spark, settings)
    rows = bronze("orders", {"person_id": "17850.0"})
    rows.write.format("delta").save(str(lake.folder("bronze.orders")))
    contracts = load_contracts(conf_dir() / "contracts")
    return lambda who, **how: find_subject(lake, contracts, Secret("k" * 20), who, **how)


def test_somebody_whom_a_record_names_is_known(find: Find) -> None:
    assert find("shop:17850").ids == (("shop", "17850"),)


def test_a_misspelt_shop_is_refused_with_the_shops_there_are(find: Find) -> None:
    for unknown in (False, True):
        with pytest.raises(ShoplakeError, match="there is no shop 'shpo'") as error:
            find("shpo:17850", unknown=unknown)
        assert error.value.remedy == "shops of this lake: shop"


def test_an_id_that_nobody_has_is_refused_unless_it_is_meant(find: Find) -> None:
    with pytest.raises(ShoplakeError, match="no table names this person"):
        find("shop:1785")
    assert find("shop:1785", unknown=True).ids == (("shop", "1785"),)
    # A shop that has sent nothing yet is known by its mapping.
    assert find("builtin:W1", unknown=True).ids == (("builtin", "W1"),)
