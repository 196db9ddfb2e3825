"""The ranker: a bi-encoder or a cross-encoder over one BERT or GPT, and what it says of pairs."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from shoplake.models.base import Base
from shoplake.models.relevance.methods import with_method
from shoplake.models.relevance.reading import Reader
from shoplake.models.relevance.settings import RelevanceConfig
from shoplake.models.search.encoder import budgeted, lean, padded

Floats = NDArray[np.float64]
_BUDGET = 4096


class Ranker(nn.Module):
    """Scores of pairs of a query and a title.

    A cross_encoder's head has one output for regression and one a class for classification. A
    bi_encoder has a head, a matrix that starts as the identity, only where it alone learns.
    """

    def __init__(self, base: Base, config: RelevanceConfig) -> None:
        super().__init__()
        torch.manual_seed(config.seed)
        self.config = config
        self.tokenizer: Any = base.tokenizer
        self._reader = Reader(base, config.max_tokens)
        self.encoder = with_method(base.encoder, config)
        width = base.width
        self.head: nn.Module = nn.Identity()
        outputs = 1
        if config.architecture == "cross_encoder":
            outputs = 1 if config.loss == "regression" else len(config.cuts) + 1
            self.head = nn.Linear(width, outputs)
            nn.init.normal_(self.head.weight, std=0.02)
            nn.init.constant_(self.head.bias, 0.5 if outputs == 1 else 0.0)
        elif config.method == "head":
            self.head = nn.Linear(width, width, bias=False)
            nn.init.eye_(self.head.weight)
        # A grade is slope * score + level: by the least squares of a bi-encoder's training pairs,
        # and 1 + 2 * score of a regression. Classes have the mean grade of their training pairs.
        self.register_buffer("line", torch.tensor([2.0, 1.0], dtype=torch.float64))
        self.register_buffer("levels", torch.zeros(outputs, dtype=torch.float64))

    @property
    def device(self) -> torch.device:
        """Where its weights are."""
        return self.line.device  # type: ignore[return-value]

    def tokens(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of texts, units and numbers written one way, cut at `max_tokens`."""
        return self._reader.tokens(texts)

    def paired(self, query: Sequence[int], title: Sequence[int]) -> tuple[list[int], list[int]]:
        """Tokens of a query and a title, and where the title is: `Reader.paired`."""
        return self._reader.paired(query, title)

    def vectors(self, tokens: Sequence[Sequence[int]]) -> Tensor:
        """Unit vectors [texts, width] of one batch."""
        pooled = self._reader.pooled(self.encoder, tokens)
        return nn.functional.normalize(self.head(pooled).float(), dim=-1)

    def outputs(self, pairs: Sequence[tuple[list[int], list[int]]]) -> Tensor:
        """A cross-encoder's outputs [pairs, outputs] of one batch."""
        sides, _ = padded([side for _, side in pairs])
        tokens = [ids for ids, _ in pairs]
        return self.head(self._reader.pooled(self.encoder, tokens, sides)).float()

    def scores(self, queries: Sequence[str], titles: Sequence[str]) -> Floats:
        """A score of each pair (queries[i], titles[i]), more is better [n]."""
        asked, which = np.unique(np.asarray(queries, dtype=object), return_inverse=True)
        held, what = np.unique(np.asarray(titles, dtype=object), return_inverse=True)
        asked_tokens, held_tokens = self.tokens(asked.tolist()), self.tokens(held.tolist())
        self.eval()
        with torch.inference_mode(), self._lean():
            if self.config.architecture == "bi_encoder":
                left, right = self._read(asked_tokens), self._read(held_tokens)
                return np.einsum("ij,ij->i", left[which], right[what]).astype(np.float64)
            pairs = [
                self.paired(asked_tokens[q], held_tokens[t])
                for q, t in zip(which, what, strict=True)
            ]
            found = np.zeros(len(pairs))
            for batch in budgeted([len(ids) for ids, _ in pairs], _BUDGET):
                made = self.outputs([pairs[i] for i in batch]).double()
                if self.config.loss == "classification":
                    made = torch.softmax(made, 1) @ self.levels.unsqueeze(1)  # type: ignore[operator]
                found[batch] = made[:, 0].cpu().numpy()
            return found

    def grades(self, queries: Sequence[str], titles: Sequence[str]) -> Floats:
        """Relevance of each pair, 1 to 3 [n]."""
        return self.graded(self.scores(queries, titles))

    def graded(self, scores: Floats) -> Floats:
        """Grades of scores."""
        slope, level = self.line.tolist()  # type: ignore[operator]
        return np.clip(slope * scores + level, 1, 3)

    def calibrate(self, scores: Floats, relevance: Floats) -> None:
        """Learn a bi-encoder's line from scores of training pairs and their grades."""
        if self.config.architecture == "bi_encoder":
            line = (
                np.polyfit(scores, relevance, 1) if np.ptp(scores) > 0 else [0.0, relevance.mean()]
            )
            self.line.copy_(torch.tensor(np.asarray(line)))  # type: ignore[operator]

    def set_levels(self, relevance: Floats) -> None:
        """Before training, give each class the mean grade of its training pairs."""
        if self.config.architecture == "cross_encoder" and self.config.loss == "classification":
            of = classes(relevance, self.config.cuts)
            edges = [1.0, *self.config.cuts, 3.0]
            middle = [(a + b) / 2 for a, b in itertools.pairwise(edges)]
            means = [
                float(relevance[of == k].mean()) if (of == k).any() else middle[k]
                for k in range(len(middle))
            ]
            self.levels.copy_(torch.tensor(means))  # type: ignore[operator]
            self.line.copy_(torch.tensor([1.0, 0.0]))  # type: ignore[operator]

    def _read(self, tokens: list[list[int]]) -> NDArray[np.float32]:
        found = np.zeros((len(tokens), self._width()), dtype=np.float32)
        for batch in budgeted([len(t) for t in tokens], _BUDGET):
            found[batch] = self.vectors([tokens[i] for i in batch]).cpu().numpy()
        return found

    def _width(self) -> int:
        return int(self.encoder.config.hidden_size)  # type: ignore[union-attr,arg-type]

    def _lean(self) -> torch.autocast:
        if self.device.type == "cuda":
            return torch.autocast(
                "cuda", torch.bfloat16, enabled=self.config.precision != "float32"
            )
        return lean()


def classes(relevance: Floats, cuts: Sequence[float]) -> NDArray[np.int64]:
    """The class of each grade: how many cuts it reaches."""
    return np.searchsorted(np.asarray(cuts), relevance, side="right").astype(np.int64)
