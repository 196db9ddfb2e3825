"""Picture files as arrays: found by product, read safely, summed up in colours."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from shoplake.errors import SourceError

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]
#: Extensions that are looked at, the first one found wins.
EXTENSIONS = (".png", ".jpg", ".jpeg", ".webp")
_MOST_PIXELS = 40_000_000
_HUES, _LEVELS = 16, 4


def picture_files(folder: Path) -> dict[str, Path]:
    """Pictures of a folder by the name of the file without its extension, in lower case.

    A product `shop:A1` is found by `shop:A1.png`, `shop_A1.png` or, of the folder's own shop,
    `A1.png`; see `picture_of`.

    Raises:
        SourceError: there is no such folder.
    """
    if not folder.is_dir():
        raise SourceError(
            "no such folder of pictures",
            where=str(folder),
            remedy="give a folder of <product_id>.png or .jpg, or leave --images out",
        )
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() in EXTENSIONS and path.is_file():
            found.setdefault(path.stem.lower(), path)
    return found


def picture_of(files: dict[str, Path], product_id: str, shop: str) -> Path | None:
    """The picture of a product among `picture_files`; None: it has none.

    Args:
        files: of a folder.
        product_id: `<shop>:<ID>`.
        shop: whose folder it is: two shops may have given an ID to different things.
    """
    asked = product_id.lower()
    of, _, own = asked.partition(":")
    names = (asked, asked.replace(":", "_"), own if of == shop.lower() else "")
    return next((files[name] for name in names if name and name in files), None)


def load_picture(path: Path, size: int) -> Pixels | None:
    """A file as [size, size, 3]: scaled by its shorter side and cut at its middle.

    None comes back for a file that is damaged, is no picture, or has more than 40 million pixels.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path) as opened:
                if opened.width * opened.height > _MOST_PIXELS:
                    return None
                opened.draft("RGB", (2 * size, 2 * size))
                return squared(opened.convert("RGB"), size)
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, ValueError, SyntaxError):
        return None
    except Image.DecompressionBombWarning:
        return None


def squared(picture: Image.Image, size: int) -> Pixels:
    """A picture scaled by its shorter side and cut at its middle, [size, size, 3].

    Only what is kept is scaled, so that a long and narrow picture costs no more than another.
    """
    scale = size / min(picture.size)
    wide, high = (max(size, round(side * scale)) for side in picture.size)
    left, top = (wide - size) // 2, (high - size) // 2
    across, down = picture.width / wide, picture.height / high
    box = (left * across, top * down, (left + size) * across, (top + size) * down)
    kept = (*box[:2], min(box[2], picture.width), min(box[3], picture.height))
    return np.asarray(picture.resize((size, size), Image.Resampling.BILINEAR, box=kept))


def colour_features(pictures: Sequence[Pixels]) -> Floats:
    """How often each colour is there [n, 512]: a whole picture's histogram, and its middle's.

    16 hues by 4 saturations by 4 values; square roots, so that rare colours count (Hellinger).
    """
    rows = []
    for picture in pictures:
        hsv = np.asarray(Image.fromarray(picture).convert("HSV")).astype(np.int64)
        bins = (hsv[..., 0] * _HUES // 256) * _LEVELS**2
        bins += (hsv[..., 1] * _LEVELS // 256) * _LEVELS + hsv[..., 2] * _LEVELS // 256
        edge = len(picture) // 4
        parts = (bins, bins[edge:-edge, edge:-edge])
        count = _HUES * _LEVELS**2
        rows.append(
            np.concatenate(
                [np.sqrt(np.bincount(p.ravel(), minlength=count) / p.size) for p in parts]
            )
        )
    return np.asarray(rows, dtype=np.float32)


def folder_digest(folder: Path) -> str:
    """SHA-256 of the pictures of a folder: it changes when one of them does.

    Raises:
        SourceError: there is no such folder.
    """
    digest = hashlib.sha256()
    for name, path in sorted(picture_files(folder).items()):
        digest.update(name.encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
