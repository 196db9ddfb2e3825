"""A two-tower recommender: BERT reads the items, attention over the history makes the person.

The towers meet in one dot product (Yi et al., "Sampling-Bias-Corrected Neural Modeling for Large
Corpus Item Recommendations", RecSys 2019), to which two simple rankings are added with learned
weights: how popular the item is now, and how often and how lately this person bought it. So the
model contains the baselines that a recommender for people who buy again has to beat. Nothing is
learned for single items, so an item nobody has seen is scored by its text.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from shoplake.models.config import TwoTowerConfig

# History features and person features; see `history_features`.
_FEATURES, _CONTEXT, _HIDDEN = 7, 3, 32


class People(NamedTuple):
    """What the person tower says about B people.

    Attributes:
        vectors: [B, d] to multiply with item vectors.
        priors: [B, 2] weights of the item's log_popularity and log_recent.
        own: [B, H] what being in the history adds to each history item's score.
    """

    vectors: Tensor
    priors: Tensor
    own: Tensor


class ItemTower(nn.Module):
    """Texts to unit vectors: BERT, the mean over tokens, a projection."""

    def __init__(self, encoder: nn.Module, width: int, dimension: int) -> None:
        super().__init__()
        self.encoder = encoder
        self.projection = nn.Linear(width, dimension, bias=False)
        # Orthogonal rows keep the angles that the pretrained model gives.
        nn.init.orthogonal_(self.projection.weight)

    def read(self, tokens: Tensor, mask: Tensor) -> Tensor:
        """Text vectors [n, width] of unit length, from token ids and their mask [n, tokens]."""
        states = self.encoder(input_ids=tokens, attention_mask=mask).last_hidden_state
        inside = mask.unsqueeze(-1).to(states.dtype)
        means = (states * inside).sum(1) / inside.sum(1).clamp(min=1)
        return F.normalize(means.float(), dim=-1)

    def forward(self, texts: Tensor) -> Tensor:
        """Item vectors [n, d] of unit length, from text vectors [n, width]."""
        return F.normalize(self.projection(texts), dim=-1)


class PersonTower(nn.Module):
    """A history to what is wanted now; at first, the items bought often and lately."""

    def __init__(self, dimension: int, heads: int) -> None:
        super().__init__()
        self.attention = nn.Linear(_FEATURES, heads)
        self.query = nn.Linear(dimension, heads, bias=False)
        self.mix = nn.Linear(heads * dimension, dimension)
        self.context = nn.Linear(_CONTEXT, _HIDDEN)
        self.shift = nn.Linear(_HIDDEN, dimension)
        self.log_scale = nn.Linear(_HIDDEN, 1)
        self.taste = nn.Parameter(torch.zeros(dimension))
        self.prior = nn.Linear(_HIDDEN + dimension, 2)
        self.own_linear = nn.Linear(_FEATURES, 1)
        self.own_deep = nn.Sequential(
            nn.Linear(_FEATURES + _CONTEXT, _HIDDEN), nn.GELU(), nn.Linear(_HIDDEN, 1)
        )
        self._start_from_baselines(heads, dimension)

    @torch.no_grad()
    def _start_from_baselines(self, heads: int, dimension: int) -> None:
        """Mean of the history, popularity and frequency: learning begins where baselines end."""
        for part in (self.query, self.log_scale, self.prior, self.own_linear, self.own_deep[2]):
            nn.init.zeros_(part.weight)  # type: ignore[union-attr,arg-type]
        self.mix.weight.copy_(torch.cat([torch.eye(dimension) / heads] * heads, 1))
        nn.init.zeros_(self.mix.bias)
        nn.init.constant_(self.log_scale.bias, 2.0)
        nn.init.constant_(self.prior.bias, 0.5)
        nn.init.zeros_(self.own_deep[2].bias)  # type: ignore[arg-type]
        nn.init.constant_(self.own_linear.bias, 1.0)
        self.own_linear.weight[0, 0] = 1.0  # log1p(count)
        self.own_linear.weight[0, 4] = 1.0  # exp(-days / 30)

    def forward(self, items: Tensor, inside: Tensor, counts: Tensor, days: Tensor) -> People:
        """The people of histories of H items, newest first.

        Args:
            items: item vectors [B, H, d].
            inside: [B, H] False where the history is padding.
            counts: [B, H] how often the person bought that item; 0 if only looked at.
            days: [B, H] days since the person last touched it.
        """
        features, context = history_features(counts, days)
        attention = self.attention(features) + self.query(items)
        # A large number rather than infinity: a person without history gets zeros, not NaN.
        attention = attention.masked_fill(~inside.unsqueeze(-1), -1e4).softmax(1)
        attention = attention * inside.unsqueeze(-1)
        pooled = torch.einsum("bhk,bhd->bkd", attention, items).flatten(1)
        hidden = F.gelu(self.context(context))
        wanted = F.normalize(self.mix(pooled) + self.shift(hidden), dim=-1)
        vectors = wanted * self.log_scale(hidden).exp() + self.taste
        priors = self.prior(torch.cat([hidden, wanted], 1))
        return People(vectors, priors, self.own(counts, days))

    def own(self, counts: Tensor, days: Tensor) -> Tensor:
        """What being in the history adds to an item's score [B, H]; see `forward`."""
        features, context = history_features(counts, days)
        wide = context.unsqueeze(1).expand(-1, features.shape[1], -1)
        deep = self.own_deep(torch.cat([features, wide], -1))
        return (self.own_linear(features) + deep).squeeze(-1)


class TwoTower(nn.Module):
    """Both towers, and the line that turns a score into a probability of interest."""

    def __init__(self, config: TwoTowerConfig, encoder: nn.Module, width: int) -> None:
        super().__init__()
        self.item_tower = ItemTower(encoder, width, config.dimension)
        self.person_tower = PersonTower(config.dimension, config.heads)
        self.calibration = nn.Parameter(torch.tensor([1.0, 0.0]))

    def interest(self, scores: Tensor) -> Tensor:
        """Logits of interest for scores of any shape."""
        return self.calibration[0] * scores + self.calibration[1]


def history_features(counts: Tensor, days: Tensor) -> tuple[Tensor, Tensor]:
    """Numbers about each history item [B, H, 7] and about each person [B, 3], all around 1.

    The person's numbers look at bought items only (count above 0), so padding does not matter.
    """
    times, age = counts.float(), days.float()
    bought = times > 0
    most = times.amax(1, keepdim=True).clamp(min=1)
    log_times = torch.log1p(times)
    features = torch.stack(
        [
            log_times,
            times / most,
            times / 5,
            torch.exp(-age / 7),
            torch.exp(-age / 30),
            torch.exp(-age / 90),
            torch.log1p(age) / 5,
        ],
        -1,
    )
    items = bought.sum(1, keepdim=True).float()
    newest = age.masked_fill(~bought, 1e4).amin(1, keepdim=True)
    mean = (log_times * bought).sum(1, keepdim=True) / items.clamp(min=1)
    context = torch.cat([torch.log1p(items) / 3, torch.log1p(newest) / 5, mean], 1)
    return features, context
