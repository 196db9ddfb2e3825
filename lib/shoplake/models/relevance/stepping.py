"""What a training step needs besides its loss: an optimiser, a precision, everyone's gradients."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

import torch
from torch import nn

from shoplake.errors import ModelError
from shoplake.models.collectives import summed
from shoplake.models.relevance.settings import RelevanceConfig
from shoplake.models.relevance.sharding import parted

T = TypeVar("T")


def optimizer_of(
    config: RelevanceConfig, parameters: Iterable[nn.Parameter]
) -> torch.optim.Optimizer:
    """The config's optimiser; the loop sets its rate."""
    if config.optimizer == "sgd":
        return torch.optim.SGD(
            list(parameters), lr=0.0, momentum=0.9, weight_decay=config.weight_decay
        )
    return torch.optim.AdamW(list(parameters), lr=0.0, weight_decay=config.weight_decay)


def precision(config: RelevanceConfig, device: torch.device) -> torch.autocast:
    """The config's precision on a GPU; float32 elsewhere."""
    kind = torch.float16 if config.precision == "fp16" else torch.bfloat16
    on = device.type == "cuda" and config.precision != "float32"
    return torch.autocast(device.type, kind, enabled=on)


def turns(
    parts: Sequence[T], rank: int, size: int, *, together: bool
) -> Iterator[tuple[int, T, float]]:
    """A process's parts of a step: place among all, part, and what its loss counts.

    Args:
        parts: of the step.
        rank, size: this process and how many there are.
        together: all processes have equally many turns, as weights that are shared out are gathered
            by all at once; one without a part of its own repeats the last, which counts 0.
    """
    for at in range(rank, -(-len(parts) // size) * size if together else len(parts), size):
        last = min(at, len(parts) - 1)
        yield last, parts[last], float(at == last)


def add_up(parameters: Iterable[nn.Parameter], size: int) -> None:
    """Gradients of all processes in one exchange; nothing where there is one process."""
    if size == 1:
        return
    found = list(parameters)
    every = [torch.zeros_like(p) if p.grad is None else p.grad for p in found]
    together = summed(torch.cat([g.flatten() for g in every]))
    at = 0
    for parameter in found:
        end = at + parameter.numel()
        parameter.grad = together[at:end].view_as(parameter).clone()
        at = end


def finite(loss: float, when: str, where: object) -> float:
    """The loss; a step by one that is no number would spoil every weight, and its checkpoint.

    Args:
        loss: of all processes.
        when: the step that it is of.
        where: the run's folder, or what learns.

    Raises:
        ModelError: it is not a finite number.
    """
    if not math.isfinite(loss):
        raise ModelError(
            f"the loss of {when} is {loss}: training diverged",
            where=str(where),
            remedy="lower the learning rate, or clip_norm; the last checkpoint is kept",
        )
    return loss


def put(learns: dict[str, nn.Parameter], weights: dict[str, torch.Tensor]) -> None:
    """Weights into the parameters of the same names."""
    with torch.no_grad():
        for name, parameter in learns.items():
            parameter.copy_(parted(weights[name], parameter))
