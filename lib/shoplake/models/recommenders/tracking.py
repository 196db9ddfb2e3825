"""A family as a version of the shop's registered recommender: one champion, whatever its family."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from mlflow.entities import Metric
from mlflow.models import ModelSignature
from mlflow.pyfunc.model import PythonModel, PythonModelContext
from mlflow.types import ColSpec, Schema, TensorSpec

from shoplake.models.recommenders.lake_config import LakeFamily
from shoplake.models.recommenders.lake_model import load_lake_model
from shoplake.models.tracking import Parents, Registry

_FOLDER = "recommender"


class HistoryScorer(PythonModel):
    """What MLflow serves of a family: product ids of a history to scores of the model's items."""

    def load_context(self, context: PythonModelContext) -> None:
        """Read what was learned."""
        self._model = load_lake_model(Path(context.artifacts[_FOLDER]))

    def predict(self, context: PythonModelContext, model_input: pd.DataFrame):  # type: ignore[no-untyped-def,override]
        """Scores [n, M] of rows with `history`: product ids, newest first, with spaces between.

        Each counts as bought once and today, and all items as equally popular.
        """
        ids = ["", *self._model.product_ids]
        place = {product: at for at, product in enumerate(ids)}
        rows = [[place.get(p, 0) for p in said.split()] for said in model_input["history"]]
        history = np.zeros((len(rows), max(map(len, rows), default=0)), dtype=np.int64)
        for row, items in zip(history, rows, strict=True):
            row[: len(items)] = items
        nothing = np.zeros(len(ids))
        scorer = self._model.scorer(ids, nothing, nothing, ids)
        return scorer.block(history, (history > 0).astype(np.int64), np.zeros_like(history))[:, 1:]


def register_family(
    registry: Registry,
    folder: Path,
    family: LakeFamily,
    parents: Parents,
    *,
    fingerprint: str,
    metrics: dict[str, float],
    privacy: Mapping[str, str],
) -> str:
    """Log a finished model with its parents and make it a version; returns the version.

    Args:
        registry: of the shop's recommender.
        folder: what `lake_model.save_lake_model` wrote.
        family: settings it was trained with.
        parents: what it came from.
        fingerprint: of inputs and settings; see `Registry.find`.
        metrics: final metrics by name.
        privacy: tags of `LakeModel.spent`.
    """
    signature = ModelSignature(
        inputs=Schema([ColSpec("string", "history")]),
        outputs=Schema([TensorSpec(np.dtype(np.float32), (-1, -1))]),
    )
    return registry.register_folder(
        *(_FOLDER, folder, HistoryScorer(), signature, _settings(family), parents),
        fingerprint=fingerprint,
        points=[Metric(name, value, 0, 0) for name, value in metrics.items()],
        tags={"shoplake.family": family.name, **privacy},
    )


def _settings(family: LakeFamily) -> dict[str, Any]:
    said: dict[str, Any] = {
        "family": family.name,
        "decides_on": family.decides_on,
        "history_length": family.history_length,
    }
    for name, part in family.parts.items():
        said |= {f"{name}.{key}": value for key, value in part.settings.items()}
    return said | (vars(family.ranker) if family.ranker else {})
