"""One deep model for all items: a perceptron that gives every quantile of a step at once."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from shoplake.models.demand.panel import Floats
from shoplake.models.demand.settings import LEVELS, NetworkConfig


class QuantileNetwork(nn.Module):
    """Features [n, F] to increasing quantiles [n, L].

    The lowest level and the steps between levels come out of the last layer, the steps through a
    softplus, so that quantiles never cross (Gasthaus et al., "Probabilistic forecasting with spline
    quantile function RNNs", AISTATS 2019, section 3).
    """

    def __init__(self, mean: Floats, scale: Floats, codes: int, width: int) -> None:
        super().__init__()
        self.codes = codes
        self.mean: Tensor
        self.scale: Tensor
        self.register_buffer("mean", torch.as_tensor(mean))
        self.register_buffer("scale", torch.as_tensor(scale))
        self.body = nn.Sequential(
            nn.Linear(2 * len(mean), width),
            nn.SiLU(),
            nn.Linear(width, width),
            nn.SiLU(),
            nn.Linear(width, len(LEVELS)),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Quantiles in units of the level; an unknown feature is 0 with its own flag."""
        numbers = x[:, self.codes :]
        known = torch.nan_to_num((numbers - self.mean) / self.scale).clamp(-6, 6)
        out = self.body(torch.cat([known, torch.isnan(numbers).float()], dim=1))
        steps = torch.cat([out[:, :1], nn.functional.softplus(out[:, 1:] - 2)], dim=1)
        return torch.cumsum(steps, dim=1)

    @classmethod
    def fit(
        cls,
        rows: tuple[Floats, Floats, Floats],
        codes: int,
        config: NetworkConfig,
        seed: int,
    ) -> QuantileNetwork:
        """Learn by the pinball loss.

        Args:
            rows: features [n, F], targets and weights [n].
            codes: the first so many features are codes of groups and are not read: vectors of
                departments and stores made it worse on the chain's weeks (docs/decisions.md).
            config: settings.
            seed: of weights and batches.
        """
        x, y, weight = rows
        random = np.random.default_rng(seed)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            known = np.ma.masked_invalid(x[:, codes:])
            mean = known.mean(axis=0).filled(0).astype(np.float32)
            scale = known.std(axis=0).filled(0).astype(np.float32) + 1e-3
            network = cls(mean, scale, codes, config.width)
            levels = torch.as_tensor(LEVELS, dtype=torch.float32)
            optimiser = torch.optim.AdamW(network.parameters(), lr=config.learning_rate)
            steps = max(min(config.steps, config.max_epochs * len(x) // config.batch), 50)
            rate = torch.optim.lr_scheduler.OneCycleLR(
                optimiser, config.learning_rate, total_steps=steps
            )
            inputs, targets, weights = (torch.as_tensor(a) for a in (x, y, weight))
            for _ in range(steps):
                batch = torch.as_tensor(random.integers(len(x), size=config.batch))
                gap = targets[batch, None] - network(inputs[batch])
                loss = torch.maximum(levels * gap, (levels - 1) * gap).mean(dim=1)
                optimiser.zero_grad()
                (loss * weights[batch]).mean().backward()
                nn.utils.clip_grad_norm_(network.parameters(), 1.0)
                optimiser.step()
                rate.step()
        return network.eval()

    def predict(self, x: Floats) -> Floats:
        """Quantiles [n, L] at LEVELS."""
        with torch.no_grad():
            parts = [self(torch.as_tensor(part)) for part in np.array_split(x, len(x) // 65536 + 1)]
        return torch.cat(parts).numpy()
