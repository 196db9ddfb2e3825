"""NCF: neural collaborative filtering in its textbook form, NeuMF.

He et al., "Neural collaborative filtering" (WWW 2017): a product of factors (GMF) and a
multilayer perceptron side by side, joined by one linear layer, learned by telling what a person
chose from items drawn at random (binary cross-entropy). One thing differs: a person is not an
embedding of their own but the decayed mean of the embeddings of their items, without the one that
is to be told, as in FISM (Kabbur et al., KDD 2013), so that histories of new people are scored too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from shoplake.models.recommenders.interactions import Floats, Interactions


@dataclass(frozen=True)
class NcfConfig:
    """Settings of NCF.

    Attributes:
        dimension: of the embeddings of each of the two parts.
        hidden: width of the perceptron's first layer; its second has half of it.
        rows: the latest rows that are learned from, at most.
        history: the last interactions of a history that are read.
        history_decay: the item `age` places from the history's end counts history_decay ** age.
        negatives: items drawn for each one chosen.
        batch: histories of a step; each lends one chosen item an epoch.
        epochs: passes.
        learning_rate: of Adam.
        seed: of weights, order and negatives.
    """

    dimension: int = 32
    hidden: int = 32
    rows: int = 30_000
    history: int = 20
    history_decay: float = 0.8
    negatives: int = 8
    batch: int = 256
    epochs: int = 10
    learning_rate: float = 0.005
    seed: int = 7


class Ncf:
    """NeuMF; row C of each table of embeddings is the padding."""

    #: Pairs whose hidden layer is held at once when scoring.
    _PAIRS = 2_000_000

    def __init__(self, config: NcfConfig) -> None:
        self.config = config

    def fit(self, seen: Interactions) -> Ncf:
        """Learn from one chosen item of each history a pass, and the items before and after it."""
        torch.manual_seed(self.config.seed)
        rng = np.random.default_rng(self.config.seed)
        rows = seen.take(np.flatnonzero(seen.lengths > 1)[-self.config.rows :])
        self.network = net = Network(self.config, seen.catalogue)
        optimizer = torch.optim.Adam(net.parameters(), self.config.learning_rate)
        for _ in range(self.config.epochs):
            order = rng.permutation(len(rows))
            for start in range(0, len(order), self.config.batch):
                block = rows.take(order[start : start + self.config.batch])
                tokens, weights = self._inputs(block)
                held = rng.integers(0, np.minimum(block.lengths, tokens.shape[1]))
                at = np.arange(len(block)), held
                chosen = tokens[at].copy()
                weights[at] = 0
                drawn = rng.integers(0, seen.catalogue, (len(block), self.config.negatives))
                items = torch.from_numpy(np.concatenate([chosen[:, None], drawn], axis=1))
                logits = net(torch.from_numpy(tokens), torch.from_numpy(weights), items)
                truth = torch.zeros_like(logits)
                truth[:, 0] = 1
                loss = F.binary_cross_entropy_with_logits(logits, truth)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
        return self

    @torch.no_grad()
    def scores(self, histories: Interactions) -> Floats:
        """Scores [B, C]: the logit of having chosen the item."""
        net = self.network.eval()
        tokens, weights = self._inputs(histories)
        people = net.people(torch.from_numpy(tokens), torch.from_numpy(weights))
        step = max(1, self._PAIRS // histories.catalogue)
        parts = [
            net.every(tuple(p[start : start + step] for p in people))
            for start in range(0, len(histories), step)
        ]
        return np.asarray(torch.cat(parts).numpy(), dtype=np.float32)

    def _inputs(self, block: Interactions) -> tuple[np.ndarray, Floats]:
        """Items [B, L], newest first, C where there is none, and what each counts [B, L]."""
        width = int(min(self.config.history, max(block.lengths.max(initial=1), 1)))
        tokens = block.last(width)
        decay = self.config.history_decay ** np.arange(width)
        weights = np.where(tokens >= 0, decay[None], 0).astype(np.float32)
        return np.where(tokens >= 0, tokens, block.catalogue), weights


class Network(nn.Module):
    """GMF and MLP over [person, item], each with its own embeddings, and the layer that joins."""

    def __init__(self, config: NcfConfig, catalogue: int) -> None:
        super().__init__()
        size = catalogue + 1, config.dimension
        self.catalogue = catalogue
        tables = [nn.Embedding(*size, padding_idx=catalogue) for _ in range(4)]
        for table in tables:
            nn.init.normal_(table.weight, std=0.1)
        self.gmf_in, self.gmf_out, self.mlp_in, self.mlp_out = tables
        # A layer over [person, item] is the sum of a layer over each.
        self.of_person = nn.Linear(config.dimension, config.hidden)
        self.of_item = nn.Linear(config.dimension, config.hidden, bias=False)
        self.second = nn.Linear(config.hidden, config.hidden // 2)
        self.gmf = nn.Linear(config.dimension, 1, bias=False)
        nn.init.ones_(self.gmf.weight)
        self.mlp = nn.Linear(config.hidden // 2, 1)
        self.bias = nn.Parameter(torch.zeros(catalogue))

    def people(
        self, tokens: torch.Tensor, weights: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """GMF's vector and the perceptron's first layer of each person."""
        share = weights / weights.sum(1, keepdim=True).clamp(min=1e-6)
        gmf = (self.gmf_in(tokens) * share[..., None]).sum(1)
        return gmf, self.of_person((self.mlp_in(tokens) * share[..., None]).sum(1))

    def forward(
        self, tokens: torch.Tensor, weights: torch.Tensor, items: torch.Tensor
    ) -> torch.Tensor:
        """Logits [B, n] of the items [B, n] of each person."""
        gmf, first = self.people(tokens, weights)
        hidden = F.relu(first[:, None] + self.of_item(self.mlp_out(items)))
        deep = self.mlp(F.relu(self.second(hidden)))
        return (self.gmf(gmf[:, None] * self.gmf_out(items)) + deep)[..., 0] + self.bias[items]

    def every(self, people: tuple[torch.Tensor, ...]) -> torch.Tensor:
        """Logits [b, C] of the whole catalogue."""
        gmf, first = people
        items = self.of_item(self.mlp_out.weight[: self.catalogue])
        deep = self.mlp(F.relu(self.second(F.relu(first[:, None] + items[None]))))[..., 0]
        flat = (gmf * self.gmf.weight) @ self.gmf_out.weight[: self.catalogue].T
        return flat + deep + self.bias
