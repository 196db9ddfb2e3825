"""Image to class: the reader of pictures beside simpler ones, on photos taken later."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from shoplake.evaluate.layouts.pictures import Photos
from shoplake.evaluate.metrics import Values
from shoplake.models.descriptions.backbone import LITE0
from shoplake.models.descriptions.pixels import colour_features
from shoplake.models.descriptions.vision import PictureReader, learn_reader

MAJORITY, COLOURS, SMALL, READER = (
    "most frequent class",
    "colours alone",
    "small encoder, from scratch",
    "pretrained encoder + colours",
)
BASELINES = [MAJORITY, COLOURS]
_LAST = 0.25


def split_photos(photos: Photos) -> tuple[Photos, Photos]:
    """The first three quarters of each class, and its last quarter.

    Photos are listed as they were taken, several of one shelf after each other: a random split
    would put near-identical ones on both sides (grocery_images: 96.2% right instead of 95.4%).
    """
    names = np.array(photos.names)
    later = np.zeros(len(names), dtype=bool)
    for name in np.unique(names):
        rows = np.flatnonzero(names == name)
        later[rows[len(rows) - int(_LAST * len(rows)) :]] = True
    return photos.part(np.flatnonzero(~later)), photos.part(np.flatnonzero(later))


def judge_photos(
    learn: Photos, judged: Photos, *, seed: int, tell: Callable[[str], None]
) -> tuple[dict[str, dict[str, Values]], PictureReader]:
    """Per-photo values of each model, and the reader that is used.

    Args:
        learn: photos to learn from.
        judged: photos to judge on.
        seed: of the encoder that is learnt from scratch.
        tell: told what is done.

    Returns:
        model -> accuracy and coarse_accuracy [photos]; the pretrained reader also has
        confident (probability of at least .9) and right_if_confident, NaN where it is not.
    """
    parents = dict(zip(learn.names, learn.coarse, strict=True))
    labels = {"class": learn.names}

    def scores(guessed: list[str]) -> dict[str, Values]:
        pairs = zip(guessed, judged.names, judged.coarse, strict=True)
        found = [(g == name, parents.get(g) == coarse) for g, name, coarse in pairs]
        right = np.array(found, dtype=float)
        return {"accuracy": right[:, 0], "coarse_accuracy": right[:, 1]}

    names, counts = np.unique(learn.names, return_counts=True)
    made = {MAJORITY: scores([str(names[counts.argmax()])] * len(judged.names))}
    made[COLOURS] = scores(_by_colours(learn, judged))
    tell("colours judged")
    for model, encoder in ((SMALL, "small"), (READER, LITE0)):
        reader = learn_reader(learn.pictures, labels, encoder=encoder, seed=seed)
        values, chances = reader.probabilities(judged.pictures)["class"]
        made[model] = scores([values[i] for i in chances.argmax(1)])
        right = made[model]["accuracy"]
        sure = chances.max(1) >= 0.9
        made[model]["confident"] = sure.astype(float)
        made[model]["right_if_confident"] = np.where(sure, right, np.nan)
        tell(f"{model}: {right.mean():.3f} right")
    return made, reader


def calibration_error(reader: PictureReader, judged: Photos) -> float:
    """Expected calibration error of the likeliest class, in 10 bins of probability."""
    values, chances = reader.probabilities(judged.pictures)["class"]
    guessed, sure = chances.argmax(1), chances.max(1)
    right = np.array([values[i] == n for i, n in zip(guessed, judged.names, strict=True)])
    bins: NDArray[np.int64] = np.minimum((sure * 10).astype(np.int64), 9)
    gaps = [abs(right[bins == b].mean() - sure[bins == b].mean()) * (bins == b).mean()
            for b in np.unique(bins)]  # fmt: skip
    return float(sum(gaps))


def _by_colours(learn: Photos, judged: Photos) -> list[str]:
    scale = StandardScaler()
    model = LogisticRegression(C=0.1, max_iter=200)
    model.fit(scale.fit_transform(colour_features(learn.pictures)), learn.names)
    return [str(n) for n in model.predict(scale.transform(colour_features(judged.pictures)))]
