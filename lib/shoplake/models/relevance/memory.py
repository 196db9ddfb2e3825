"""Bytes of tensors that training keeps: of one run alone, whatever else the process holds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from shoplake.models.relevance.sharding import own


class Kept:
    """Counts the tensors that a forward pass keeps for its backward pass.

    Attributes:
        most: bytes of the largest part so far, without the model's own weights.
    """

    def __init__(self, model: nn.Module) -> None:
        self._own = {p.untyped_storage().data_ptr() for p in map(own, model.parameters())}
        self.most = 0

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Around a forward pass; a tensor kept twice counts once."""
        seen: dict[int, int] = {}

        def pack(tensor: Tensor) -> Tensor:
            storage = tensor.untyped_storage()
            if storage.data_ptr() not in self._own:
                seen[storage.data_ptr()] = storage.nbytes()
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
            yield
        self.most = max(self.most, sum(seen.values()))


def standing_bytes(model: nn.Module, optimizer: torch.optim.Optimizer) -> int:
    """Bytes of weights, of gradients of what learns, and of the optimiser's state, all its own."""
    weights = sum(own(p).nbytes for p in model.parameters())
    gradients = sum(own(p).nbytes for p in model.parameters() if p.requires_grad)
    return weights + gradients + sum(_bytes(state) for state in optimizer.state.values())


def _bytes(state: Any) -> int:
    return sum(own(value).nbytes for value in state.values() if isinstance(value, Tensor))
