"""A request is on record from its beginning, wherever the process is killed."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from shoplake.contracts.book import load_contracts
from shoplake.erase import person
from shoplake.governance.erasure.order import open_orders
from shoplake.governance.run import Run
from shoplake.runtime.lake import Lake
from shoplake.runtime.settings import conf_dir, load


def test_a_request_that_was_killed_before_it_was_on_record_is_recorded(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOPLAKE_PSEUDONYM_KEY", "k" * 40)
    settings = dataclasses.replace(load("local"), lake=str(tmp_path / "lake"))
    run = Run("erase", Lake(spark, settings), load_contracts(conf_dir() / "contracts"))

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(person, "_record", killed)
        with pytest.raises(KeyboardInterrupt):
            person._order(run, "builtin:17850", (), unknown=True)
    (order,) = open_orders(settings.root)
    for _ in range(2):
        assert person._order(run, "builtin:17850", (), unknown=True) == order
        (row,) = run.lake.rows("governance.erasures", ["request", "state", "digests"])
        assert (row["request"], row["state"]) == (order.request, "requested")
        assert tuple(row["digests"]) == order.digests
