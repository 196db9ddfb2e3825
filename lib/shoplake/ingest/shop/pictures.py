"""Pictures of the built-in shop's products, drawn: shape by kind, colour, grain by material.

A picture is a function of the product alone. Light, place, size, tilt and background vary with the
product's id, so that two blue mugs do not have the same pixels.
"""

from __future__ import annotations

import hashlib
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from shoplake.errors import ShoplakeError
from shoplake.ingest.shop.shapes import SHAPES

#: Of the vocabulary's colours; red, green and blue from 0 to 255.
RGB = {
    "sage green": (156, 175, 136), "navy blue": (28, 44, 92), "mustard yellow": (214, 168, 44),
    "blush pink": (232, 182, 184), "charcoal grey": (66, 68, 74), "ivory": (244, 238, 220),
    "terracotta": (200, 100, 70), "teal": (22, 128, 130), "burgundy": (112, 22, 46),
    "lavender blue": (168, 164, 222), "copper": (176, 112, 60), "forest green": (30, 84, 48),
}  # fmt: skip
#: Materials that show: lines across, along or both, speckles, or a shine. Others look plain.
_GRAIN = {
    "oak": "along", "cedar": "along", "beech": "along", "rattan": "cross", "jute": "cross",
    "linen": "cross", "canvas": "cross", "cotton": "across", "wool": "speckle", "felt": "speckle",
    "velvet": "shine", "stoneware": "speckle", "terracotta clay": "speckle", "glass": "shine",
    "brass": "shine", "enamel": "shine", "ceramic": "shine", "galvanised steel": "across",
    "kraft": "speckle", "recycled paper": "speckle", "recycled nylon": "across",
}  # fmt: skip
_LARGE = 192


def render(
    product_id: str, kind: str, colour: str, material: str, *, size: int = 96
) -> Image.Image:
    """The picture of a product: RGB, `size` by `size` pixels.

    Args:
        product_id: decides light, place, tilt and background.
        kind: a noun of `vocabulary.CATEGORIES`.
        colour: of `vocabulary.COLOURS`.
        material: of `vocabulary.MATERIALS`; a scent or a flavour does not show.
        size: side in pixels.

    Raises:
        ShoplakeError: the shop has no such kind or colour.
    """
    for what, value, known in (("kind", kind, SHAPES), ("colour", colour, RGB)):
        if value not in known:
            raise ShoplakeError(
                f"no {what} '{value}' to draw",
                where=product_id,
                remedy=f"the shop's are {', '.join(sorted(known))}",  # type: ignore[arg-type]
            )
    seed = hashlib.sha256(product_id.encode()).digest()
    draw = np.random.default_rng(list(seed[:16]))
    base = np.array(RGB[colour]) * draw.uniform(0.9, 1.06) + draw.normal(0, 4, 3)
    mask = _outline(SHAPES[kind])
    shade = np.where(mask[..., 1:] > 127, 0.62, 1.0) * _grain(_GRAIN.get(material, ""), draw)
    light = np.linspace(draw.uniform(0.92, 1.0), draw.uniform(1.0, 1.08), _LARGE)[None, :, None]
    pixels = np.clip(base * shade * light, 0, 255).astype(np.uint8)
    cut = Image.fromarray(mask.max(-1)).rotate(
        tilt := float(draw.uniform(-9, 9)), resample=Image.Resampling.BILINEAR
    )
    front = Image.fromarray(pixels).rotate(tilt, resample=Image.Resampling.BILINEAR)
    ground = np.clip(draw.uniform(196, 240) + draw.normal(0, 6, 3), 0, 255)
    picture = Image.new("RGB", (_LARGE, _LARGE), tuple(int(c) for c in ground))
    scale = float(draw.uniform(0.78, 0.98))
    side = round(_LARGE * scale)
    left, top = (int(draw.integers(0, _LARGE - side + 1)) for _ in range(2))
    shadow = Image.new("RGB", (side, side), tuple(int(c * 0.86) for c in ground))
    small = cut.resize((side, side))
    picture.paste(shadow, (left + 3, top + 4), small)
    picture.paste(front.resize((side, side)), (left, top), small)
    noisy = np.asarray(picture.resize((size, size), Image.Resampling.BILINEAR)).astype(float)
    noisy += draw.normal(0, 3, noisy.shape)
    return Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8))


@cache
def _outline(strokes: str) -> NDArray[np.uint8]:
    """Where the product is, [side, side, 2]: its light parts, its dark parts; 0 or 255."""
    layers = [Image.new("L", (_LARGE, _LARGE)) for _ in range(2)]
    pens = [ImageDraw.Draw(layer) for layer in layers]
    for stroke in strokes.split("; "):
        letter, *numbers = stroke.split()
        at = [float(n) * _LARGE / 100 for n in numbers]
        pen = pens[letter.isupper()]
        match letter.lower():
            case "e":
                pen.ellipse(at, fill=255)
            case "r":
                pen.rectangle(at, fill=255)
            case "p":
                pen.polygon(at, fill=255)
            case "l":
                pen.line(at[1:], fill=255, width=round(at[0]))
            case "o":
                pen.ellipse(at[1:], outline=255, width=round(at[0]))
    return np.stack([np.asarray(layer) for layer in layers], axis=-1)


def _grain(kind: str, draw: np.random.Generator) -> NDArray[np.float64]:
    """Brightness of the material's surface, [side, side, 1], about 1."""
    noise = draw.normal(0, 0.06, (_LARGE, _LARGE))
    surface = noise if kind == "speckle" else _surface(kind)
    return np.asarray(1 + surface[..., None])


@cache
def _surface(kind: str) -> NDArray[np.float64]:
    y, x = np.mgrid[:_LARGE, :_LARGE]
    match kind:
        case "along":
            return np.asarray(0.07 * np.sin(y / 3 + 2 * np.sin(x / 40)))
        case "across":
            return np.asarray(0.05 * np.sin(x / 2.2))
        case "cross":
            return np.asarray(0.05 * (np.sin(x / 2.2) + np.sin(y / 2.2)))
        case "shine":
            return np.asarray(0.22 * np.exp(-(((x + y - 0.8 * _LARGE) / 18.0) ** 2)))
    return np.zeros(x.shape)
