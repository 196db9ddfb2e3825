"""DCN-v2: explicit feature crosses beside a deep network.

Wang et al., "DCN V2: Improved deep & cross network", WWW 2021.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from shoplake.models.ads.examples import Examples, Floats
from shoplake.models.ads.settings import AdsConfig


class CrossNetwork(nn.Module):
    """Numbers [n, F] and category codes [n, C] to a logit [n]."""

    def __init__(self, sizes: tuple[int, ...], mean: Tensor, scale: Tensor, config: AdsConfig):
        super().__init__()
        cross = config.cross
        self.mean: Tensor
        self.scale: Tensor
        self.register_buffer("mean", mean)
        self.register_buffer("scale", scale)
        tables = [nn.Embedding(n, cross.embedding) for n in sizes]
        for table in tables:
            nn.init.normal_(table.weight, std=0.05)
        self.embeddings = nn.ModuleList(tables)
        width = 2 * len(mean) + cross.embedding * len(sizes)
        self.crosses = nn.ModuleList(nn.Linear(width, width) for _ in range(cross.layers))
        self.deep = nn.Sequential(
            nn.Linear(width, cross.width),
            nn.ReLU(),
            nn.Dropout(0.1),
            nn.Linear(cross.width, cross.width),
            nn.ReLU(),
        )
        self.out = nn.Linear(width + cross.width, 1)

    def forward(self, numbers: Tensor, categories: Tensor) -> Tensor:
        """Logits [n]; an unknown number is 0 with its own flag."""
        unknown = torch.isnan(numbers)
        known = torch.nan_to_num((numbers - self.mean) / self.scale).clamp(-5, 5)
        parts = [known, unknown.float()]
        parts += [layer(categories[:, i]) for i, layer in enumerate(self.embeddings)]
        first = torch.cat(parts, dim=1)
        crossed = first
        for layer in self.crosses:
            crossed = first * layer(crossed) + crossed
        return self.out(torch.cat([crossed, self.deep(first)], dim=1))[:, 0]

    @classmethod
    def fit(
        cls, examples: Examples, response: NDArray[np.bool_], weight: Floats, config: AdsConfig
    ) -> CrossNetwork:
        """Learn from weighted examples; half of each batch are responses, weighed back."""
        cross = config.cross
        random = np.random.default_rng(config.seed)
        yes, no = np.flatnonzero(response), np.flatnonzero(~response)
        prior = np.log(weight[yes].sum() / weight[no].sum())
        numbers = torch.as_tensor(examples.numbers)
        categories = torch.as_tensor(examples.categories)
        target = torch.as_tensor(response.astype(np.float32))
        known = np.ma.masked_invalid(examples.numbers)
        mean = torch.as_tensor(known.mean(axis=0).filled(0).astype(np.float32))
        scale = torch.as_tensor(known.std(axis=0).filled(0).astype(np.float32)) + 1e-3
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(config.seed)
            network = cls(examples.sizes, mean, scale, config)
            optimiser = torch.optim.AdamW(
                network.parameters(), lr=cross.learning_rate, weight_decay=cross.weight_decay
            )
            rate = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, cross.steps)
            half = cross.batch // 2
            for _ in range(cross.steps):
                rows = np.concatenate([random.choice(yes, half), random.choice(no, half)])
                at = torch.as_tensor(rows)
                logits = network(numbers[at], categories[at])
                loss = nn.functional.binary_cross_entropy_with_logits(logits, target[at])
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
                rate.step()
            with torch.no_grad():  # batches were half responses: put the real odds back
                network.out.bias.add_(float(prior))
        return network.eval()

    def probability(self, examples: Examples) -> Floats:
        """Probability of a response [n]."""
        found = []
        with torch.no_grad():
            for rows in np.array_split(np.arange(len(examples)), len(examples) // 65536 + 1):
                part = examples.take(rows)
                logits = self(torch.as_tensor(part.numbers), torch.as_tensor(part.categories))
                found.append(torch.sigmoid(logits).double().numpy())
        return np.concatenate(found)
