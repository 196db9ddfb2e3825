"""Descriptions as rows of gold.product_descriptions, personal data masked in every column."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd

from shoplake.models.descriptions.claims import Claim
from shoplake.models.descriptions.describe import Describer, Description, Writer
from shoplake.models.descriptions.facts import Fact, product_of
from shoplake.models.descriptions.pixels import Pixels, load_picture, picture_files, picture_of
from shoplake.models.descriptions.private import masked, masked_value
from shoplake.models.descriptions.settings import DescriptionConfig
from shoplake.models.descriptions.sights import drawn_picture, read_pictures

DRAWN = "drawn"


def described(
    catalogue: pd.DataFrame,
    config: DescriptionConfig,
    images: Path | None,
    as_of: datetime,
    hub: Writer | None = None,
    *,
    shop: str = "",
) -> list[tuple[Any, ...]]:
    """Rows of the table for a catalogue.

    Args:
        catalogue: product_id, name, category, brand, description and attributes (JSON).
        config: conf/models/descriptions.yml.
        images: folder of <product_id>.png or .jpg; None: the built-in shop's are drawn, and other
            shops' products have none.
        as_of: of the rows.
        hub: writes instead of the embedded decoder.
        shop: whose folder of images it is.

    Raises:
        SourceError: there is no such folder.
        ModelError: the picture encoder's weights are missing.
    """
    records = catalogue.sort_values("product_id").astype(object)
    records = records.where(records.notna(), None)
    products = [product_of(row, config.roles) for row in records.to_dict("records")]
    files = picture_files(images) if images else {}
    pictures: dict[str, Pixels] = {}
    names: dict[str, str] = {}
    for product in products:
        path = picture_of(files, product.product_id, shop)
        drawn = images is None and product.product_id.startswith("builtin:")
        if path is not None:
            found, name = load_picture(path, config.pixels), path.name
        else:
            found, name = (drawn_picture(product, config.pixels) if drawn else None), DRAWN
        if found is not None:
            pictures[product.product_id], names[product.product_id] = found, name
    read, labels = read_pictures(products, pictures, config, drawn=images is None)
    made = Describer(config, products, labels, hub).describe(products, read, pictures)
    return list(rows(made, names, as_of))


def rows(
    made: Sequence[Description], pictures: Mapping[str, str], as_of: datetime
) -> Iterator[tuple[Any, ...]]:
    """Descriptions in the order of the table's columns.

    Args:
        made: of `describe.Describer`.
        pictures: product id -> the name of its picture.
        as_of: of the rows.
    """
    for d in made:
        yield (
            d.product_id,
            as_of,
            d.language,
            _masked(d.text, d) or None,
            _json([_claim(claim, d) for claim in d.claims]),
            _json([_fact(fact, d) for fact in d.known.facts]),
            _json([_masked(left, d) for left in d.left_out]),
            pictures.get(d.product_id),
            d.writer,
            d.model_version,
            _masked(d.prompt, d),
            _json([_masked(refusal, d) for refusal in d.refusals]),
            d.inputs,
            _masked("; ".join(d.held), d) or None,
        )


def _claim(claim: Claim, description: Description) -> dict[str, str | None]:
    kind, said = _masked(claim.kind, description), claim.evidence
    found = said and _masked(said, description)
    return {"words": _masked(claim.words, description), "kind": kind, "evidence": found}


def _fact(fact: Fact, description: Description) -> dict[str, str | float]:
    names = _private(description)
    value = masked_value(fact.attribute, fact.value, description.known, names=names)
    return {
        "attribute": _masked(fact.attribute, description),
        "value": value,
        "source": fact.source,
        "confidence": fact.confidence,
    }


def _masked(text: str, description: Description) -> str:
    return masked(text, description.known, names=_private(description))


def _private(description: Description) -> bool:
    """Whether a row is held for personal data: names of its columns may be people's then."""
    return any(claim.kind == "personal" for claim in description.claims)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
