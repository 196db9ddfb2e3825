"""The task on a small folder in the layout of the Grocery Store dataset."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from shoplake.commands.evaluate import _write_page
from shoplake.errors import ShoplakeError
from shoplake.evaluate import descriptions_texts
from shoplake.evaluate.descriptions_photos import split_photos
from shoplake.evaluate.findings import Findings
from shoplake.evaluate.layouts.pictures import Photos, load_classes, load_photos
from shoplake.evaluate.metrics import EvaluationError
from shoplake.evaluate.tasks import descriptions
from shoplake.ingest.shop.pictures import render
from shoplake.models.descriptions import small
from shoplake.models.descriptions.settings import load_descriptions

CLASSES = [
    (f"{colour.title()}-{kind.title()}", kind, colour)
    for kind in ("mug", "lantern", "basket", "cushion")
    for colour in ("teal", "burgundy")
]
HEADER = (
    "Class Name (str),Class ID (int),Coarse Class Name (str),Coarse Class ID (int),"
    "Iconic Image Path (str),Product Description Path (str)"
)


def write_shop(folder: Path) -> Path:
    """Eight classes with eight photos each, and a sentence that someone wrote of each."""
    lines, listed = [HEADER], []
    for number, (name, kind, colour) in enumerate(CLASSES):
        about = folder / "about" / name
        about.mkdir(parents=True)
        render(f"{name} icon", kind, colour, "", size=64).save(about / f"{name}_Iconic.jpg")
        written = f"A {colour} {kind} that {'warms' if number % 2 else 'lights'} your evening."
        (about / f"{name}_Description.txt").write_text(written)
        (about / f"{name}_Information.txt").write_text("Country and volume: Wales, 2 kg\nURL: x")
        path = f"/about/{name}/{name}"
        lines.append(f"{name},{number},{kind.title()},0,{path}_Iconic.jpg,{path}_Description.txt")
        for photo in range(8):
            file = folder / "train" / f"{name}_{photo}.png"
            file.parent.mkdir(exist_ok=True)
            render(f"{name} {photo}", kind, colour, "", size=64).save(file)
            listed.append(f"train/{file.name}, {number}, 0")
    (folder / "classes.csv").write_text("\n".join(lines))
    (folder / "train.txt").write_text("\n".join([*listed, "train/missing.png, 0, 0"]))
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_shop(tmp_path_factory.mktemp("pictures"))


@pytest.fixture(scope="module")
def found(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Findings:
    config = load_descriptions()
    tiny = dataclasses.replace(config.decoder, width=32, layers=1, heads=2, candidates=2)
    quick = dataclasses.replace(config, pixels=64, decoder=tiny)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SHOPLAKE_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setattr(descriptions_texts, "_STEPS", 40)
        patch.setattr(descriptions_texts, "_TEMPLATES", 300)
        patch.setattr(small, "_STEPS", 10)
        return descriptions.run(folder, None, seed=0, settings=quick)


@pytest.mark.slow
def test_the_reader_of_pictures_beats_the_majority_and_says_its_calibration(
    found: Findings,
) -> None:
    reader = found.figures[found.champion]
    assert reader["accuracy"].value >= 0.8
    assert reader["accuracy"].value > found.figures["most frequent class"]["accuracy"].value
    assert 0 <= reader["ece"].value <= 1


@pytest.mark.slow
def test_what_is_used_is_published_and_what_others_wrote_is_not(found: Findings) -> None:
    used = found.figures[descriptions_texts.USED]
    assert used["published"].value == 1
    assert used["claim_precision"].value == 1
    nearest = found.figures[descriptions_texts.NEAREST]
    assert nearest["published"].value < 0.5
    assert nearest["claim_precision"].value < 1


@pytest.mark.slow
def test_the_check_catches_planted_claims_and_leaves_true_texts(found: Findings) -> None:
    check = found.figures[descriptions.CHECK]
    assert check["false alarms: templates"].value == 0
    caught = {name: figure.value for name, figure in check.items() if name.startswith("caught")}
    assert len(caught) >= 8
    assert min(caught.values()) > 0.9


@pytest.mark.slow
def test_everything_can_be_written_as_json_and_as_a_page(found: Findings, tmp_path: Path) -> None:
    text = json.dumps(found.to_dict())
    assert "false alarms: written texts" in text
    assert "<article" not in text
    _write_page(found, tmp_path / "out" / "page.html")
    page = (tmp_path / "out" / "page.html").read_text()
    assert page.count("<article>") == len(CLASSES)
    assert "data:image/jpeg;base64," in page
    assert "<mark class=none" in page


@pytest.mark.slow
def test_a_task_without_samples_refuses_a_page(found: Findings, tmp_path: Path) -> None:
    with pytest.raises(ShoplakeError, match="has no samples"):
        _write_page(dataclasses.replace(found, page=""), tmp_path / "page.html")


def test_a_class_becomes_a_product_without_its_written_text(folder: Path) -> None:
    classes = load_classes(folder, 64)
    first = classes[0]
    assert first.product.name == "Teal Mug"
    assert first.product.attributes == {"volume": "2 kg", "country": "Wales"}
    assert first.product.text == ""
    assert first.written.startswith("A teal mug that")


def test_the_last_quarter_of_each_class_is_judged(folder: Path) -> None:
    photos = load_photos(folder, 64)
    assert photos.missing == 1
    learn, judged = split_photos(photos)
    assert len(judged.names) == 2 * len(CLASSES)
    own = [p for p, name in zip(photos.pictures, photos.names, strict=True) if name == "Teal-Mug"]
    kept = [p for p, name in zip(judged.pictures, judged.names, strict=True) if name == "Teal-Mug"]
    assert np.array_equal(np.stack(kept), np.stack(own[-2:]))
    assert isinstance(learn, Photos)


def test_a_folder_of_another_layout_is_refused(tmp_path: Path) -> None:
    (tmp_path / "classes.csv").write_text("a,b\n1,2\n")
    with pytest.raises(EvaluationError, match="no column Class Name"):
        load_classes(tmp_path, 64)
