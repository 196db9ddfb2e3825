"""What a message asks for: intent, how sure, and whether it is any known intent at all.

Two views are averaged: logistic regression on frozen BERT vectors (meaning), and on TF-IDF of words
and characters (letters, any language); with enough utterances, a fine-tuned BERT joins them.
Probabilities are calibrated by one temperature (Guo et al. 2017). A message is known by the largest
log-probability and the cosine to the nearest utterances learnt from (Sun et al. 2022, nearest
neighbours for out-of-distribution detection); their weights and the threshold come from validation
on held-out phrasings and on whole intents that were left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from shoplake.models.assistant.heads import Heads, fit_heads
from shoplake.models.assistant.phrasing import held_out, phrasings
from shoplake.models.assistant.settings import AssistantConfig
from shoplake.models.search.encoder import TextEncoder

Floats = NDArray[np.float64]
UNKNOWN = "unknown"
_FOLDS = 3


@dataclass(frozen=True)
class Understood:
    """What a model makes of messages.

    Attributes:
        intents: the likeliest intent of each [n], known or not.
        confidence: its calibrated probability [n].
        known: how much it is like anything learnt [n]; below 0 it is unknown.
    """

    intents: NDArray[np.object_]
    confidence: Floats
    known: Floats

    def named(self, row: int) -> str:
        """The intent, or "unknown"."""
        return UNKNOWN if self.known[row] < 0 else str(self.intents[row])


@dataclass(frozen=True)
class Acceptance:
    """What makes a message known: `weight * log p + (1 - weight) * cosine >= threshold`, scaled.

    Attributes:
        temperature: of the probabilities.
        centre, scale: of the two parts, over known validation messages.
        weight: of the log-probability.
        threshold: of the sum.
        auroc: known against left-out intents in validation; NaN where too few intents.
    """

    temperature: float = 1.0
    centre: tuple[float, float] = (0.0, 0.0)
    scale: tuple[float, float] = (1.0, 1.0)
    weight: float = 0.5
    threshold: float = -np.inf
    auroc: float = float("nan")

    def score(self, parts: Floats) -> Floats:
        """[n] from parts [n, 2]; 0 is the threshold."""
        scaled = (parts - np.array(self.centre)) / np.array(self.scale)
        return np.asarray(scaled @ np.array([self.weight, 1 - self.weight]) - self.threshold)


class IntentModel:
    """Reads messages."""

    def __init__(self, heads: Heads, accept: Acceptance, encoder: TextEncoder) -> None:
        self.heads = heads
        self.accept = accept
        self._encoder = encoder

    def read(self, texts: Sequence[str]) -> Understood:
        """Intents of messages [n]; what is read beside a message does not change its own."""
        log, parts = self.heads.read(texts, self._encoder.encode(list(texts), exact=True))
        calm = tempered(log, self.accept.temperature)
        best = calm.argmax(axis=1)
        confidence = np.exp(calm[np.arange(len(best)), best])
        known = self.accept.score(parts)
        return Understood(self.heads.classes[best], confidence, known)


def fit_intents(
    texts: Sequence[str],
    intents: Sequence[str],
    config: AssistantConfig,
    encoder: TextEncoder,
    *,
    groups: NDArray[np.int64] | None = None,
) -> IntentModel:
    """Learn intents from utterances.

    Args:
        texts: utterances [n].
        intents: the intent of each.
        config: of the model.
        encoder: of texts.
        groups: phrasing of each, see `phrasing.phrasings`; found here when not given.
    """
    labels = np.asarray(intents, dtype=object)
    groups = phrasings(texts, intents) if groups is None else groups
    vectors = encoder.encode_kept(list(texts))
    accept = _acceptance(list(texts), labels, groups, vectors, config)
    heads = fit_heads(list(texts), labels, vectors, config)
    return IntentModel(heads, accept, encoder)


def tempered(log: Floats, temperature: float) -> Floats:
    """Log-probabilities [n, intents] at a temperature."""
    scaled = log / temperature
    top = scaled.max(axis=1, keepdims=True)
    return np.asarray(scaled - top - np.log(np.exp(scaled - top).sum(axis=1, keepdims=True)))


def auroc(positive: Floats, negative: Floats) -> float:
    """Probability that a positive scores above a negative, ties by half."""
    from scipy.stats import rankdata

    ranks = rankdata(np.concatenate([positive, negative]))
    n = len(positive)
    return float((ranks[:n].sum() - n * (n + 1) / 2) / max(n * len(negative), 1))


def _acceptance(
    texts: list[str],
    labels: NDArray[np.object_],
    groups: NDArray[np.int64],
    vectors: NDArray[np.float32],
    config: AssistantConfig,
) -> Acceptance:
    """Temperature, weights and threshold, from folds that leave out phrasings and intents."""
    names = np.unique(labels.astype(str)).astype(object)
    if len(names) < 2 * _FOLDS:
        return Acceptance()
    # Folds need no fine-tuning: they set a threshold, and the frozen views dominate the average.
    config = replace(config, classifier="linear")
    order = np.random.default_rng(config.seed).permutation(names)
    known: list[Floats] = []
    foreign: list[Floats] = []
    logs: list[Floats] = []
    truths: list[NDArray[np.int64]] = []
    for fold in range(_FOLDS):
        strange = np.isin(labels, order[fold::_FOLDS])
        out = held_out(groups, labels.tolist(), 1 / 3, config.seed + fold)
        learn, judge = ~strange & ~out, ~strange & out
        heads = fit_heads(_at(texts, learn), labels[learn], vectors[learn], config)
        for rows, into in ((judge, known), (strange, foreign)):
            if rows.any():
                log, parts = heads.read(_at(texts, rows), vectors[rows])
                into.append(parts)
                if into is known:
                    logs.append(log)
                    names_at = heads.classes.astype(str)
                    truths.append(np.searchsorted(names_at, labels[rows].astype(str)))
    if not known:
        return Acceptance()
    return _chosen(np.concatenate(known), np.concatenate(foreign), logs, truths, config.refused)


def _at(texts: list[str], rows: NDArray[np.bool_]) -> list[str]:
    return [texts[i] for i in np.flatnonzero(rows)]


def _chosen(
    known: Floats,
    foreign: Floats,
    logs: list[Floats],
    truths: list[NDArray[np.int64]],
    refused: float,
) -> Acceptance:
    def loss(temperature: float) -> float:
        parts = [
            tempered(log, temperature)[np.arange(len(at)), at]
            for log, at in zip(logs, truths, strict=True)
        ]
        return -float(np.concatenate(parts).mean())

    temperature = min(np.geomspace(0.3, 3, 30), key=loss)
    centre, scale = known.mean(axis=0), known.std(axis=0) + 1e-9
    apart = [(known - centre) / scale, (foreign - centre) / scale]

    def separation(weight: float) -> float:
        mix = np.array([weight, 1 - weight])
        return auroc(apart[0] @ mix, apart[1] @ mix)

    weight = max(np.linspace(0, 1, 11), key=separation)
    threshold = np.quantile(apart[0] @ np.array([weight, 1 - weight]), refused)
    return Acceptance(
        float(temperature),
        (float(centre[0]), float(centre[1])),
        (float(scale[0]), float(scale[1])),
        float(weight),
        float(threshold),
        separation(weight),
    )
