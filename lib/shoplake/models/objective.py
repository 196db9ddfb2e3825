"""What training minimises: a softmax over the items that compete, and a calibration beside it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from shoplake.models.collectives import gathered, gathered_with_gradient, summed, world
from shoplake.models.two_tower import TwoTower

_NEVER = -1e9


@dataclass(frozen=True)
class Competition:
    """The items that a batch's targets compete with.

    Attributes:
        items: [C] distinct item_index.
        log_chance: [C] log of the chance that an item is among them; 0 for the whole catalogue.
        others: item_index of further items that the batch's histories mention.
    """

    items: Tensor
    log_chance: Tensor
    others: Tensor


@dataclass(frozen=True)
class Fresh:
    """Items whose texts are read anew in a step.

    Attributes:
        items: item_index of all processes' items [M].
        tokens: token ids of this process's share of them [M / processes, tokens].
        mask: which tokens are no padding.
    """

    items: Tensor
    tokens: Tensor
    mask: Tensor


class Losses(NamedTuple):
    """The loss to minimise; the softmax's part; the fresh items' text vectors [M, width]."""

    total: Tensor
    softmax: Tensor
    read: Tensor | None


def whole_catalogue(size: int, device: torch.device) -> Competition:
    """All items 1..size compete."""
    items = torch.arange(1, size + 1, device=device)
    return Competition(items, torch.zeros(size, device=device), items[:0])


def sampled(
    targets: Tensor, history: Tensor, share: Tensor, drawn: int, seed: int, step: int
) -> Competition:
    """The targets of the global batch and `drawn` items drawn evenly.

    Args:
        targets: [B] item_index of this process's batch.
        history: [B, H] item_index of this process's batch.
        share: [N + 1] an item's share of what people engage with, row 0 unused: how likely it is
            to be a target (the correction of Yi et al. 2019, section 3).
        drawn: number of items drawn.
        seed: of the draw.
        step: of training; every process draws the same.
    """
    everyone = gathered(targets)
    draw = torch.Generator().manual_seed(seed * 1_000_003 + step)
    size = len(share) - 1
    even = torch.randint(1, size + 1, (drawn,), generator=draw)
    items = torch.unique(torch.cat([everyone, even.to(everyone.device)]))
    missed = len(everyone) * torch.log1p(-share[items].clamp(max=0.5)) + drawn * math.log1p(
        -1 / size
    )
    mentioned = torch.unique(history)
    others = mentioned[(mentioned > 0) & ~torch.isin(mentioned, items)]
    return Competition(items, torch.log(-torch.expm1(missed)), others)


class Objective(nn.Module):
    """The loss of this process's part of a global batch.

    It is scaled so that its mean over processes, which DistributedDataParallel takes of the
    gradients, is the loss of the global batch.
    """

    def __init__(self, model: TwoTower, interest_weight: float) -> None:
        super().__init__()
        self.model = model
        self._interest_weight = interest_weight

    def forward(
        self,
        batch: dict[str, Tensor],
        texts: Tensor,
        popularity: Tensor,
        competition: Competition,
        fresh: Fresh | None = None,
    ) -> Losses:
        """Losses of a batch.

        Args:
            batch: history, history_counts, history_days [B, H]; target_index, snapshot, label,
                weight [B]. Only the calibration sees rows of weight 0, the sampled negatives.
            texts: text vectors by item_index [N + 1, width].
            popularity: log_popularity and log_recent by snapshot and item_index [S, N + 1, 2].
            competition: the items that compete.
            fresh: items to read anew, with gradient.
        """
        read = None
        if fresh is not None:
            read = gathered_with_gradient(
                self.model.item_tower.read(fresh.tokens, fresh.mask).to(texts.dtype)
            )
            texts = texts.index_copy(0, fresh.items, read)
        place, table = self._table(texts, popularity, competition)
        history, target = batch["history"], batch["target_index"]
        inside = history > 0
        # F.embedding, because the gradient of plain indexing is not repeatable on many threads.
        own_items = F.embedding(place[history], table)
        dimension = table.shape[1] - popularity.shape[0] * 2
        people = self.model.person_tower(
            own_items[..., :dimension], inside, batch["history_counts"], batch["history_days"]
        )
        at_cut = F.one_hot(batch["snapshot"], len(popularity)).unsqueeze(-1)
        priors = (at_cut * people.priors.unsqueeze(1)).flatten(1)
        vectors = torch.cat([people.vectors, priors], 1)

        is_target = history == target.unsqueeze(1)
        hit = (vectors * F.embedding(place[target], table)).sum(1)
        hit = hit + (people.own * is_target).sum(1)
        interest = F.binary_cross_entropy_with_logits(
            self.model.interest(hit), batch["label"], reduction="none"
        )

        ranked = batch["weight"].nonzero().squeeze(1)
        # Own items always compete, whatever was drawn: buying again is decided among them.
        own = (vectors.unsqueeze(1) * own_items).sum(-1) + people.own
        own = own.masked_fill(~inside | is_target, _NEVER).index_select(0, ranked)
        rivals = len(competition.items)
        rest = vectors.index_select(0, ranked) @ table[:rivals].T - competition.log_chance
        taken = place[torch.cat([history, target.unsqueeze(1)], 1)[ranked]].clamp(max=rivals)
        rest = F.pad(rest, (0, 1)).scatter(1, taken, _NEVER)[:, :-1]
        hits = hit.index_select(0, ranked)
        surprise = torch.cat([hits.unsqueeze(1), own, rest], 1).logsumexp(1) - hits

        softmax = _mean(surprise, batch["weight"][ranked])
        calibration = _mean(interest, torch.ones_like(interest))
        total = softmax + self._interest_weight * calibration
        return Losses(total, softmax.detach(), None if read is None else read.detach())

    def _table(
        self, texts: Tensor, popularity: Tensor, competition: Competition
    ) -> tuple[Tensor, Tensor]:
        """Where each item_index is in the table [N + 1], and the table: item vector, then both
        popularities at every snapshot, so that a score is one dot product. Its last row is 0, for
        the padding of histories.
        """
        kept = torch.cat([competition.items, competition.others])
        place = torch.full((len(texts),), len(kept), dtype=torch.long, device=texts.device)
        place[kept] = torch.arange(len(kept), device=texts.device)
        priors = popularity[:, kept].transpose(0, 1).flatten(1)
        table = torch.cat([self.model.item_tower(texts.index_select(0, kept)), priors], 1)
        return place, F.pad(table, (0, 0, 0, 1))


def _mean(values: Tensor, weights: Tensor) -> Tensor:
    """The weighted mean over all processes, as a sum over this one times their number."""
    total = summed(weights.sum()).clamp(min=1e-12)
    return (values * weights).sum() / total * world()[1]
