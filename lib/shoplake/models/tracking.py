"""MLflow: runs with their parents, versions, and the alias `champion` that must be earned."""

from __future__ import annotations

import json
import logging
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import mlflow
import numpy as np
import pandas as pd
from mlflow import MlflowClient
from mlflow.entities import Metric, Param
from mlflow.entities.model_registry import ModelVersion
from mlflow.models import ModelSignature
from mlflow.pyfunc.model import PythonModel, PythonModelContext
from mlflow.store.entities import PagedList
from mlflow.types import ColSpec, Schema, TensorSpec

from shoplake.errors import ModelError
from shoplake.models.artifact import LoadedTwoTower, load_artifact, loss_curve
from shoplake.models.config import TwoTowerConfig
from shoplake.models.loaded import load_model
from shoplake.models.recommenders.lake_model import LakeModel
from shoplake.models.sinks import TENSORBOARD
from shoplake.runtime.settings import Settings

#: Aliases: the version that serves, and the one that is tried on a share of people.
CHAMPION, CHALLENGER = "champion", "challenger"
# Its advice on how models are pickled does not apply: the class is our own.
logging.getLogger("mlflow").setLevel(logging.ERROR)
FINGERPRINT, _VERDICT = "shoplake.fingerprint", "shoplake.verdict"
_ERASED = "shoplake.erased"
Loaded = TypeVar("Loaded")
Found = TypeVar("Found")


@dataclass(frozen=True)
class Parents:
    """What a model version came from (law 4).

    Attributes:
        tables: table name to Delta version.
        contracts: table name to contract version and fingerprint.
        git_revision: of the code, or the package's version outside a checkout.
        split: how training and test were told apart.
    """

    tables: dict[str, int]
    contracts: dict[str, str]
    git_revision: str
    split: str


class ItemEncoder(PythonModel):
    """What MLflow serves of a two-tower: item texts to item vectors."""

    def load_context(self, context: PythonModelContext) -> None:
        """Read the weights."""
        self._model = load_artifact(Path(context.artifacts["two_tower"]))

    def predict(self, context: PythonModelContext, model_input: list[str]):  # type: ignore[no-untyped-def,override]
        """Vectors [texts, dimension] float32 of item texts."""
        return self._model.item_matrix(model_input)


def every(search: Callable[..., PagedList[Found]]) -> list[Found]:
    """All that a search of MLflow finds, page by page.

    Args:
        search: takes a `page_token`.
    """
    page = search()
    found = list(page)
    while page.token:
        page = search(page_token=page.token)
        found += page
    return found


class Registry:
    """One registered model in one MLflow server.

    Args:
        uri: tracking URI; SQLite keeps its artifacts in `artifacts` beside the database.
        experiment: experiment of the runs.
        name: registered model; with its catalog and schema under Unity Catalog.
    """

    def __init__(self, uri: str, experiment: str, name: str) -> None:
        self.name = name
        self._uri = uri
        self._experiment = experiment
        if uri.startswith("sqlite:///"):
            Path(uri.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
        registry = "databricks-uc" if uri == "databricks" else uri
        mlflow.set_tracking_uri(uri)
        mlflow.set_registry_uri(registry)
        self._by_catalog = registry == "databricks-uc"
        self._client = MlflowClient(uri, registry)

    @classmethod
    def of(cls, settings: Settings) -> Registry:
        """The registry that an environment's settings name."""
        name = settings.mlflow.registered_model
        if settings.catalog:
            name = f"{settings.catalog}.{settings.schema_prefix}gold.{name}"
        return cls(settings.tracking_uri, settings.mlflow.experiment, name)

    def find(self, fingerprint: str) -> str | None:
        """The version that was trained from exactly these inputs and settings, if any."""
        for version in self._versions():
            if version.tags.get(FINGERPRINT) == fingerprint:
                return str(version.version)
        return None

    def register(
        self,
        folder: Path,
        config: TwoTowerConfig,
        parents: Parents,
        *,
        fingerprint: str,
        metrics: dict[str, float],
    ) -> str:
        """Log a finished model with its parents and make it a version; returns the version.

        The run comes first and the version last, so that a version is always whole. Called again
        after a crash in between, it goes on with the run of the same fingerprint.

        Args:
            folder: what `artifact.save_artifact` wrote.
            config: settings it was trained with.
            parents: what it came from.
            fingerprint: of inputs and settings; see `find`.
            metrics: final metrics by name.
        """
        points = [Metric(k, v, 0, 0) for k, v in metrics.items()]
        points += [Metric("train_loss", loss, 0, step) for step, loss in loss_curve(folder)]
        signature = ModelSignature(
            inputs=Schema([ColSpec("string", "text")]),
            outputs=Schema([TensorSpec(np.dtype(np.float32), (-1, config.dimension))]),
        )
        return self.register_folder(
            *("two_tower", folder, ItemEncoder(), signature, asdict(config), parents),
            fingerprint=fingerprint,
            points=points,
        )

    def register_folder(
        self,
        kind: str,
        folder: Path,
        served: PythonModel,
        signature: ModelSignature,
        settings: dict[str, Any],
        parents: Parents,
        *,
        fingerprint: str,
        points: list[Metric],
        tags: Mapping[str, str] | None = None,
    ) -> str:
        """What `register` does, for a model of any kind.

        Args:
            kind: what the artifact is called.
            folder: the finished model's files; TensorBoard's beside it are kept as artifacts too.
            served: what MLflow serves of them, and its `signature`.
            settings: by name; values are cut at MLflow's 500 letters.
            parents: what it came from.
            fingerprint: of inputs and settings.
            points: metrics; values that are not finite are left out.
            tags: further ones of the version.
        """
        run_id = self._run(fingerprint)
        params = [Param(k, str(v)[:500]) for k, v in settings.items()]
        params += [Param(f"table.{k}", str(v)) for k, v in parents.tables.items()]
        params += [Param("git_revision", parents.git_revision), Param("split", parents.split)]
        points = [point for point in points if np.isfinite(point.value)]
        self._client.log_batch(run_id, params=params)
        for at in range(0, len(points), 500):
            self._client.log_batch(run_id, metrics=points[at : at + 500])
        self._client.log_dict(run_id, asdict(parents), "parents.json")
        if (figures := folder.parent / TENSORBOARD).is_dir():
            self._client.log_artifacts(run_id, str(figures), TENSORBOARD)
        with mlflow.start_run(run_id=run_id):
            logged = mlflow.pyfunc.log_model(
                name=kind,
                python_model=served,
                artifacts={kind: str(folder)},
                pip_requirements=["shoplake"],
                signature=signature,
            )
        try:
            self._client.get_registered_model(self.name)
        except mlflow.MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise
            self._client.create_registered_model(self.name)
        made = self._client.create_model_version(
            self.name,
            logged.model_uri,
            run_id,
            tags={
                FINGERPRINT: fingerprint,
                "parents": json.dumps(asdict(parents)),
                **(tags or {}),
            },
        )
        return str(made.version)

    def log_table(self, version: str, name: str, rows: pd.DataFrame) -> None:
        """Keep a table with the version's run, as `<name>.json`; one that is there stays."""
        run_id = str(self._client.get_model_version(self.name, version).run_id)
        file = f"{name}.json"
        # MLflow adds rows to a table that is there.
        if all(found.path != file for found in self._client.list_artifacts(run_id)):
            self._client.log_table(run_id, rows, file)

    def promote(self, version: str, passed: bool, verdict: str) -> bool:
        """Move the alias if it was passed, then record the verdict. Returns whether it is champion.

        A version that takes over is no challenger any more, whoever that was. The verdict comes
        last: a version that has one is not judged again, so a kill before the alias would leave it
        passed and never serving.

        Raises:
            ModelError: it was trained on data of a person who has been erased since.
        """
        self._require_whole(version)
        if passed:
            self._client.set_registered_model_alias(self.name, CHAMPION, version)
            self.dismiss()
        self._client.set_model_version_tag(self.name, version, _VERDICT, verdict)
        return passed

    def challenge(self, version: str) -> None:
        """Have a version tried on a share of people beside the champion.

        Raises:
            ModelError: it was trained on data of a person who has been erased since.
        """
        self._require_whole(version)
        self._client.set_registered_model_alias(self.name, CHALLENGER, version)

    def dismiss(self) -> None:
        """End the trial of the challenger, if there is one."""
        if self.challenger() is not None:
            self._client.delete_registered_model_alias(self.name, CHALLENGER)

    def _require_whole(self, version: str) -> None:
        if (request := self.erased(version)) is not None:
            raise ModelError(
                f"version {version} of {self.name} is blocked until retrained without them:"
                " it was trained on data of people who have been erased",
                where=f"erasure {request}",
                remedy="run the steps dataset and train: they make a version without that data",
            )

    def verdict(self, version: str) -> str | None:
        """What `promote` recorded of a version; None: it was never called."""
        return self._client.get_model_version(self.name, version).tags.get(_VERDICT)

    def parents(self, version: str) -> Parents:
        """What a version came from."""
        told = self._client.get_model_version(self.name, version).tags["parents"]
        return Parents(**json.loads(told))

    def mark_erased(self, version: str, request: str) -> None:
        """Block a version that was trained on data which has been erased since.

        A champion stays in service until another version earns the alias.

        Raises:
            ModelError: there is no such version.
        """
        try:
            self._client.set_model_version_tag(self.name, version, _ERASED, request)
        except mlflow.MlflowException as error:
            raise ModelError(f"no version {version} of {self.name}", where=str(error)) from None

    def erased(self, version: str) -> str | None:
        """The erasure that blocks a version; None: it may be promoted."""
        return self._client.get_model_version(self.name, version).tags.get(_ERASED)

    def champion(self) -> str | None:
        """The version that serves, if any."""
        return self._with_alias(CHAMPION)

    def challenger(self) -> str | None:
        """The version that is tried on a share of people, if any."""
        return self._with_alias(CHALLENGER)

    def _with_alias(self, alias: str) -> str | None:
        try:
            return str(self._client.get_model_version_by_alias(self.name, alias).version)
        except mlflow.MlflowException:
            return None

    def load(self, version: str) -> LoadedTwoTower | LakeModel:
        """The model of a version, of whatever family it is.

        Raises:
            ModelError: there is no such version, or its files are gone.
        """
        remedy = "train again, or move the alias `champion` to a version that is whole"
        return self.fetch(version, load_model, remedy)

    def fetch(self, version: str, load: Callable[[Path], Loaded], remedy: str) -> Loaded:
        """What `load` makes of the files of a version.

        Raises:
            ModelError: there is no such version, or its files are gone; with `remedy`.
        """
        try:
            with tempfile.TemporaryDirectory() as folder:
                path = mlflow.artifacts.download_artifacts(
                    f"models:/{self.name}/{version}", dst_path=folder
                )
                found = next(Path(path).glob("artifacts/*/config.json"))
                return load(found.parent)
        except (mlflow.MlflowException, StopIteration, OSError) as error:
            raise ModelError(
                f"version {version} of {self.name} cannot be loaded",
                where=f"{self._uri}: {str(error).splitlines()[0] if str(error) else error!r}",
                remedy=remedy,
            ) from None

    def _versions(self) -> list[ModelVersion]:
        found = every(partial(self._client.search_model_versions, f"name='{self.name}'"))
        if self._by_catalog:
            # Unity Catalog's search leaves out tags.
            found = [self._client.get_model_version(self.name, v.version) for v in found]
        return sorted(found, key=lambda v: int(v.version))

    def _run(self, fingerprint: str) -> str:
        """The run of this fingerprint; a new one unless an earlier attempt made it."""
        experiment = self._client.get_experiment_by_name(self._experiment)
        if experiment is None:
            place = None
            if self._uri.startswith("sqlite:///"):
                database = Path(self._uri.removeprefix("sqlite:///"))
                place = (database.parent / "artifacts").as_uri()
            identity = self._client.create_experiment(self._experiment, place)
        else:
            identity = experiment.experiment_id
        runs = self._client.search_runs([identity], f"tags.`{FINGERPRINT}` = '{fingerprint}'")
        if runs:
            return str(runs[0].info.run_id)
        return str(self._client.create_run(identity, tags={FINGERPRINT: fingerprint}).info.run_id)
