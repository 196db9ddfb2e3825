"""SASRec: self-attention over the order of a history, trained with a sampled softmax.

Kang & McAuley, "Self-attentive sequential recommendation" (ICDM 2018). The loss is a softmax over
the next item and negatives shared by the batch instead of one negative per step, which is what
makes it strong: Petrov & Macdonald, "gSASRec" (RecSys 2023); Tikhonovich et al., "eSASRec"
(RecSys 2025). Items start from a factorisation of how they occur together (positive pointwise
mutual information; Levy & Goldberg, NeurIPS 2014), and a state from the decayed mean of its
items, so that a few epochs on a CPU do for what takes hundreds from random vectors.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array
from torch import nn
from torch.nn import functional as F

from shoplake.models.recommenders.interactions import Floats, Interactions
from shoplake.models.recommenders.item_knn import pairs


@dataclass(frozen=True)
class SasrecConfig:
    """Settings of SASRec.

    Attributes:
        dimension: of items and states.
        layers, heads: of the transformer.
        rows: the latest rows that are learned from, at most.
        length: the last interactions of a history that are read.
        dropout: everywhere.
        negatives: items drawn evenly for a batch.
        temperature: cosine similarities are divided by it.
        batch: histories of a step.
        learning_rate: of AdamW, after a warm-up of 100 steps or a tenth of all, falling to 0.
        weight_decay: of AdamW.
        history_decay: weight of an item in the decayed mean, by its distance from the state.
        epochs: passes over the interactions.
        update_epochs: passes when a trained model meets more interactions.
        seed: of weights, order and negatives.
    """

    dimension: int = 64
    layers: int = 2
    heads: int = 2
    rows: int = 100_000
    length: int = 20
    dropout: float = 0.2
    negatives: int = 512
    temperature: float = 0.07
    batch: int = 256
    learning_rate: float = 0.001
    weight_decay: float = 0.01
    history_decay: float = 0.7
    epochs: int = 4
    update_epochs: int = 1
    seed: int = 7


class Sasrec:
    """SASRec; item C of the embedding is the padding."""

    def __init__(self, config: SasrecConfig) -> None:
        self.config = config
        self.network: Network | None = None

    def fit(self, seen: Interactions) -> Sasrec:
        """Train; a model that was trained before goes on from there for `update_epochs`."""
        torch.manual_seed(self.config.seed)
        rng = np.random.default_rng(self.config.seed)
        epochs = self.config.update_epochs if self.network else self.config.epochs
        rows = seen.take(np.flatnonzero(seen.lengths > 1)[-self.config.rows :])
        if self.network is None:
            start = item_vectors(seen, self.config.dimension, self.config.seed)
            self.network = Network(self.config, start, seen.counts())
        net = self.network.train()
        optimizer = torch.optim.AdamW(
            net.parameters(), self.config.learning_rate, weight_decay=self.config.weight_decay
        )
        steps = max(1, epochs * -(-len(rows) // self.config.batch))
        warm = max(1, min(100, steps // 10))
        schedule = torch.optim.lr_scheduler.LambdaLR(
            optimizer, lambda step: min((step + 1) / warm, 1 - step / steps)
        )
        for _ in range(epochs):
            for batch in batches(rows.lengths, self.config.batch, rng):
                tokens = padded(rows.take(batch), self.config.length + 1)
                loss = self._loss(net, torch.from_numpy(tokens), seen.catalogue)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                schedule.step()
        return self

    def _loss(self, net: Network, tokens: torch.Tensor, catalogue: int) -> torch.Tensor:
        inputs, targets = tokens[:, :-1], tokens[:, 1:]
        keep = inputs != catalogue
        states = F.normalize(net(inputs)[keep], dim=-1)
        drawn = torch.randint(catalogue, (self.config.negatives,))
        truth = targets[keep]
        positive = F.normalize(net.embedding(truth), dim=-1)
        others = F.normalize(net.embedding(drawn), dim=-1)
        own = (states * positive).sum(-1) / self.config.temperature + net.bias[truth]
        rest = states @ others.T / self.config.temperature + net.bias[drawn]
        rest = rest.masked_fill(drawn[None] == truth[:, None], -1e4)
        logits = torch.cat([own[:, None], rest], dim=1)
        return F.cross_entropy(logits, torch.zeros(len(logits), dtype=torch.long))

    @torch.no_grad()
    def scores(self, histories: Interactions) -> Floats:
        """Scores [B, C]: cosines over the temperature, plus the items' biases."""
        assert self.network is not None
        net = self.network.eval()
        items = F.normalize(net.embedding.weight[: histories.catalogue], dim=-1)
        tokens = torch.from_numpy(padded(histories, self.config.length))
        states = F.normalize(net(tokens)[:, -1], dim=-1)
        return np.asarray((states @ items.T / self.config.temperature + net.bias).numpy())


class Network(nn.Module):
    """Embedding, positions counted from the end, a decayed mean and a causal transformer on top.

    Args:
        start: [C, d] vectors of the items.
        count: [C] interactions, which the biases start from.
    """

    def __init__(self, config: SasrecConfig, start: Floats, count: NDArray[np.int64]) -> None:
        super().__init__()
        self.catalogue, width = start.shape
        vectors = torch.from_numpy(np.concatenate([start, np.zeros((1, width), np.float32)]))
        self.embedding = nn.Embedding.from_pretrained(
            vectors, freeze=False, padding_idx=self.catalogue
        )
        self.bias = nn.Parameter(torch.from_numpy(0.3 * np.log1p(count)).float())
        self.position = nn.Embedding(config.length, width)
        nn.init.normal_(self.position.weight, std=0.1 * width**-0.5)
        self.dropout = nn.Dropout(config.dropout)
        layer = nn.TransformerEncoderLayer(
            width,
            config.heads,
            2 * width,
            config.dropout,
            activation="gelu",
            batch_first=True,
            norm_first=True,
        )
        self.layers = nn.TransformerEncoder(layer, config.layers, enable_nested_tensor=False)
        self.out = nn.Linear(width, width, bias=False)
        nn.init.zeros_(self.out.weight)
        self.decay = nn.Parameter(torch.logit(torch.tensor(config.history_decay)))
        self.heads = config.heads

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """States [B, L, d] of tokens [B, L], padded on the left."""
        length = tokens.shape[1]
        place = torch.arange(length)
        vectors = F.normalize(self.embedding(tokens), dim=-1)
        found = self.dropout(vectors + self.position(place - length + self.position.num_embeddings))
        back = place[:, None] - place[None]
        absent = (tokens == self.catalogue)[:, None] & (back != 0)
        mask = ((back < 0) | absent).repeat_interleave(self.heads, 0)
        mean = torch.sigmoid(self.decay) ** back.clamp(min=0) * (back >= 0)
        return torch.as_tensor(mean @ vectors + self.out(self.layers(found, mask=mask)))


def item_vectors(seen: Interactions, dimension: int, seed: int) -> Floats:
    """Unit vectors [C, dimension]: items that occur together often, for their counts, are close."""
    from sklearn.utils.extmath import randomized_svd

    left, right, gap = pairs(seen, 5)
    size = seen.catalogue
    once = csr_array((1.0 / gap, (left, right)), (size, size))
    both = coo_array(once + once.T)
    total = np.maximum(np.bincount(both.row, both.data, minlength=size), 1e-9)
    # Contexts are smoothed by ** 0.75, or rare items would have the largest information.
    context = total**0.75 / (total**0.75).sum()
    information = np.log(both.data / (total[both.row] * context[both.col]))
    kept = np.maximum(information, 0)
    matrix = csr_array((kept, (both.row, both.col)), (size, size))
    rank = min(dimension, size)
    left_vectors, values, _ = randomized_svd(matrix, rank, n_iter=3, random_state=seed)
    found = np.pad(left_vectors * np.sqrt(values), ((0, 0), (0, dimension - rank)))
    found += np.random.default_rng(seed).normal(0, 1e-3, found.shape)
    return np.asarray(found / np.linalg.norm(found, axis=1, keepdims=True), dtype=np.float32)


def padded(histories: Interactions, length: int) -> NDArray[np.int64]:
    """The last `length` items of each row [B, L], padded with C on the left; L is as needed."""
    width = int(min(length, max(histories.lengths.max(initial=1), 1)))
    found = histories.last(width)[:, ::-1]
    return np.where(found < 0, histories.catalogue, found)


def batches(
    lengths: NDArray[np.int64], size: int, rng: np.random.Generator
) -> list[NDArray[np.int64]]:
    """Rows of about equal length together, so that little is padding, in random order."""
    order = np.argsort(lengths + rng.random(len(lengths)) * 2, kind="stable")
    batches = [order[start : start + size] for start in range(0, len(order), size)]
    rng.shuffle(batches)  # type: ignore[arg-type]
    return batches
