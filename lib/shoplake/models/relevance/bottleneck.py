"""Bottleneck adapters (Houlsby et al., "Parameter-efficient transfer learning for NLP", 2019).

Two a layer: after the attention's and after the feed-forward's projection, before what skips them
is added. Layer norms learn as well, as in the paper. peft has no such method.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Bottleneck(nn.Module):
    """A linear layer followed by an adapter that changes nothing at first."""

    def __init__(self, dense: nn.Linear, inner: int) -> None:
        super().__init__()
        self.dense = dense
        self.down = nn.Linear(dense.out_features, inner)
        self.up = nn.Linear(inner, dense.out_features)
        nn.init.normal_(self.down.weight, std=0.02)
        nn.init.zeros_(self.down.bias)
        nn.init.zeros_(self.up.weight)
        nn.init.zeros_(self.up.bias)

    def forward(self, hidden: Tensor) -> Tensor:
        """[..., width in] to [..., width out]."""
        hidden = self.dense(hidden)
        return hidden + self.up(torch.nn.functional.gelu(self.down(hidden)))


def add_bottlenecks(encoder: nn.Module, inner: int) -> None:
    """Put adapters into a BERT whose weights are frozen; they and the layer norms learn."""
    for layer in encoder.encoder.layer:  # type: ignore[union-attr]
        for part in (layer.attention.output, layer.output):
            part.dense = Bottleneck(part.dense, inner)
            part.LayerNorm.requires_grad_(True)
