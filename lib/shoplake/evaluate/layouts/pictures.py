"""Pictures with classes and written descriptions, in the layout of the Grocery Store dataset."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from shoplake.evaluate.findings import UNREADABLE, required
from shoplake.evaluate.metrics import EvaluationError
from shoplake.models.descriptions.facts import Product
from shoplake.models.descriptions.pixels import Pixels, load_picture

_NAME, _ID, _COARSE, _ICON, _TEXT = (
    "Class Name (str)",
    "Class ID (int)",
    "Coarse Class Name (str)",
    "Iconic Image Path (str)",
    "Product Description Path (str)",
)


@dataclass(frozen=True)
class Described:
    """A class: a product as a shop would list it, and what a person wrote about it."""

    product: Product
    written: str
    picture: Pixels | None


@dataclass(frozen=True)
class Photos:
    """Photos in the order of their lists, which is the order in which they were taken.

    Attributes:
        pictures: [n] of equal size.
        names: class of each.
        coarse: coarse class of each.
        missing: photos that are listed and cannot be read.
    """

    pictures: list[Pixels]
    names: list[str]
    coarse: list[str]
    missing: int

    def part(self, rows: NDArray[np.int64]) -> Photos:
        """Some of them."""
        return Photos(
            [self.pictures[i] for i in rows],
            [self.names[i] for i in rows],
            [self.coarse[i] for i in rows],
            self.missing,
        )


def load_classes(folder: Path, size: int) -> list[Described]:
    """The classes that have a written description.

    Args:
        folder: with classes.csv.
        size: side of the pictures.

    Raises:
        EvaluationError: classes.csv is missing, or has none of its columns.
    """
    (path,) = required(folder, "classes.csv")
    table = _table(path)
    lost = [c for c in (_NAME, _ID, _COARSE, _ICON, _TEXT) if c not in table.columns]
    if lost:
        raise EvaluationError(
            f"no column {', '.join(lost)}",
            where=f"{path} (it has {', '.join(table.columns)})",
            remedy="this task reads the layout of the Grocery Store dataset",
        )
    found = []
    for name, coarse, icon, text in table[[_NAME, _COARSE, _ICON, _TEXT]].itertuples(index=False):
        file = folder / str(text).lstrip("/")
        if not file.is_file():
            continue
        written = re.sub(r"\s+", " ", file.read_text(encoding="utf-8", errors="replace")).strip()
        about = _information(file.with_name(file.name.replace("_Description", "_Information")))
        brand = about.pop("brand", "")
        product = Product(
            f"grocery:{name}", readable(name), readable(coarse), brand, attributes=about
        )
        picture = load_picture(folder / str(icon).lstrip("/"), size)
        found.append(Described(product, written, picture))
    return found


def load_photos(folder: Path, size: int) -> Photos:
    """The photos of every list (train.txt, test.txt, ...) of the folder.

    Raises:
        EvaluationError: there is no list, or none of its photos can be read.
    """
    (path,) = required(folder, "classes.csv")
    table = _table(path).set_index(_ID)
    pictures, names, coarse, missing = [], [], [], 0
    for listed in sorted(folder.glob("*.txt")):
        for line in listed.read_text(encoding="utf-8").splitlines():
            parts = [part.strip() for part in line.split(",")]
            if len(parts) < 2 or parts[1] not in table.index:
                continue
            picture = load_picture(folder / parts[0], size)
            if picture is None:
                missing += 1
                continue
            pictures.append(picture)
            names.append(str(table.loc[parts[1], _NAME]))
            coarse.append(str(table.loc[parts[1], _COARSE]))
    if not pictures:
        raise EvaluationError(
            "no photo of a list can be read",
            where=str(folder),
            remedy="lists are .txt files with lines of 'path, class id, coarse class id'",
        )
    return Photos(pictures, names, coarse, missing)


def _table(path: Path) -> pd.DataFrame:
    try:
        return pd.read_csv(path, dtype=str)
    except UNREADABLE as error:
        raise EvaluationError(f"cannot be read: {error}", where=str(path)) from None


def readable(name: str) -> str:
    """A class's name as words: "Granny-Smith" is "Granny Smith"."""
    return name.replace("-", " ").strip()


def _information(path: Path) -> dict[str, str]:
    """Brand, country and volume of a product's information; its description is not read."""
    found: dict[str, str] = {}
    if not path.is_file():
        return found
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        label, _, said = line.partition(":")
        label = label.strip().lower()
        parts = [part.strip() for part in said.split(",") if part.strip()]
        sizes = [part for part in parts if any(c.isdigit() for c in part)]
        names = [part for part in parts if part not in sizes]
        if label.startswith(("manufacturer", "country", "volume")) and sizes:
            found.setdefault("volume", sizes[0])
        if label.startswith(("country", "manufacturing country")) and names:
            found.setdefault("country", names[0])
        if label.startswith("manufacturer") and names:
            found.setdefault("brand", names[0])
    return found
