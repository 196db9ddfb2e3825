"""The hybrid: candidates from several recommenders, ranked by LambdaMART.

Burges, "From RankNet to LambdaRank to LambdaMART" (2010), as LightGBM computes it. What it learns
is how far each recommender is to be trusted, for what kind of item and history.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from shoplake.models.config import model_file
from shoplake.models.recommenders.boosted import BoostedConfig, rank_model
from shoplake.models.recommenders.candidates import best
from shoplake.models.recommenders.interactions import Floats, Interactions, Recommender
from shoplake.models.recommenders.tuning import Validation
from shoplake.runtime.typed import load_yaml


@dataclass(frozen=True)
class HybridConfig:
    """Settings of the hybrid.

    Attributes:
        candidates: the best items of each recommender that are ranked.
        rows: most validation histories that the ranker learns from.
        block: histories scored at a time; memory grows with block x items x recommenders.
        boosted: the ranker's own settings.
    """

    boosted: BoostedConfig
    candidates: int = 60
    rows: int = 12_000
    block: int = 500


class Hybrid:
    """Recommenders that are fitted elsewhere, and the ranker over them.

    Args:
        parts: name -> fitted recommender; after `learn` they may be exchanged for ones fitted on
            more data.
        keep_seen: whether items of the history are candidates.
    """

    def __init__(
        self, config: HybridConfig, parts: Mapping[str, Recommender], *, keep_seen: bool
    ) -> None:
        self.config = config
        self.parts = dict(parts)
        self.keep_seen = keep_seen
        self.model: Any = None

    def learn(self, validation: Validation, seed: int = 0) -> Hybrid:
        """Learn the ranker from validation histories whose parts were fitted on the past."""
        use, _ = validation.sample(self.config.rows, seed)
        count = validation.past.counts()
        features, labels, sizes = [], [], []
        for rows, block in use.histories.blocks(self.config.block):
            found = best(self._every(block), block, count, self.config.candidates)
            label = found.items == use.truth[rows][found.rows]
            hit = np.bincount(found.rows, label, minlength=len(block)) > 0
            keep = hit[found.rows]
            features.append(found.features[keep])
            labels.append(label[keep])
            sizes.append(np.bincount(found.rows[keep], minlength=len(block))[hit])
        self.model = rank_model(
            np.concatenate(features),
            np.concatenate(labels).astype(np.int64),
            np.concatenate(sizes),
            self.config.boosted,
            seed,
        )
        return self

    def fit(self, seen: Interactions) -> Hybrid:
        """Take the item counts of all that was seen; the parts are fitted by whoever owns them."""
        self.count = seen.counts()
        return self

    def scores(self, histories: Interactions) -> Floats:
        """Scores [B, C]; -inf for what no recommender proposes."""
        return self.rank(self._every(histories), histories)

    def rank(self, every: Mapping[str, Floats], histories: Interactions) -> Floats:
        """Scores [B, C] from the scores [B, C] of each part, in the parts' order."""
        found = best(every, histories, self.count, self.config.candidates)
        scores = np.full((len(histories), histories.catalogue), -np.inf, dtype=np.float32)
        scores[found.rows, found.items] = self.model.predict(found.features)
        return scores

    @property
    def trees(self) -> int:
        """How many trees the ranker has."""
        return int(self.model.current_iteration())

    def _every(self, histories: Interactions) -> dict[str, Floats]:
        every = {name: part.scores(histories) for name, part in self.parts.items()}
        if not self.keep_seen:
            for scores in every.values():
                scores[histories.rows, histories.items] = -np.inf
        return every


def load_hybrid(file: str = "hybrid") -> HybridConfig:
    """Settings from conf/models/hybrid.yml or another file of that form."""
    return load_yaml(model_file(file), HybridConfig)
