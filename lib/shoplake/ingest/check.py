"""`shoplake check SHOP`: everything about a shop's mapping that is wrong, without Spark."""

from __future__ import annotations

from pathlib import Path

from shoplake.contracts.clauses import Problem
from shoplake.ingest.mapping import check_mapping, load_mapping
from shoplake.ingest.mapping_model import EntityMapping, Mapping
from shoplake.ingest.yaml_clauses import nearest
from shoplake.runtime.settings import conf_dir


def mapping_path(shop: str, conf_dir: Path) -> Path:
    """`conf/sources/<shop>.yml`, or the file that `shop` names by its path."""
    return Path(shop) if shop.endswith((".yml", ".yaml")) else conf_dir / "sources" / f"{shop}.yml"


def shop_mapping(shop: str) -> Mapping:
    """The mapping of a shop of `conf/sources`, or of the file that `shop` names.

    Raises:
        MappingError: there is none, or it is not sound.
    """
    return load_mapping(mapping_path(shop, conf_dir()))


def check_shop(shop: str, folder: Path) -> list[Problem]:
    """Every problem of a shop's mapping file, by line; [] when it is sound.

    Args:
        shop: a shop's name, or the path of a mapping file.
        folder: the one that holds `sources`.
    """
    path = mapping_path(shop, folder)
    if not path.is_file() and path.parent == folder / "sources":
        known = sorted(p.stem for p in path.parent.glob("*.yml"))
        return [
            Problem(str(path), 1, "(file)", f"there is no shop '{shop}'; {nearest(shop, known)}")
        ]
    return check_mapping(path)


def hints(mapping: Mapping) -> list[Problem]:
    """What is sound, and yet seldom meant."""
    return [
        Problem(
            mapping.source,
            file.entity("orders").line,
            "entities.orders",
            "no line_id: two lines of an order that say the same at one time count as one sent"
            " twice; map the number of the line where the shop has one",
        )
        for file in mapping.files
        if any(e.entity == "orders" and not _fills(e, "line_id") for e in file.entities)
    ]


def _fills(entity: EntityMapping, column: str) -> bool:
    return any(c.name == column for c in entity.columns)
