"""A ranker on disk: `base/` has the base's shape and tokenizer, `weights.safetensors` all weights.

`config.json` holds the settings and `loss.json` the losses by step. No person's data is in it.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from safetensors.torch import load_file, save_file

from shoplake.errors import ModelError, ShoplakeError
from shoplake.models.base import Base
from shoplake.models.relevance.ranker import Ranker
from shoplake.models.relevance.settings import RelevanceConfig
from shoplake.runtime.typed import from_dict

_SETTINGS, _WEIGHTS, _LOSS = "config.json", "weights.safetensors", "loss.json"


def finished(run_dir: Path) -> Path:
    """Where a run puts its finished ranker."""
    return run_dir / "ranker"


def save_ranker(
    run_dir: Path,
    model: Ranker,
    curve: Sequence[tuple[int, float]],
    validation: Sequence[tuple[int, float]],
) -> Path:
    """Write a ranker in one rename; replaces an older one."""
    folder = finished(run_dir)
    made = folder.with_suffix(".tmp")
    shutil.rmtree(made, ignore_errors=True)
    made.mkdir(parents=True)
    model.encoder.config.save_pretrained(made / "base")  # type: ignore[union-attr,operator]
    model.tokenizer.save_pretrained(made / "base")
    weights = {name: w.contiguous() for name, w in model.state_dict().items()}
    save_file(weights, made / _WEIGHTS)
    (made / _SETTINGS).write_text(json.dumps(asdict(model.config), indent=2))
    said = {"training": list(curve), "validation": list(validation)}
    (made / _LOSS).write_text(json.dumps(said))
    shutil.rmtree(folder, ignore_errors=True)
    os.rename(made, folder)
    return folder


def load_ranker(folder: Path) -> Ranker:
    """A ranker that `save_ranker` wrote, ready to score.

    Raises:
        ModelError: the folder holds none, one of other settings, or a damaged one.
    """
    from transformers import AutoConfig, AutoModel, AutoTokenizer

    path = folder / _SETTINGS
    if not path.is_file():
        raise ModelError("no ranker here", where=str(folder), remedy="run the step finetune")
    try:
        config = from_dict(RelevanceConfig, json.loads(path.read_text()), str(path))
        encoder = AutoModel.from_config(AutoConfig.from_pretrained(folder / "base"))
        base = Base(encoder, AutoTokenizer.from_pretrained(folder / "base"), str(folder))
        model = Ranker(base, config)
        model.load_state_dict(load_file(folder / _WEIGHTS))
    except ShoplakeError:
        raise
    except Exception as error:  # whatever its readers say of bytes that are none of theirs
        raise ModelError(
            "the ranker is damaged, or its weights are not of this version of the model",
            where=f"{folder}: {(str(error) or repr(error)).splitlines()[0]}",
            remedy="run the step finetune again",
        ) from None
    return model.eval()


def losses(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """(step, loss) of `training` and `validation`."""
    found = json.loads((folder / _LOSS).read_text())
    return {name: [(step, loss) for step, loss in rows] for name, rows in found.items()}
