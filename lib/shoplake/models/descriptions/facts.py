"""What is known of a product and from where: columns, its own short text, its picture."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from shoplake.models.descriptions.hostile import cleaned
from shoplake.models.descriptions.language import words

Source = Literal["attribute", "name", "text", "picture"]
_PACK = re.compile(r"[-–,(]?\s*\b(?:set|pack|box) of (\d+)\b\)?", re.IGNORECASE)
_KIND_WORDS = 8
_MOST_FACTS = 12


@dataclass(frozen=True)
class Fact:
    """One attribute of a product.

    Attributes:
        attribute: colour, material, kind, ...
        value: as the source says it, cleaned.
        source: column, the product's name, its own text, or its picture.
        confidence: calibrated probability of a picture's value; else 1.
    """

    attribute: str
    value: str
    source: Source
    confidence: float = 1.0


@dataclass(frozen=True)
class Product:
    """A product as the catalogue has it; what nobody says is empty."""

    product_id: str
    name: str
    category: str = ""
    brand: str = ""
    text: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Known:
    """What may be said of a product.

    Attributes:
        facts: in the order in which they matter.
        text: the product's own text, cleaned: evidence too.
        refused: what was not used and why ("name: reads like an instruction").
        picture: attribute -> (value, probability), everything that was read of the picture.
    """

    facts: tuple[Fact, ...]
    text: str
    refused: tuple[str, ...] = ()
    picture: Mapping[str, tuple[str, float]] = field(default_factory=dict)

    def value(self, attribute: str) -> str:
        """The value of an attribute; "" without."""
        return next((f.value for f in self.facts if f.attribute == attribute), "")


def product_of(row: Mapping[str, Any], roles: Mapping[str, Mapping[str, str]]) -> Product:
    """A row of silver.products; attributes that are no JSON object count as none.

    Args:
        row: product_id, name, category, brand, description, attributes.
        roles: category -> attribute -> what it means there.
    """
    try:
        said = json.loads(row.get("attributes") or "{}")
    except (json.JSONDecodeError, TypeError):
        said = {}
    renamed = roles.get(row.get("category") or "", {})
    attributes = {
        renamed.get(key, key): str(value)
        for key, value in (said.items() if isinstance(said, dict) else ())
        if isinstance(value, str | int | float) and not isinstance(value, bool) and str(value)
    }
    texts = {k: row.get(k) or "" for k in ("category", "brand", "description")}
    return Product(
        str(row["product_id"]),
        row.get("name") or "",
        texts["category"],
        texts["brand"],
        texts["description"],
        attributes,
    )


def vocabulary(products: Iterable[Product]) -> dict[str, frozenset[str]]:
    """Attribute -> the values that at least two products have; numbers are left out."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for product in products:
        for attribute, value in product.attributes.items():
            if not value.replace(".", "").isdigit():
                counts[attribute][value] += 1
    return {a: frozenset(v for v, n in c.items() if n > 1) for a, c in counts.items()}


def kind_of(name: str, values: Sequence[str]) -> str:
    """What a name says a product is, without the values that have attributes of their own.

    "Sage Green Nordic Ceramic Mug – Set of 4" with those values is a "mug".
    """
    left = _PACK.sub(" ", name).lower()
    for value in sorted(values, key=len, reverse=True):
        left = re.sub(rf"\b{re.escape(value.lower())}\b", " ", left)
    found = re.sub(r"\s+", " ", left).strip(" -–,.()")
    return " ".join(found.split()[:_KIND_WORDS])


def gather(
    product: Product,
    known: Mapping[str, frozenset[str]],
    picture: Mapping[str, tuple[str, float]],
    *,
    confidence: float,
) -> Known:
    """The facts of a product; a column goes before its text, and both before its picture.

    Args:
        product: hostile parts are left out, and named in `refused`.
        known: values of the catalogue by attribute, looked for in the product's text.
        picture: attribute -> (value, calibrated probability).
        confidence: least probability at which a picture is evidence.
    """
    refused: list[str] = []

    def take(what: str, value: str) -> str:
        clean, why = cleaned(value)
        if why:
            refused.append(f"{what}: {why}")
        return clean

    name, text = take("name", product.name), take("text", product.text)
    facts: dict[str, Fact] = {}
    for attribute, value in list(product.attributes.items())[:_MOST_FACTS]:
        label, clean = take("attribute", attribute), take(attribute[:40], value)
        if label and clean and not (attribute == "pack" and clean == "1"):
            facts[attribute] = Fact(label.lower(), clean, "attribute")
    for attribute, value in (("brand", product.brand), ("category", product.category)):
        if attribute not in facts and (clean := take(attribute, value)):
            facts[attribute] = Fact(attribute, clean, "attribute")
    if "pack" not in product.attributes and (pack := _PACK.search(name)):
        facts["pack"] = Fact("pack", pack[1], "name")
    for source, said in (("name", name), ("text", text)):
        left = _without(said, [f.value for f in facts.values()])
        for attribute, value in _found(left, known, {*facts, *product.attributes}).items():
            facts[attribute] = Fact(attribute, value, source)  # type: ignore[arg-type]
    if "kind" not in facts and (
        kind := kind_of(name, [f.value for k, f in facts.items() if k != "category"])
    ):
        facts["kind"] = Fact("kind", kind, "name")
    for attribute, (value, probability) in picture.items():
        if attribute not in facts and probability >= confidence:
            facts[attribute] = Fact(attribute, value, "picture", probability)
    first = ("kind", "colour", "material", "scent", "flavour", "style", "pack", "brand")
    order = {a: i for i, a in enumerate(first)}
    found = sorted(facts.values(), key=lambda f: (order.get(f.attribute, 99), f.attribute))
    return Known(tuple(found), text, tuple(refused), dict(picture))


def conflicts(
    known: Known, labels: Mapping[str, frozenset[str]], *, probability: float
) -> tuple[str, ...]:
    """Where the picture surely shows another value than a column says.

    Args:
        known: of a product.
        labels: attribute -> values that the reader of pictures can tell apart.
        probability: from which on it is sure.
    """
    found = []
    for fact in known.facts:
        seen, sure = known.picture.get(fact.attribute, ("", 0.0))
        comparable = fact.value.lower() in labels.get(fact.attribute, frozenset())
        other = fact.source == "attribute" and comparable and seen != fact.value.lower()
        if other and probability < 1 and sure >= probability:
            found.append(f"picture: {fact.attribute} looks like '{seen}', not '{fact.value}'")
    return tuple(found)


def _found(text: str, known: Mapping[str, frozenset[str]], have: Collection[str]) -> dict[str, str]:
    """The value of each attribute that a text says, where it says one and only one may be meant."""
    said: dict[str, list[str]] = defaultdict(list)
    for attribute, values in known.items():
        for value in values:
            if _in(value, text):
                said[value].append(attribute)
    longest = [v for v in said if not any(v != other and _in(v, other) for other in said)]
    found: dict[str, list[str]] = defaultdict(list)
    for value in longest:
        if len(said[value]) == 1:
            found[said[value][0]].append(value)
    return {a: v[0] for a, v in found.items() if len(v) == 1 and a not in have}


def _without(text: str, values: Sequence[str]) -> str:
    for value in sorted(values, key=len, reverse=True):
        text = re.sub(rf"\b{re.escape(value)}\b", " | ", text, flags=re.IGNORECASE)
    return text


def _in(value: str, text: str) -> bool:
    wanted, have = words(value), words(text)
    return bool(wanted) and any(
        have[i : i + len(wanted)] == wanted for i in range(len(have) - len(wanted) + 1)
    )
