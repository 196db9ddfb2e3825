"""Descriptions: what pictures show, and what writers say of classes that they never saw."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from shoplake.evaluate import descriptions_photos as photos
from shoplake.evaluate import descriptions_texts as texts
from shoplake.evaluate.descriptions_check import check_figures
from shoplake.evaluate.descriptions_page import page
from shoplake.evaluate.findings import Figure, Findings, compared
from shoplake.evaluate.layouts.pictures import Photos, load_classes, load_photos
from shoplake.evaluate.metrics import EvaluationError
from shoplake.models.descriptions.settings import DescriptionConfig, load_descriptions
from shoplake.runtime.console import Clock
from shoplake.runtime.console import tell as say_aside

CHECK = "check of claims"
NOTES = [
    "claim_precision: share of a text's claims that the class's facts or its written description "
    "support; no writer saw the latter. attribute_coverage: share of the facts that are said.",
    "published: the check on the facts alone lets the text pass; what people wrote seldom would, "
    "since it says more than the facts do.",
    "rouge_l and chrf compare with one written description; a true text that says other things "
    "scores low.",
    "`+` and `-` of the texts are against the text of the nearest class, the baseline with most "
    "overlap.",
]


def run(
    data: Path, train: Path | None, *, seed: int, settings: DescriptionConfig | None = None
) -> Findings:
    """Both protocols on the pictures and classes of `data`.

    Args:
        data: folder to judge on; if it has too few written descriptions, those of `train` are.
        train: folder to learn from; without it, the first photos of each class and the other
            folds' classes.
        seed: of folds, networks and planted claims.
        settings: default: conf/models/descriptions.yml.

    Raises:
        EvaluationError: the folder has another layout, or too few classes or photos.
        ModelError: the picture encoder's weights are missing.
    """
    config = settings or load_descriptions()
    clock = Clock()

    def tell(text: str) -> None:
        say_aside("descriptions", f"{clock.seconds:6.0f} s  {text}")

    classes = load_classes(data, config.pixels)
    if train and len(classes) < 2 * texts.FOLDS:
        classes = load_classes(train, config.pixels)
    learn, judged = _photos(data, train, config.pixels)
    if len(classes) < 2 * texts.FOLDS or min(len(learn.names), len(judged.names)) < 10:
        raise EvaluationError(
            "too few classes or photos to learn from or to judge on",
            where=f"{data}: {len(classes)} classes, {len(learn.names)} and {len(judged.names)} "
            "photos",
            remedy="give at least 6 classes and 10 photos on each side",
        )
    values, reader = photos.judge_photos(learn, judged, seed=seed, tell=tell)
    figures = compared(values, photos.BASELINES, "accuracy", seed=seed)
    figures[photos.READER]["ece"] = Figure(photos.calibration_error(reader, judged))
    seen = clock.seconds
    known = load_classes(train, config.pixels) if train else None
    written = texts.write_all(classes, config, seed=seed, tell=tell, learn=known)
    figures |= compared(texts.text_values(written), texts.BASELINES, "rouge_l", seed=seed)
    figures[CHECK] = check_figures(written, seed=seed)
    return Findings(
        task="descriptions",
        protocol=_protocol(learn, judged, len(classes), train),
        figures=figures,
        baselines=[*photos.BASELINES, *texts.BASELINES],
        champion=photos.READER,
        main="accuracy",
        notes=NOTES,
        seconds={"photos": round(seen, 1), "texts": round(clock.seconds - seen, 1)},
        page=page(written),
    )


def _photos(data: Path, train: Path | None, size: int) -> tuple[Photos, Photos]:
    judged = load_photos(data, size)
    if train is None:
        return photos.split_photos(judged)
    return load_photos(train, size), judged


def _protocol(learn: Photos, judged: Photos, classes: int, train: Path | None) -> dict[str, Any]:
    split = "the folder given as --train" if train else "the first three quarters of each class"
    held = f"{texts.FOLDS} folds"
    if train:
        held = f"classes that --train alone has, or {held} where it has none"
    return {
        "photos": {
            "learnt from": f"{len(learn.names):,} photos: {split}, in the order of the lists",
            "judged on": f"{len(judged.names):,} photos of {len(set(judged.names))} classes",
            "not read": f"{learn.missing + (judged.missing if train else 0):,} photos",
        },
        "texts": {
            "units": f"{classes} classes, each described by what learnt from others only ({held})",
            "writers see": "name, coarse class, brand, country and volume; never the description",
        },
        "interval": "bootstrap over photos or classes, 1,000 resamples, 95%",
    }
