"""A training run's latest state on disk: whole or not there, never half."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from shoplake.errors import ModelError
from shoplake.feed import Position

_NAME = "checkpoint.pt"


@dataclass
class Checkpoint:
    """State after `step` optimiser steps.

    The learning rate and every random draw are functions of the seed and the step, so there is
    no scheduler's or generator's state to keep.

    Attributes:
        fingerprint: of the settings and inputs it belongs to.
        step: optimiser steps taken.
        position: of the feed's next batch.
        model: the model's weights.
        optimiser: the optimiser's state.
        texts: text vectors by item_index; those read early are older than those read late.
        curve: (step, softmax loss) so far.
    """

    fingerprint: str
    step: int
    position: Position
    model: dict[str, Tensor]
    optimiser: dict[str, Any]
    texts: Tensor
    curve: list[tuple[int, float]]


def save_checkpoint(run_dir: Path, checkpoint: Checkpoint) -> None:
    """Replace the run's checkpoint in one rename."""
    made = run_dir / f"{_NAME}.tmp"
    state = vars(checkpoint) | {"position": vars(checkpoint.position)}
    with made.open("wb") as file:
        torch.save(state, file)
        file.flush()
        os.fsync(file.fileno())
    made.replace(run_dir / _NAME)


def load_checkpoint(
    run_dir: Path, fingerprint: str, device: torch.device | str
) -> Checkpoint | None:
    """The run's checkpoint, if there is one.

    Raises:
        ModelError: it is of another run, or cannot be read.
    """
    path = run_dir / _NAME
    if not path.is_file():
        return None
    try:
        state = torch.load(path, map_location=device, weights_only=True)
    except Exception as error:
        raise ModelError(
            "the checkpoint cannot be read",
            where=f"{path}: {error}",
            remedy="delete it: training then starts from the beginning",
        ) from None
    if state["fingerprint"] != fingerprint:
        raise ModelError(
            "the checkpoint is of a run with other settings or inputs",
            where=str(path),
            remedy="give each run a folder of its own, or delete this one",
        )
    return Checkpoint(**(state | {"position": Position(**state["position"])}))


def drop_checkpoint(run_dir: Path) -> None:
    """Remove the checkpoint of a finished run."""
    (run_dir / _NAME).unlink(missing_ok=True)


def restore(checkpoint: Checkpoint, model: nn.Module, optimiser: torch.optim.Optimizer) -> None:
    """Put weights and optimiser state back."""
    model.load_state_dict(checkpoint.model)
    optimiser.load_state_dict(checkpoint.optimiser)
