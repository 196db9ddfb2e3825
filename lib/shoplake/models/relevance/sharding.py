"""A ranker's weights shared out among processes, for one that a device cannot hold (FSDP).

Each process keeps a part of every weight, its gradient and the optimiser's state. A layer's weights
are gathered when it is needed and dropped again (Zhao et al., "PyTorch FSDP: experiences on scaling
fully sharded data parallel", 2023; torch's `fully_shard`). What is saved is whole: a checkpoint
does not say how many processes made it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from shoplake.models.base import load_base
from shoplake.models.relevance.ranker import Ranker
from shoplake.models.relevance.reading import FAMILIES

#: What the loop calls of a ranker; each gathers the weights that are in no layer.
_CALLED = ("vectors", "outputs")


def shard(model: Ranker, size: int, device: torch.device) -> None:
    """Share out a model among the processes that were joined, in place.

    Every process holds the whole once, in its host's memory; a device gets a part of it. Gradients
    of processes are added up, not averaged, since a step's parts have shares of its loss.

    Args:
        model: the same in all processes, on the CPU.
        size: number of processes.
        device: of this process.
    """
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import FSDPModule, fully_shard, register_fsdp_forward_method

    mesh = init_device_mesh(device.type, (size,))
    for layer in _layers(model.encoder):
        fully_shard(layer, mesh=mesh)
    fully_shard(model, mesh=mesh)
    for part in model.modules():
        if isinstance(part, FSDPModule):
            part.set_gradient_divide_factor(1.0)
            part.set_force_sum_reduction_for_comms(True)
    for name in _CALLED:
        register_fsdp_forward_method(model, name)
    model.to(device)  # What is not sharded: buffers.


def is_shared(value: Any) -> bool:
    """Whether a value is a tensor that is shared out (a DTensor, whose import takes seconds)."""
    return hasattr(value, "full_tensor")


def own(value: Tensor) -> Tensor:
    """This process's part of a tensor that is shared out; any other as it is."""
    kept: Any = value
    return kept.to_local() if is_shared(value) else value


def whole(state: Any) -> Any:
    """A state with its shared-out tensors gathered on the CPU; all processes call it at once."""
    if is_shared(state):
        return state.detach().full_tensor().cpu()
    if isinstance(state, dict):
        return {name: whole(value) for name, value in state.items()}
    return state


def parted(value: Tensor, like: Tensor) -> Tensor:
    """A whole tensor shared out as another is; itself where that is not shared out."""
    if not is_shared(like) or is_shared(value):
        return value
    from torch.distributed.tensor import distribute_tensor

    kept: Any = like
    return distribute_tensor(value.to(like.device), kept.device_mesh, kept.placements)


def parted_state(state: dict[str, Any], parameters: Sequence[nn.Parameter]) -> dict[str, Any]:
    """An optimiser's whole state shared out as its parameters are.

    Args:
        state: `state_dict` of an optimiser.
        parameters: in the order that the optimiser got them.
    """
    held = {
        at: {
            name: parted(value, parameters[at])
            if isinstance(value, Tensor) and value.shape == parameters[at].shape
            else value
            for name, value in row.items()
        }
        for at, row in state["state"].items()
    }
    return {**state, "state": held}


def unsharded(model: Ranker) -> Ranker:
    """The ranker in one piece, on the CPU; all processes call it at once.

    Raises:
        ModelError: the base model is gone.
    """
    weights = whole(model.state_dict())
    made = Ranker(load_base(model.config.base, FAMILIES), model.config)
    made.load_state_dict(weights)
    return made.eval()


def _layers(encoder: nn.Module) -> list[nn.Module]:
    """The transformer layers, whatever a method put around them."""
    shape: Any = encoder.config
    count = int(shape.num_hidden_layers)
    lists = (part for part in encoder.modules() if isinstance(part, nn.ModuleList))
    return list(next((part for part in lists if len(part) == count), ()))
