"""A recommender's files, whatever family they are of: the two-tower's or one of `recommenders`."""

from __future__ import annotations

import json
from pathlib import Path

from shoplake.models.artifact import LoadedTwoTower, load_artifact
from shoplake.models.recommenders.lake_model import LakeModel, load_lake_model


def load_model(folder: Path) -> LoadedTwoTower | LakeModel:
    """The model that `artifact.save_artifact` or `lake_model.save_lake_model` wrote.

    Raises:
        ModelError: the folder holds neither.
    """
    path = folder / "config.json"
    if path.is_file() and "family" in json.loads(path.read_text()):
        return load_lake_model(folder)
    return load_artifact(folder)
