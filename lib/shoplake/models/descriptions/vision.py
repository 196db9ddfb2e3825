"""Attributes of a product as its picture shows them, each with a calibrated probability.

A frozen encoder and colour histograms feed a logistic regression for each attribute. Temperature
scaling on pictures that the regression has not seen makes its probabilities honest (Guo et al.,
"On calibration of modern neural networks", ICML 2017).
"""

from __future__ import annotations

import hashlib
import os
import pickle
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from shoplake.errors import ModelError
from shoplake.models.descriptions.backbone import LITE0, load_lite0
from shoplake.models.descriptions.pixels import Floats, Pixels, colour_features
from shoplake.models.descriptions.small import encode_small, learn_small
from shoplake.models.search.cache import cache_folder, content_key

#: Inverse strength of the regression's penalty: between .01 and .1 nothing changed on photos.
_PENALTY = 0.03
_HELD_OUT = 0.2
_CUT = 5.0
_FEWEST = 2


class PictureReader:
    """Reads attributes of pictures; made by `learn_reader`."""

    def __init__(self, encoder: str, small: object, heads: dict[str, _Head]) -> None:
        self._encoder = encoder
        self._small = small
        self._heads = heads

    @property
    def labels(self) -> dict[str, frozenset[str]]:
        """The values that it tells apart, by attribute."""
        return {a: frozenset(head.values) for a, head in self._heads.items()}

    def probabilities(self, pictures: Sequence[Pixels]) -> dict[str, tuple[list[str], Floats]]:
        """Of each attribute, its values and their probabilities [n, values]."""
        if not len(pictures):
            return {
                a: (h.values, np.zeros((0, len(h.values)), dtype=np.float32))
                for a, h in self._heads.items()
            }
        features = _features(self._encoder, self._small, pictures)
        return {a: (h.values, h.probabilities(features)) for a, h in self._heads.items()}

    def read(self, pictures: Sequence[Pixels]) -> list[dict[str, tuple[str, float]]]:
        """Of each picture, attribute -> (likeliest value, its probability)."""
        found: list[dict[str, tuple[str, float]]] = [{} for _ in pictures]
        for attribute, (values, chances) in self.probabilities(pictures).items():
            for row, best in zip(range(len(pictures)), chances.argmax(1), strict=True):
                found[row][attribute] = (values[best], float(chances[row, best]))
        return found


class _Head:
    """A logistic regression with a temperature."""

    def __init__(self, values: list[str]) -> None:
        self.values = values
        self._scale = StandardScaler()
        self._model = LogisticRegression(C=_PENALTY, max_iter=200)
        self._temperature = 1.0

    def fit(self, features: Floats, target: NDArray[np.int64]) -> None:
        self._scale.fit(features)
        self._model.fit(self._scaled(features), target)

    def calibrate(self, features: Floats, target: NDArray[np.int64]) -> None:
        logits = self._logits(features)
        rows = np.arange(len(target))

        def loss(log_temperature: float) -> float:
            scaled = _log_softmax(logits / np.exp(log_temperature))
            return float(-scaled[rows, target].mean())

        found = minimize_scalar(loss, bounds=(-1.5, 3), method="bounded")
        self._temperature = float(np.exp(found.x))

    def probabilities(self, features: Floats) -> Floats:
        return np.exp(_log_softmax(self._logits(features) / self._temperature)).astype(np.float32)

    def _scaled(self, features: Floats) -> Floats:
        """Standardised and cut off: a colour seldom seen in training must not decide alone."""
        return np.asarray(np.clip(self._scale.transform(features), -_CUT, _CUT))

    def _logits(self, features: Floats) -> NDArray[np.float64]:
        made = np.asarray(self._model.decision_function(self._scaled(features)))
        if made.ndim == 1:
            made = np.stack([-made / 2, made / 2], axis=1)
        logits = np.full((len(features), len(self.values)), -1e3)
        logits[:, self._model.classes_] = made
        return logits


def learn_reader(
    pictures: Sequence[Pixels],
    labels: Mapping[str, Sequence[str | None]],
    *,
    encoder: str,
    seed: int,
) -> PictureReader:
    """A reader of the attributes in `labels`, kept in the cache.

    Args:
        pictures: of equal size.
        labels: attribute -> its value for each picture, None where not known. The last fifth of
            each value's pictures calibrates the probabilities. Values of fewer than two pictures
            are left out, and attributes with fewer than two values.
        encoder: `efficientnet-lite0` or `small`.
        seed: of the small encoder.

    Raises:
        ModelError: the encoder's weights are missing, or there is nothing to tell apart.
    """
    key = content_key(_digest(pictures), sorted(labels.items()), encoder, seed, "reader 2")
    path = cache_folder() / "descriptions" / f"{key}.reader"
    if path.is_file():
        found = pickle.loads(path.read_bytes())
        if isinstance(found, PictureReader):
            return found
    reader = _learn(pictures, labels, encoder, seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(f".{os.getpid()}")
    new.write_bytes(pickle.dumps(reader))
    new.replace(path)
    return reader


def _learn(
    pictures: Sequence[Pixels], labels: Mapping[str, Sequence[str | None]], encoder: str, seed: int
) -> PictureReader:
    targets = {a: t for a, said in labels.items() if (t := _target(said)) is not None}
    if not targets:
        raise ModelError(
            "the pictures' attributes have fewer than two values each",
            where=f"{len(pictures)} pictures, attributes {', '.join(labels) or 'none'}",
            remedy="give more pictures of products whose attributes are known",
        )
    held = _last_of_each(max((t for _, t in targets.values()), key=lambda t: int(t.max())))
    small = None
    if encoder != LITE0:
        seen = [np.where(held, -1, target) for _, target in targets.values()]
        small = learn_small(pictures, seen, seed=seed)
    features = _features(encoder, small, pictures)
    heads = {}
    for attribute, (values, target) in targets.items():
        head = _Head(values)
        learnt, unseen = (target >= 0) & ~held, (target >= 0) & held
        head.fit(features[learnt], target[learnt])
        if unseen.any():
            head.calibrate(features[unseen], target[unseen])
        if encoder == LITE0:
            head.fit(features[target >= 0], target[target >= 0])
        heads[attribute] = head
    return PictureReader(encoder, small, heads)


def _last_of_each(target: NDArray[np.int64]) -> NDArray[np.bool_]:
    """The last fifth of each class: pictures taken one after the other stay on one side."""
    held = np.zeros(len(target), dtype=bool)
    for value in np.unique(target):
        rows = np.flatnonzero(target == value)
        held[rows[len(rows) - int(_HELD_OUT * len(rows)) :]] = True
    return held


def _target(said: Sequence[str | None]) -> tuple[list[str], NDArray[np.int64]] | None:
    counts: dict[str, int] = {}
    for value in said:
        if value:
            counts[value] = counts.get(value, 0) + 1
    values = sorted(value for value, n in counts.items() if n >= _FEWEST)
    index = {value: i for i, value in enumerate(values)}
    target = np.array([index.get(value or "", -1) for value in said], dtype=np.int64)
    return (values, target) if len(values) > 1 else None


def _features(encoder: str, small: object, pictures: Sequence[Pixels]) -> Floats:
    pretrained = encoder == LITE0
    deep = _lite0_features(pictures) if pretrained else encode_small(small, pictures)  # type: ignore[arg-type]
    return np.concatenate([deep, colour_features(pictures)], axis=1)


def _lite0_features(pictures: Sequence[Pixels]) -> Floats:
    """Vectors [n, 1280] of the pretrained encoder, kept in the cache under a hash of the pixels."""
    path = cache_folder() / "vectors" / f"{content_key(LITE0, _digest(pictures))}.npy"
    if path.is_file():
        return np.asarray(np.load(path))
    network = load_lite0()
    parts = []
    with torch.inference_mode():
        for start in range(0, len(pictures), 32):
            batch = torch.from_numpy(np.stack(pictures[start : start + 32]))
            parts.append(network(batch.permute(0, 3, 1, 2).float() / 127.5 - 1).numpy())
    vectors = np.concatenate(parts)
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f"{path.stem}.{os.getpid()}.npy")
    np.save(new, vectors)
    new.replace(path)
    return vectors


def _digest(pictures: Sequence[Pixels]) -> str:
    digest = hashlib.sha256()
    for picture in pictures:
        digest.update(repr(picture.shape).encode())
        digest.update(picture.tobytes())
    return digest.hexdigest()


def _log_softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    shifted = logits - logits.max(axis=1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)))
