"""Rankers of text in MLflow: versions with their parents, beside the recommender's."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
from mlflow.entities import Metric
from mlflow.models import ModelSignature
from mlflow.pyfunc.model import PythonModel, PythonModelContext
from mlflow.types import ColSpec, Schema, TensorSpec

from shoplake.models.relevance.artifact import load_ranker, losses
from shoplake.models.relevance.ranker import Ranker
from shoplake.models.relevance.settings import RelevanceConfig
from shoplake.models.tracking import Parents, Registry
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
        points = [Metric(_plain(k), v, 0, 0) for k, v in metrics.items()]
        for kind, rows in losses(folder).items():
            points += [Metric(f"{kind}_loss", loss, 0, step) for step, loss in rows]
        signature = ModelSignature(
            inputs=Schema([ColSpec("string", "query"), ColSpec("string", "title")]),
            outputs=Schema([TensorSpec(np.dtype(np.float64), (-1,))]),
        )
        return self.register_folder(
            *(_FOLDER, folder, PairGrader(), signature, asdict(config), parents),
            fingerprint=fingerprint,
            points=points,
        )

    def architecture(self, version: str) -> str:
        """Of the settings that a version was trained with; its files are not read."""
        run = self._client.get_model_version(self.name, version).run_id
        return str(self._client.get_run(str(run)).data.params["architecture"])

    def ranker(self, version: str) -> Ranker:
        """The ranker of a version.

        Raises:
            ModelError: there is no such version, or its files are gone.
        """
        return self.fetch(version, load_ranker, "run the step finetune again")


def _plain(metric: str) -> str:
    """A name that MLflow takes: it has no @."""
    return metric.replace("@", "_at_")
