"""The few exchanges between training processes; each does nothing when there is only one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor

from shoplake.errors import ModelError


def world() -> tuple[int, int]:
    """This process's rank and the number of processes."""
    if dist.is_available() and dist.is_initialized():
        return dist.get_rank(), dist.get_world_size()
    return 0, 1


@contextmanager
def joined(timeout_seconds: int) -> Iterator[tuple[int, int, torch.device]]:
    """Join the processes that torchrun or TorchDistributor started: rank, their number, device.

    Threads of one host are shared out among its processes. A process that waits longer than
    `timeout_seconds` for the others fails.

    Raises:
        ModelError: the host has a GPU for some of its processes only.
    """
    size = int(os.environ.get("WORLD_SIZE", "1"))
    local, neighbours = (
        int(os.environ.get(f"LOCAL_{name}", "0")) for name in ("RANK", "WORLD_SIZE")
    )
    gpu = torch.cuda.is_available()
    if gpu and local >= (held := torch.cuda.device_count()):
        raise ModelError(
            f"process {local + 1} of {neighbours} on this host has no GPU of its own",
            where=f"GPUs that it may use: {held}",
            remedy=f"start {held} with --processes, or set CUDA_VISIBLE_DEVICES= to train on CPUs",
        )
    device = torch.device("cuda", local) if gpu else torch.device("cpu")
    if size == 1:
        yield 0, 1, device
        return
    torch.set_num_threads(max(1, (os.cpu_count() or 1) // max(neighbours, 1)))
    dist.init_process_group("nccl" if gpu else "gloo", timeout=timedelta(seconds=timeout_seconds))
    try:
        yield dist.get_rank(), size, device
    finally:
        dist.destroy_process_group()


def summed(values: Tensor) -> Tensor:
    """The sum over processes, without gradient."""
    values = values.detach().clone()
    if world()[1] > 1:
        dist.all_reduce(values)
    return values


def gathered(values: Tensor) -> Tensor:
    """The rows of all processes in the order of ranks, without gradient; all have equally many."""
    size = world()[1]
    if size == 1:
        return values.detach()
    parts = [torch.empty_like(values) for _ in range(size)]
    dist.all_gather(parts, values.detach().contiguous())
    return torch.cat(parts)


class _Gather(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values: Tensor) -> Tensor:
        ctx.rows = values.shape[0]
        return gathered(values)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        # Every process used every row, so a row's gradient is the sum over all of them.
        rank = world()[0]
        return summed(gradient)[rank * ctx.rows : (rank + 1) * ctx.rows]


def gathered_with_gradient(values: Tensor) -> Tensor:
    """As `gathered`, and gradients find their way back to the process that computed the row."""
    return values if world()[1] == 1 else _Gather.apply(values)
