"""A trained two-tower on disk: `base/` as Hugging Face lays it out, the rest beside it.

`base/` holds BERT as fine-tuned and its tokenizer; `towers.safetensors` all other weights;
`config.json` the settings; `loss.json` the loss of each step. No person's data is in it, and no
item's: vectors are computed from the texts that are to be scored.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file

from shoplake.errors import ModelError
from shoplake.models.base import Base, load_base
from shoplake.models.config import TwoTowerConfig
from shoplake.models.inputs import read_texts
from shoplake.models.scorer import Floats, TwoTowerScorer
from shoplake.models.two_tower import TwoTower
from shoplake.runtime.typed import from_dict

_ENCODER = "item_tower.encoder."
_CURVE = "loss.json"


def finished(run_dir: Path) -> Path:
    """Where a run puts its finished model."""
    return run_dir / "model"


def save_artifact(
    run_dir: Path,
    config: TwoTowerConfig,
    base: Base,
    model: TwoTower,
    curve: Sequence[tuple[int, float]],
) -> Path:
    """Write the model and its (step, loss) curve in one rename; replaces an older one."""
    folder = finished(run_dir)
    made = folder.with_suffix(".tmp")
    shutil.rmtree(made, ignore_errors=True)
    base.save(made / "base")
    towers = {
        name: weights.contiguous()
        for name, weights in model.state_dict().items()
        if not name.startswith(_ENCODER)
    }
    save_file(towers, made / "towers.safetensors")
    (made / "config.json").write_text(json.dumps(asdict(config), indent=2))
    (made / _CURVE).write_text(json.dumps(list(curve)))
    shutil.rmtree(folder, ignore_errors=True)
    os.rename(made, folder)
    return folder


def loss_curve(folder: Path) -> list[tuple[int, float]]:
    """(step, softmax loss) of the training of a saved model."""
    return [(step, loss) for step, loss in json.loads((folder / _CURVE).read_text())]


class LoadedTwoTower:
    """A trained model, ready to read texts and to make a scorer of them.

    Attributes:
        config: settings it was trained with.
        model: its weights.
    """

    def __init__(self, config: TwoTowerConfig, model: TwoTower, tokenizer: Any) -> None:
        self.config = config
        self.model = model.eval()
        self._tokenizer = tokenizer

    def item_matrix(self, texts: Sequence[str]) -> Floats:
        """Item vectors of unit length [N, d] float32; equal texts are read once."""
        tower = self.model.item_tower
        with torch.no_grad():
            read = read_texts(tower, self._tokenizer, texts, self.config.max_tokens)
            return tower(read).numpy()

    def scorer(
        self,
        texts: Sequence[str],
        log_popularity: NDArray[np.floating],
        log_recent: NDArray[np.floating],
        product_ids: Sequence[str] = (),
    ) -> TwoTowerScorer:
        """A scorer of a catalogue, by item_index: row 0 of all is the padding.

        Args:
            texts: C = N + 1 item texts, as gold.item_features has them.
            log_popularity: [C] log1p of the people of the last 30 days at the instant to score for.
            log_recent: [C] the same of the last 7 days.
            product_ids: not looked at: an item is what its text says.
        """
        priors = np.stack([log_popularity, log_recent], 1).astype(np.float32)
        items = np.concatenate([self.item_matrix(texts), priors], 1)
        items[0] = 0.0
        slope, offset = self.model.calibration.tolist()
        return TwoTowerScorer(items, self.model.person_tower, slope, offset)


def load_artifact(folder: Path) -> LoadedTwoTower:
    """Load a model that `save_artifact` wrote.

    Raises:
        ModelError: the folder holds no such model.
    """
    path = folder / "config.json"
    if not path.is_file():
        raise ModelError("no two-tower model here", where=str(folder), remedy="train one first")
    config = from_dict(TwoTowerConfig, json.loads(path.read_text()), str(path))
    base = load_base(str(folder / "base"))
    model = TwoTower(config, base.encoder, base.width)
    weights = load_file(folder / "towers.safetensors")
    missing, unknown = model.load_state_dict(weights, strict=False)
    missing = [name for name in missing if not name.startswith(_ENCODER)]
    if missing or unknown:
        raise ModelError(
            "the weights are not of this version of the model",
            where=f"{folder}: missing {missing}, unknown {unknown}",
            remedy="train it again",
        )
    return LoadedTwoTower(config, model, base.tokenizer)
