"""A GPT-style model over item titles: which title follows those of the history.

A small causal decoder (Radford et al., "Language models are unsupervised multitask learners",
2019: pre-norm blocks, GELU, learned positions) reads one token an item, and an item's token is the
vector of its title instead of an id, in and out, as in UniSRec (Hou et al., KDD 2022): items that
nobody has chosen yet are read and scored like any other. Learned by a softmax over the next item
and items drawn at random, shared by the batch.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from shoplake.models.recommenders.interactions import Floats, Interactions
from shoplake.models.recommenders.sasrec import batches, padded


@dataclass(frozen=True)
class GptTitlesConfig:
    """Settings of the model.

    Attributes:
        dimension: of states and of projected titles.
        layers, heads: of the decoder.
        rows: the latest rows that are learned from, at most.
        length: the last interactions of a history that are read.
        dropout: everywhere.
        negatives: items drawn for a batch, half of them evenly and half as often as they occur.
        temperature: cosine similarities are divided by it.
        batch: histories of a step.
        learning_rate: of AdamW, after a warm-up of a tenth of the steps, falling to 0.
        weight_decay: of AdamW.
        epochs: passes over the interactions.
        seed: of weights, order and negatives.
    """

    dimension: int = 64
    layers: int = 2
    heads: int = 2
    rows: int = 50_000
    length: int = 20
    dropout: float = 0.1
    negatives: int = 512
    temperature: float = 0.07
    batch: int = 128
    learning_rate: float = 0.002
    weight_decay: float = 0.01
    epochs: int = 4
    seed: int = 7


class GptTitles:
    """The decoder; item C is the padding.

    Args:
        vectors: [C, d] unit vectors of the titles, as `content.title_vectors` makes them.
    """

    def __init__(self, config: GptTitlesConfig, vectors: Floats) -> None:
        self.config = config
        self.vectors = vectors

    def fit(self, seen: Interactions) -> GptTitles:
        """Train from the start."""
        config = self.config
        torch.manual_seed(config.seed)
        rng = np.random.default_rng(config.seed)
        rows = seen.take(np.flatnonzero(seen.lengths > 1)[-config.rows :])
        self.network = net = Decoder(config, self.vectors)
        optimizer = torch.optim.AdamW(
            net.parameters(), config.learning_rate, weight_decay=config.weight_decay
        )
        steps = max(1, config.epochs * -(-len(rows) // config.batch))
        warm = max(1, steps // 10)
        schedule = torch.optim.lr_scheduler.LambdaLR(
            optimizer, lambda step: min((step + 1) / warm, max(1 - step / steps, 0.0))
        )
        for _ in range(config.epochs):
            for batch in batches(rows.lengths, config.batch, rng):
                tokens = torch.from_numpy(padded(rows.take(batch), config.length + 1))
                often = rng.choice(rows.items, config.negatives // 2)
                evenly = rng.integers(0, seen.catalogue, config.negatives - len(often))
                drawn = torch.from_numpy(np.concatenate([often, evenly]))
                loss = self._loss(net, tokens, drawn)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                schedule.step()
        return self

    def _loss(self, net: Decoder, tokens: torch.Tensor, drawn: torch.Tensor) -> torch.Tensor:
        inputs, truth = tokens[:, :-1], tokens[:, 1:]
        keep = inputs != len(self.vectors)
        states, truth = net(inputs)[keep], truth[keep]
        own = (states * net.items(truth)).sum(-1) / self.config.temperature + net.bias[truth]
        rest = states @ net.items(drawn).T / self.config.temperature + net.bias[drawn]
        rest = rest.masked_fill(drawn[None] == truth[:, None], -1e4)
        logits = torch.cat([own[:, None], rest], dim=1)
        return F.cross_entropy(logits, torch.zeros(len(logits), dtype=torch.long))

    @torch.no_grad()
    def scores(self, histories: Interactions) -> Floats:
        """Scores [B, C]: cosines over the temperature, plus the items' biases."""
        net = self.network.eval()
        tokens = torch.from_numpy(padded(histories, self.config.length))
        every = net.items(torch.arange(histories.catalogue))
        found = net(tokens)[:, -1] @ every.T / self.config.temperature + net.bias
        return np.asarray(found.numpy())

    def moved(self, vectors: Floats, bias: Floats | None = None) -> GptTitles:
        """What was learned, over the titles of another catalogue; nothing is learned there.

        Args:
            vectors: [C, d] unit vectors of its titles, by the reader that the model learned with.
            bias: [C] of its items; 0 if not given, for what was learned of single items stays.
        """
        other = GptTitles(self.config, vectors)
        other.network = net = Decoder(self.config, vectors)
        of_items = ("titles", "bias")
        weights = {n: w for n, w in self.network.state_dict().items() if n not in of_items}
        net.load_state_dict(weights, strict=False)
        if bias is not None:
            net.bias.data.copy_(torch.from_numpy(bias))
        return other


class Decoder(nn.Module):
    """Projected titles, positions counted from the end, and causal pre-norm blocks."""

    def __init__(self, config: GptTitlesConfig, vectors: Floats) -> None:
        super().__init__()
        self.catalogue, wide = vectors.shape
        padding = np.zeros((1, wide), np.float32)
        self.register_buffer("titles", torch.from_numpy(np.concatenate([vectors, padding])))
        self.into = nn.Linear(wide, config.dimension, bias=False)
        self.out = nn.Linear(wide, config.dimension, bias=False)
        self.position = nn.Embedding(config.length, config.dimension)
        nn.init.normal_(self.position.weight, std=0.02)
        self.bias = nn.Parameter(torch.zeros(self.catalogue))
        self.dropout = nn.Dropout(config.dropout)
        layer = nn.TransformerEncoderLayer(
            *(config.dimension, config.heads, 4 * config.dimension, config.dropout),
            activation="gelu",
            batch_first=True,
            norm_first=True,
        )
        self.blocks = nn.TransformerEncoder(layer, config.layers, enable_nested_tensor=False)
        self.heads = config.heads

    def items(self, index: torch.Tensor) -> torch.Tensor:
        """Unit vectors [n, d] of items as what comes next."""
        return F.normalize(self.out(self.titles[index]), dim=-1)  # type: ignore[index]

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Unit states [B, L, d] of tokens [B, L], padded on the left."""
        place = torch.arange(tokens.shape[1])
        from_end = place - tokens.shape[1] + self.position.num_embeddings
        vectors = F.normalize(self.into(self.titles[tokens]), dim=-1)  # type: ignore[index]
        found = self.dropout(vectors + self.position(from_end))
        back = place[:, None] - place[None]
        absent = (tokens == self.catalogue)[:, None] & (back != 0)
        mask = ((back < 0) | absent).repeat_interleave(self.heads, 0)
        return F.normalize(self.blocks(found, mask=mask) + vectors, dim=-1)
