"""Prefix tuning (Li & Liang 2021; in every layer of an encoder: P-tuning v2, Liu et al. 2022).

peft's own prefix tuning runs with a BERT, but transformers then counts a text's positions from the
end of the prefix (the first token gets the position embedding of the ninth), and peft drops
positions that are given. So the keys and values are handed to BERT here, with positions from 0.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from transformers import DynamicCache


class PrefixedEncoder(nn.Module):
    """A frozen BERT each of whose layers attends to learnt keys and values as well."""

    def __init__(self, encoder: nn.Module, length: int) -> None:
        super().__init__()
        self.encoder = encoder
        shape: Any = encoder.config
        self.config = shape
        heads = int(shape.num_attention_heads)
        inner = int(shape.hidden_size) // heads
        self.prefix = nn.Parameter(
            torch.randn(int(shape.num_hidden_layers), 2, heads, length, inner) * 0.02
        )

    def forward(self, input_ids: Tensor, attention_mask: Tensor, **rest: Any) -> Any:
        """As the encoder's."""
        texts, tokens = input_ids.shape
        layers = [
            (keys.expand(texts, -1, -1, -1), values.expand(texts, -1, -1, -1))
            for keys, values in self.prefix.unbind(0)
        ]
        seen = attention_mask.new_ones(texts, self.prefix.shape[3])
        return self.encoder(
            input_ids=input_ids,
            attention_mask=torch.cat([seen, attention_mask], 1),
            position_ids=torch.arange(tokens, device=input_ids.device).expand(texts, -1),
            past_key_values=DynamicCache(layers),
            **rest,
        )
