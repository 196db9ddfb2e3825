"""The quick reading of MLflow's file agrees with what MLflow's own client says."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from mlflow import MlflowClient
from mlflow.entities import Metric, Param

from shoplake.catalog import registry
from shoplake.catalog.registry import versions
from shoplake.runtime.settings import load


def test_file_and_client_agree(tmp_path: Path) -> None:
    settings = dataclasses.replace(load("local"), lake=str(tmp_path))
    (tmp_path / "models").mkdir()
    uri = settings.tracking_uri
    client = MlflowClient(uri, uri)
    experiment = client.create_experiment("e", (tmp_path / "models").as_uri())
    client.create_registered_model("duck")
    for version in ("1", "2"):
        run = client.create_run(experiment).info.run_id
        losses = [Metric("train_loss", 5.0 / (i + 1), 0, i) for i in range(3)]
        client.log_batch(run, metrics=losses, params=[Param("rate", version)])
        client.create_model_version(
            "duck", tmp_path.as_uri(), run, tags={"parents": '{"split": "time"}'}
        )
    client.set_registered_model_alias("duck", "champion", "2")
    client.set_model_version_tag("duck", "1", "shoplake.verdict", "loses")

    found = versions(settings)
    assert [v.version for v in found] == ["2", "1"]
    assert found[0].aliases == ("champion",)
    assert found[0].parents == {"split": "time"}
    assert found[1].tags["shoplake.verdict"] == "loses"
    assert found[0].loss == ((0, 5.0), (1, 2.5), (2, 5.0 / 3))
    assert found == registry._sorted(registry._from_client(uri))


def test_no_registry_has_no_versions(tmp_path: Path) -> None:
    assert versions(dataclasses.replace(load("local"), lake=str(tmp_path))) == ()
