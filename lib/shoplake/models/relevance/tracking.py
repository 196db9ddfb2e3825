"""Rankers of text in MLflow: versions with their parents, beside the recommender's."""

from __future__ import annotations

import json
import tempfile
from dataclasses import asdict
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
from mlflow.entities import Metric, Param
from mlflow.models import ModelSignature
from mlflow.pyfunc.model import PythonModel, PythonModelContext
from mlflow.types import ColSpec, Schema, TensorSpec

from shoplake.errors import ModelError
from shoplake.models.relevance.artifact import load_ranker, losses
from shoplake.models.relevance.ranker import Ranker
from shoplake.models.relevance.settings import RelevanceConfig
from shoplake.models.tracking import FINGERPRINT, Parents, Registry
from shoplake.runtime.settings import Settings

#: The registered model's name; with its catalog and schema under Unity Catalog.
NAME = "relevance"
_FOLDER = "ranker"


class PairGrader(PythonModel):
    """What MLflow serves of a ranker: queries and titles to grades."""

    def load_context(self, context: PythonModelContext) -> None:
        """Read the weights."""
        self._model = load_ranker(Path(context.artifacts[_FOLDER]))

    def predict(self, context: PythonModelContext, model_input: pd.DataFrame):  # type: ignore[no-untyped-def,override]
        """Grades 1 to 3 [n] of the rows' query and title."""
        return self._model.grades(model_input["query"].tolist(), model_input["title"].tolist())


class RankerRegistry(Registry):
    """The registered model `relevance`; `find`, `promote` and the rest as for any model."""

    @classmethod
    def of(cls, settings: Settings) -> RankerRegistry:
        """The registry that an environment's settings name."""
        name = NAME
        if settings.catalog:
            name = f"{settings.catalog}.{settings.schema_prefix}gold.{name}"
        return cls(settings.tracking_uri, settings.mlflow.experiment, name)

    def register_ranker(
        self,
        folder: Path,
        config: RelevanceConfig,
        parents: Parents,
        *,
        fingerprint: str,
        metrics: dict[str, float],
    ) -> str:
        """Log a finished ranker with its parents and make it a version; returns the version.

        The run comes first and the version last, so that a version is always whole.

        Args:
            folder: what `artifact.save_ranker` wrote.
            config: settings it was trained with.
            parents: what it came from.
            fingerprint: of pairs and settings; see `find`.
            metrics: final metrics by name.
        """
        run_id = self._run(fingerprint)
        params = [Param(k, str(v)[:500]) for k, v in asdict(config).items()]
        params += [Param(f"table.{k}", str(v)) for k, v in parents.tables.items()]
        params += [Param("git_revision", parents.git_revision), Param("split", parents.split)]
        points = [Metric(_plain(k), v, 0, 0) for k, v in metrics.items() if np.isfinite(v)]
        for kind, rows in losses(folder).items():
            points += [Metric(f"{kind}_loss", loss, 0, step) for step, loss in rows]
        self._client.log_batch(run_id, params=params)
        for at in range(0, len(points), 500):
            self._client.log_batch(run_id, metrics=points[at : at + 500])
        self._client.log_dict(run_id, asdict(parents), "parents.json")
        with mlflow.start_run(run_id=run_id):
            logged = mlflow.pyfunc.log_model(
                name=_FOLDER,
                python_model=PairGrader(),
                artifacts={_FOLDER: str(folder)},
                pip_requirements=["shoplake"],
                signature=ModelSignature(
                    inputs=Schema([ColSpec("string", "query"), ColSpec("string", "title")]),
                    outputs=Schema([TensorSpec(np.dtype(np.float64), (-1,))]),
                ),
            )
        if not any(m.name == self.name for m in self._client.search_registered_models()):
            self._client.create_registered_model(self.name)
        made = self._client.create_model_version(
            self.name,
            logged.model_uri,
            run_id,
            tags={FINGERPRINT: fingerprint, "parents": json.dumps(asdict(parents))},
        )
        return str(made.version)

    def ranker(self, version: str) -> Ranker:
        """The ranker of a version.

        Raises:
            ModelError: there is no such version, or its files are gone.
        """
        try:
            with tempfile.TemporaryDirectory() as folder:
                path = mlflow.artifacts.download_artifacts(
                    f"models:/{self.name}/{version}", dst_path=folder
                )
                found = next(Path(path).glob("artifacts/*/config.json"))
                return load_ranker(found.parent)
        except (mlflow.MlflowException, StopIteration, OSError) as error:
            raise ModelError(
                f"version {version} of {self.name} cannot be loaded",
                where=f"{self._uri}: {str(error).splitlines()[0] if str(error) else error!r}",
                remedy="run the step finetune again",
            ) from None


def _plain(metric: str) -> str:
    """A name that MLflow takes: it has no @."""
    return metric.replace("@", "_at_")
