"""A small image encoder learnt from the shop's own pictures: four convolutions, from scratch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from shoplake.models.descriptions.pixels import Floats, Pixels

_SIDE = 48
_CHANNELS = (24, 48, 96, 128)
_EPOCHS, _STEPS = 14, 700
_BATCH = 64
_RATE = 3e-3


class SmallEncoder(nn.Module):
    """Pictures [n, 3, 48, 48] in [-1, 1] to vectors [n, 128], and logits of each attribute."""

    def __init__(self, classes: Sequence[int]) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        into = 3
        for out in _CHANNELS:
            conv = nn.Conv2d(into, out, 3, padding=1, bias=False)
            layers += [conv, nn.BatchNorm2d(out), nn.ReLU(inplace=True), nn.MaxPool2d(2)]
            into = out
        self.body = nn.Sequential(*layers)
        self.heads = nn.ModuleList(nn.Linear(into, count) for count in classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Mean over places of the last layer."""
        return self.body(x).mean((2, 3))


def learn_small(
    pictures: Sequence[Pixels], targets: Sequence[NDArray[np.int64]], *, seed: int
) -> SmallEncoder:
    """An encoder that tells the targets apart.

    Args:
        pictures: of any equal size.
        targets: of each attribute, the class of each picture; -1: not known.
        seed: of weights, order and what is done to pictures (mirrored, shifted, lit).
    """
    torch.manual_seed(seed)
    draw = np.random.default_rng(seed)
    encoder = SmallEncoder([int(t.max()) + 1 for t in targets])
    images, wanted = prepared(pictures), [torch.from_numpy(t) for t in targets]
    batches = -(-len(images) // _BATCH)
    epochs = max(_EPOCHS, -(-_STEPS // batches))
    optimizer = torch.optim.AdamW(encoder.parameters(), lr=_RATE, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, _RATE, total_steps=epochs * batches)
    encoder.train()
    for _ in range(epochs):
        order = torch.from_numpy(draw.permutation(len(images)))
        for part in order.split(_BATCH):
            vectors = encoder(_varied(images[part], draw))
            losses = [
                nn.functional.cross_entropy(
                    head(vectors), t[part], ignore_index=-1, label_smoothing=0.1, reduction="sum"
                )
                for head, t in zip(encoder.heads, wanted, strict=True)
            ]
            optimizer.zero_grad(set_to_none=True)
            (torch.stack(losses).sum() / len(part)).backward()
            optimizer.step()
            schedule.step()
    return encoder.eval()


def prepared(pictures: Sequence[Pixels], side: int = _SIDE) -> torch.Tensor:
    """Pictures as the encoder takes them: [n, 3, side, side] in [-1, 1]."""
    stacked = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float() / 127.5 - 1
    if stacked.shape[-1] == side:
        return stacked
    return nn.functional.interpolate(stacked, (side, side), mode="area")


def encode_small(encoder: SmallEncoder, pictures: Sequence[Pixels]) -> Floats:
    """Vectors [n, 128] of the encoder."""
    with torch.inference_mode():
        parts = [encoder(part) for part in prepared(pictures).split(256)]
    return np.asarray(torch.cat(parts).numpy())


def _varied(images: torch.Tensor, draw: np.random.Generator) -> torch.Tensor:
    """A batch mirrored, shifted by up to an eighth and lit differently."""
    if draw.random() < 0.5:
        images = images.flip(3)
    by = [int(draw.integers(-_SIDE // 8, _SIDE // 8 + 1)) for _ in range(2)]
    moved = torch.roll(images, by, (2, 3))
    light = torch.from_numpy(draw.uniform(0.85, 1.15, (len(images), 1, 1, 1))).float()
    return (moved * light).clamp(-1, 1)
