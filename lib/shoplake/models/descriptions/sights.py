"""What the products' pictures show: readers learnt on other pictures than those they read."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np

from shoplake.ingest.shop.pictures import RGB, render
from shoplake.ingest.shop.shapes import SHAPES
from shoplake.ingest.shop.vocabulary import CATEGORIES, COLOURS
from shoplake.models.descriptions.facts import Product, kind_of
from shoplake.models.descriptions.pixels import Pixels
from shoplake.models.descriptions.settings import DescriptionConfig
from shoplake.models.descriptions.vision import PictureReader, learn_reader

Read = dict[str, tuple[str, float]]
#: Drawn to learn from; no product of the shop has their ids.
_DRAWN = 1200


def drawn_picture(product: Product, size: int) -> Pixels | None:
    """The picture of one of the built-in shop's products; None where it cannot be drawn."""
    kind = kind_of(product.name, list(product.attributes.values()))
    colour = product.attributes.get("colour", "")
    if kind not in SHAPES or colour not in RGB:
        return None
    said = (product.attributes.get(name, "") for name in ("material", "scent", "flavour"))
    material = next((value for value in said if value), "")
    return np.asarray(render(product.product_id, kind, colour, material, size=size))


@lru_cache(maxsize=2)
def shop_reader(encoder: str, pixels: int, seed: int) -> PictureReader:
    """Reads kind and colour of the built-in shop's pictures; learnt on drawings of its own.

    Args:
        encoder: `efficientnet-lite0` or `small`.
        pixels: side of the pictures.
        seed: of what is drawn.

    Raises:
        ModelError: the encoder's weights are missing.
    """
    draw = np.random.default_rng(seed)
    pictures: list[Pixels] = []
    labels: dict[str, list[str | None]] = {"kind": [], "colour": []}
    for number in range(_DRAWN):
        group = CATEGORIES[int(draw.integers(len(CATEGORIES)))]
        kind = group.nouns[int(draw.integers(len(group.nouns)))].word
        colour = COLOURS[int(draw.integers(len(COLOURS)))]
        material = group.materials[int(draw.integers(len(group.materials)))]
        picture = render(f"drawing {seed}.{number}", kind, colour, material, size=pixels)
        pictures.append(np.asarray(picture))
        labels["kind"].append(kind)
        labels["colour"].append(colour)
    return learn_reader(pictures, labels, encoder=encoder, seed=seed)


def read_pictures(
    products: Sequence[Product],
    pictures: Mapping[str, Pixels],
    config: DescriptionConfig,
    *,
    drawn: bool,
) -> tuple[dict[str, Read], dict[str, frozenset[str]]]:
    """What each picture shows, and the values that could be told apart.

    Args:
        products: of the catalogue; those with a picture and attributes are learnt from.
        pictures: product id -> its picture, of equal size.
        config: of descriptions.
        drawn: the pictures are `drawn_picture`s. Others are read by what was learnt of the other
            half of them, so that no picture is read by a model that learnt it by heart.

    Returns:
        Product id -> attribute -> (value, probability), and attribute -> values. Both are empty
        where there are too few pictures with known attributes.
    """
    ids = [p.product_id for p in products if p.product_id in pictures]
    if not ids:
        return {}, {}
    if drawn:
        reader = shop_reader(config.encoder, config.pixels, config.seed)
        return dict(zip(ids, reader.read([pictures[i] for i in ids]), strict=True)), reader.labels
    by_id = {p.product_id: p for p in products}
    said = {i: _labels(by_id[i], config.read) for i in ids}
    halves = [[i for i in ids if _half(i) == half] for half in (0, 1)]
    found: dict[str, Read] = {}
    labels: dict[str, frozenset[str]] = {}
    for half in (0, 1):
        known = [i for i in halves[1 - half] if said[i]]
        values = {a: [said[i].get(a) for i in known] for a in config.read}
        if len(known) < config.fewest_pictures / 2 or not _tellable(values):
            continue
        reader = learn_reader(
            [pictures[i] for i in known], values, encoder=config.encoder, seed=config.seed
        )
        asked = [pictures[i] for i in halves[half]]
        found.update(zip(halves[half], reader.read(asked), strict=True))
        for attribute, names in reader.labels.items():
            labels[attribute] = labels.get(attribute, names) & names
    return found, labels


def _labels(product: Product, read: Sequence[str]) -> dict[str, str]:
    found = {a: v.lower() for a, v in product.attributes.items() if a in read and v}
    if "kind" in read and "kind" not in found:
        found["kind"] = kind_of(product.name, list(product.attributes.values()))
    return {a: v for a, v in found.items() if v}


def _tellable(values: Mapping[str, Sequence[str | None]]) -> bool:
    """Whether some attribute has two values of two pictures each."""
    for said in values.values():
        named = [v for v in said if v]
        if sum(named.count(v) > 1 for v in set(named)) > 1:
            return True
    return False


def _half(product_id: str) -> int:
    return hashlib.sha256(product_id.encode()).digest()[0] % 2
