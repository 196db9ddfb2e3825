"""Pictures: found, read safely, and turned into attributes that may be believed."""

import numpy as np
import pytest
from PIL import Image

from shoplake.errors import ModelError, SourceError
from shoplake.ingest.shop.pictures import render
from shoplake.models.descriptions.backbone import LITE0, load_lite0
from shoplake.models.descriptions.pixels import (
    folder_digest,
    load_picture,
    picture_files,
    picture_of,
    squared,
)
from shoplake.models.descriptions.vision import learn_reader


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("SHOPLAKE_CACHE", str(tmp_path / "cache"))


def drawings(count, tag):
    pairs = [(k, c) for k in ("mug", "lantern", "rucksack") for c in ("teal", "burgundy", "ivory")]
    chosen = [pairs[i % len(pairs)] for i in range(count)]
    pictures = [
        np.asarray(render(f"{tag}{i}", kind, colour, "", size=64))
        for i, (kind, colour) in enumerate(chosen)
    ]
    return pictures, [k for k, _ in chosen], [c for _, c in chosen]


def test_kind_and_colour_of_unseen_pictures_are_read_with_high_probability():
    pictures, kinds, colours = drawings(90, "learnt")
    labels = {"kind": kinds, "colour": colours}
    reader = learn_reader(pictures, labels, encoder=LITE0, seed=0)
    unseen, kinds, colours = drawings(27, "unseen")
    found = reader.read(unseen)
    assert [f["colour"][0] for f in found] == colours
    right = [f["kind"][0] == kind for f, kind in zip(found, kinds, strict=True)]
    assert sum(right) >= 25
    sure = np.array([f["kind"][1] for f in found])
    assert sure[right].mean() > 0.8
    again = learn_reader(pictures, labels, encoder=LITE0, seed=0)
    assert again.read(unseen) == found


def test_the_small_encoder_learns_colours_without_any_pretrained_weights(monkeypatch):
    monkeypatch.setattr("shoplake.models.descriptions.small._STEPS", 20)
    pictures, _, colours = drawings(60, "learnt")
    reader = learn_reader(pictures, {"colour": colours}, encoder="small", seed=0)
    unseen, _, colours = drawings(18, "unseen")
    assert [f["colour"][0] for f in reader.read(unseen)] == colours


def test_pictures_without_two_values_cannot_be_learnt_from():
    pictures, _, _ = drawings(9, "x")
    with pytest.raises(ModelError, match="fewer than two values"):
        learn_reader(pictures, {"colour": ["teal"] * 9}, encoder=LITE0, seed=0)


def test_the_pretrained_encoder_gives_equal_vectors_for_equal_pictures_at_any_size():
    import torch

    network = load_lite0()
    with torch.inference_mode():
        for side in (33, 64):
            twice = network(torch.zeros(2, 3, side, side))
            assert twice.shape == (2, 1280)
            assert torch.equal(twice[0], twice[1])


def test_a_file_is_found_by_its_product_whatever_its_folder_holds(tmp_path):
    for name in ("shop_A1.png", "A2.jpg", "notes.txt"):
        Image.new("RGB", (40, 30), "red").save(tmp_path / name) if name[0] != "n" else (
            tmp_path / name
        ).write_text("x")
    files = picture_files(tmp_path)
    assert picture_of(files, "shop:A1", "shop") == tmp_path / "shop_A1.png"
    assert picture_of(files, "shop:a2", "shop") == tmp_path / "A2.jpg"
    assert picture_of(files, "shop:../../etc/passwd", "shop") is None
    assert picture_of(files, "shop:notes", "shop") is None


def test_a_bare_name_is_of_the_folders_own_shop(tmp_path):
    for name in ("A2.jpg", "other_A3.png"):
        Image.new("RGB", (40, 30), "red").save(tmp_path / name)
    files = picture_files(tmp_path)
    assert picture_of(files, "other:A2", "shop") is None
    assert picture_of(files, "other:A3", "shop") == tmp_path / "other_A3.png"


def test_a_damaged_or_huge_file_is_no_picture(tmp_path):
    (tmp_path / "bad.png").write_bytes(b"\x89PNG not really")
    assert load_picture(tmp_path / "bad.png", 32) is None
    Image.new("1", (9000, 9000)).save(tmp_path / "huge.png")
    assert load_picture(tmp_path / "huge.png", 32) is None
    Image.new("RGB", (50, 20), "blue").save(tmp_path / "wide.png")
    wide = load_picture(tmp_path / "wide.png", 32)
    assert wide is not None
    assert wide.shape == (32, 32, 3)


def test_the_digest_of_a_folder_changes_with_a_picture(tmp_path):
    Image.new("RGB", (4, 4), "red").save(tmp_path / "a.png")
    before = folder_digest(tmp_path)
    assert folder_digest(tmp_path) == before
    Image.new("RGB", (4, 4), "blue").save(tmp_path / "a.png")
    assert folder_digest(tmp_path) != before


def test_a_missing_folder_is_refused(tmp_path):
    with pytest.raises(SourceError, match="no such folder of pictures"):
        picture_files(tmp_path / "none")


def test_a_long_and_narrow_picture_costs_no_more_memory_than_what_is_kept(tmp_path, monkeypatch):
    sizes = []
    resize = Image.Image.resize

    def measured(picture, size, *args, **kwargs):
        sizes.append(size)
        assert size[0] * size[1] <= 64 * 64, "scaled more than the square that is kept"
        return resize(picture, size, *args, **kwargs)

    monkeypatch.setattr(Image.Image, "resize", measured)
    for name, size in (("high.png", (1, 60_000)), ("wide.png", (60_000, 1))):
        Image.new("RGB", size, (10, 200, 30)).save(tmp_path / name)
        found = load_picture(tmp_path / name, 32)
        assert found is not None
        assert found.shape == (32, 32, 3)
        assert (found == (10, 200, 30)).all()
    assert sizes


@pytest.mark.parametrize("size", [(97, 61), (61, 97), (640, 480), (48, 200), (32, 32), (20, 11)])
def test_a_picture_is_what_scaling_all_of_it_and_cutting_its_middle_gives(size):
    noise = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    picture, side = Image.fromarray(noise), 32
    scale = side / min(size)
    wide, high = (max(side, round(length * scale)) for length in size)
    left, top = (wide - side) // 2, (high - side) // 2
    whole = picture.resize((wide, high), Image.Resampling.BILINEAR)
    asked = np.asarray(whole.crop((left, top, left + side, top + side))).astype(int)
    assert np.abs(squared(picture, side).astype(int) - asked).max() <= 1
