"""Fine-tuning of a bi-encoder: queries near the titles that judges found relevant.

InfoNCE over the batch's titles (van den Oord et al. 2018) with the judges' grades as soft targets.
A query brings one hard negative: a title judged low, or one that BM25 ranks high and nobody
judged. A batch's queries come from few topics, so that the other queries' titles are hard as well
(TAS-Balanced, Hofstätter et al., SIGIR 2021). Every step draws from its own seed, so a resumed run
equals one that was never stopped.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from shoplake.errors import ModelError
from shoplake.models.search.config import FinetuneConfig
from shoplake.models.search.encoder import TextEncoder, lean
from shoplake.models.search.judgements import RELEVANT, Judgements

#: From this grade on a title is drawn to its query, if less than a relevant one.
RELATED = 2.0


def nothing_related() -> ModelError:
    """The error of a fine-tuning that no query has a title for."""
    return ModelError(
        f"no judged pair of grade {RELATED:g} or more: no title to bring a query near to",
        where="judgements to learn from",
        remedy="give judgements with related titles, graded 1 (irrelevant) to 3 (perfect)",
    )


class BiEncoderTraining:
    """One fine-tuning: `run` it; a checkpoint in `folder` is gone on with."""

    def __init__(
        self,
        encoder: TextEncoder,
        judged: Judgements,
        query_texts: list[str],
        title_texts: list[str],
        mined: NDArray[np.int64],
        topics: NDArray[np.int64],
        config: FinetuneConfig,
    ) -> None:
        """What is learnt from.

        Args:
            encoder: changed in place.
            judged: judgements of the training queries alone.
            query_texts: what the encoder reads of each query [Q].
            title_texts: of each title [T].
            mined: titles that BM25 ranks high for a query [Q, M]; judged ones are passed over.
            topics: topic of each query [Q].
            config: steps, batch and rates.

        Raises:
            ModelError: no query has a title that is drawn to it.
        """
        if not (judged.relevance >= RELATED).any():
            raise nothing_related()
        self._encoder = encoder
        self._config = config
        self._mined = mined
        self._grades: list[dict[int, float]] = [{} for _ in judged.queries]
        for q, t, grade in zip(judged.query, judged.title, judged.relevance, strict=True):
            self._grades[q][int(t)] = float(grade)
        usable = [q for q, g in enumerate(self._grades) if max(g.values()) >= RELATED]
        self._by_topic = [
            np.array([q for q in usable if topics[q] == topic]) for topic in np.unique(topics)
        ]
        self._by_topic = [queries for queries in self._by_topic if len(queries)]
        self._queries = encoder.tokens(query_texts)
        self._titles = encoder.tokens(title_texts)
        self._optimizer = torch.optim.AdamW(
            encoder.base.encoder.parameters(),
            lr=config.learning_rate,
            weight_decay=config.weight_decay,
        )

    def run(self, checkpoint: Path | None, tell: Callable[[str], None]) -> None:
        """Train to the end, from the checkpoint if there is one."""
        config = self._config
        first = self._resume(checkpoint)
        self._encoder.base.encoder.train()
        total = 0.0
        for step in range(first, config.steps):
            for group in self._optimizer.param_groups:
                group["lr"] = config.learning_rate * _schedule(step, config.steps)
            torch.manual_seed(config.seed * 1_000_003 + step)
            queries, titles, target = self._batch(np.random.default_rng([config.seed, step]))
            with lean():
                vectors = self._encoder.forward([self._queries[q] for q in queries])
                others = self._encoder.forward([self._titles[t] for t in titles])
            logits = vectors @ others.T / config.temperature
            loss = -(target * torch.log_softmax(logits, dim=1)).sum(1).mean()
            self._optimizer.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(self._encoder.base.encoder.parameters(), 1.0)
            self._optimizer.step()
            total += float(loss.detach())
            if (step + 1) % config.checkpoint_every == 0:
                tell(
                    f"step {step + 1} of {config.steps}, loss {total / config.checkpoint_every:.3f}"
                )
                total = 0.0
                self._save(checkpoint, step + 1)
        self._encoder.base.encoder.eval()

    def _batch(self, draw: np.random.Generator) -> tuple[list[int], list[int], torch.Tensor]:
        """Queries, titles and each query's target distribution over the titles."""
        config = self._config
        sizes = np.array([len(t) for t in self._by_topic], dtype=float)
        topics = draw.choice(
            len(sizes),
            min(config.topics_per_batch, len(sizes)),
            replace=False,
            p=sizes / sizes.sum(),
        )
        pool = np.concatenate([self._by_topic[t] for t in topics])
        queries = draw.permutation(pool)[: config.batch_size].tolist()
        titles: list[int] = []
        for q in queries:
            titles.append(self._positive(q, draw))
            titles.append(self._negative(q, draw))
        titles = list(dict.fromkeys(titles))
        gains = np.array(
            [[_gain(self._grades[q].get(t, 0.0)) for t in titles] for q in queries],
            dtype=np.float32,
        )
        return queries, titles, torch.from_numpy(gains / gains.sum(1, keepdims=True))

    def _positive(self, query: int, draw: np.random.Generator) -> int:
        titles, gains = zip(*[(t, _gain(g)) for t, g in self._grades[query].items()], strict=True)
        odds = np.array(gains)
        return int(draw.choice(titles, p=odds / odds.sum()))

    def _negative(self, query: int, draw: np.random.Generator) -> int:
        grades = self._grades[query]
        low = [t for t, grade in grades.items() if grade < RELATED]
        if low and draw.random() < self._config.judged_negatives:
            return int(draw.choice(low))
        fresh = [t for t in self._mined[query].tolist() if t not in grades]
        return int(draw.choice(fresh)) if fresh else int(draw.integers(len(self._titles)))

    def _save(self, checkpoint: Path | None, step: int) -> None:
        if checkpoint is None:
            return
        checkpoint.parent.mkdir(parents=True, exist_ok=True)
        new = checkpoint.with_suffix(".new")
        state = {
            "step": step,
            "encoder": self._encoder.base.encoder.state_dict(),
            "optimizer": self._optimizer.state_dict(),
        }
        torch.save(state, new)
        new.replace(checkpoint)

    def _resume(self, checkpoint: Path | None) -> int:
        if checkpoint is None or not checkpoint.exists():
            return 0
        state = torch.load(checkpoint, weights_only=True)
        self._encoder.base.encoder.load_state_dict(state["encoder"])
        self._optimizer.load_state_dict(state["optimizer"])
        return int(state["step"])


def _gain(grade: float) -> float:
    if grade >= RELEVANT:
        return (grade - 1) / 2
    return 0.2 if grade >= RELATED else 0.0


def _schedule(step: int, steps: int) -> float:
    """Linear warm-up over a tenth of the steps, then a cosine to a twentieth."""
    warm = max(1, steps // 10)
    if step < warm:
        return (step + 1) / warm
    return 0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, steps - warm)))
