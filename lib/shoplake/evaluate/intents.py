"""How well messages are understood: labels, and known against unknown, by phrasing.

Utterances of one phrasing stand or fall together, so intervals resample phrasings, not utterances.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shoplake.evaluate.clustered import resampled
from shoplake.evaluate.findings import Figure
from shoplake.models.assistant.intents import auroc

Floats = NDArray[np.float64]
Labels = NDArray[np.object_]
_BINS = 15


@dataclass(frozen=True)
class Named:
    """A model's intents of the judged messages [n], and its probability of each."""

    intents: Labels
    confidence: Floats

    @classmethod
    def of(cls, parts: list[Named]) -> Named:
        """Several, one after another."""
        intents = np.concatenate([part.intents for part in parts])
        return cls(intents, np.concatenate([part.confidence for part in parts]))


def label_figures(
    truth: Labels,
    named: Mapping[str, Named],
    group: NDArray[np.int64],
    baselines: list[str],
    *,
    seed: int,
) -> dict[str, dict[str, Figure]]:
    """accuracy, macro_f1 and ece (calibration error) of each model, with 95% intervals.

    Args:
        truth: the intent of each message [n].
        named: model -> what it says.
        group: the phrasing of each message [n].
        baselines: models that are baselines; the best by macro_f1 is the one compared with.
        seed: of the resamples of phrasings, which all models share.
    """
    codes = {name: i for i, name in enumerate(sorted({*truth, *_all(named)}))}
    true = np.array([codes[name] for name in truth])
    measures = {
        model: _measures(true, np.array([codes[name] for name in said.intents]), said.confidence)
        for model, said in named.items()
    }
    return resampled(measures, group, baselines, "macro_f1", seed=seed)


def _all(named: Mapping[str, Named]) -> set[str]:
    return {str(name) for said in named.values() for name in said.intents}


def _measures(
    true: NDArray[np.int64], said: NDArray[np.int64], confidence: Floats
) -> Callable[[Floats], dict[str, float]]:
    size = int(max(true.max(), said.max())) + 1
    right = (true == said).astype(float)
    place = np.minimum((confidence * _BINS).astype(np.int64), _BINS - 1)

    def measures(weight: Floats) -> dict[str, float]:
        hits = np.bincount(true, weight * right, size)
        there = np.bincount(true, weight, size)
        called = np.bincount(said, weight, size)
        f1 = 2 * hits / np.maximum(there + called, 1e-12)
        gap = np.bincount(place, weight * (confidence - right), _BINS)
        return {
            "macro_f1": float(f1[there > 0].mean()),
            "accuracy": float(hits.sum() / weight.sum()),
            "ece": float(np.abs(gap).sum() / weight.sum()),
        }

    return measures


@dataclass(frozen=True)
class Told:
    """One fold's scores of being known: messages of learnt intents, and of intents left out.

    Attributes:
        known: [n] of messages with a learnt intent and a new phrasing.
        strange: [m] of messages whose intent was left out.
        threshold: below it a message is taken for unknown; None: the model has none.
    """

    known: Floats
    strange: Floats
    threshold: float | None = None


def unknown_figures(
    folds: Mapping[str, list[Told]],
    groups: list[tuple[NDArray[np.int64], NDArray[np.int64]]],
    baselines: list[str],
    *,
    seed: int,
) -> dict[str, dict[str, Figure]]:
    """unknown_auroc, and with a threshold refused_unknown and refused_known; means over folds.

    Args:
        folds: model -> a `Told` a fold.
        groups: a fold's phrasings of its known [n] and strange [m] messages.
        baselines, seed: as `label_figures`.
    """
    sizes = [(len(known), len(strange)) for known, strange in groups]
    every = [part + 10**6 * i for i, both in enumerate(groups) for part in both]
    measures = {model: _separation(told, sizes) for model, told in folds.items()}
    return resampled(measures, np.concatenate(every), baselines, "unknown_auroc", seed=seed)


def _separation(
    told: list[Told], sizes: list[tuple[int, int]]
) -> Callable[[Floats], dict[str, float]]:
    def measures(weight: Floats) -> dict[str, float]:
        found: dict[str, list[float]] = {}
        start = 0
        for fold, (n, m) in zip(told, sizes, strict=True):
            w, v = weight[start : start + n], weight[start + n : start + n + m]
            start += n + m
            drawn = (np.repeat(fold.known, w.astype(int)), np.repeat(fold.strange, v.astype(int)))
            if not all(len(part) for part in drawn):
                continue
            found.setdefault("unknown_auroc", []).append(auroc(*drawn))
            if fold.threshold is not None:
                refused = [float((part < fold.threshold).mean()) for part in drawn]
                found.setdefault("refused_known", []).append(refused[0])
                found.setdefault("refused_unknown", []).append(refused[1])
        return {name: float(np.mean(values)) for name, values in found.items()}

    return measures
