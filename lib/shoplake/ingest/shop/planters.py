"""How each kind of dirt changes a row, and where each entity can be dirty."""

from __future__ import annotations

import html
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from shoplake.ingest.shop.files import Row


class Weak(NamedTuple):
    """Where an entity can be dirty: the columns each kind of dirt may hit ("" = none)."""

    key: tuple[str, ...]
    time: str = ""
    required: tuple[str, ...] = ()
    quantity: str = ""
    price: str = ""
    text: str = ""
    sku: str = ""
    kind: str = ""
    conflict: str = ""
    can_be_late: bool = False


WEAK = {
    "events": Weak(("event_id",), "at", ("at", "action"), sku="sku", kind="action",
                   conflict="country", can_be_late=True),
    "orders": Weak(("order_no", "line_no"), "ordered_at", ("sku", "qty", "ordered_at"), "qty",
                   "unit_price", sku="sku", kind="type", conflict="qty"),
    "products": Weak(("sku", "updated_at"), required=("title",), price="price", text="title"),
    "people": Weak(("customer",)),
    "searches": Weak(("search_id",), "at", ("text", "at"), conflict="hits", can_be_late=True),
    "reviews": Weak(("review_id",), "at", ("stars",), text="body", sku="sku", conflict="stars"),
    "messages": Weak(("message_id",), "at", ("body",), text="body"),
    "feedback": Weak(("feedback_id",), "at", ("sku", "at"), sku="sku", kind="action",
                     can_be_late=True),
}  # fmt: skip
_BAD_KINDS = ("viewd?", "unknown", "X", "0")
Planted = tuple[list[Row], str, str] | None
"""The rows to send instead, the name of the dirt and the right outcome; None: not possible here."""


def _change(row: Row, **values: object) -> Row:
    return row._replace(record={**row.record, **values})


def _pick(options: tuple[str, ...], draw: float) -> str:
    return options[int(draw * len(options))]


def _null_required(row: Row, weak: Weak, a: float, b: float) -> Planted:
    if not weak.required:
        return None
    column = _pick(weak.required, a)
    return [_change(row, **{column: None})], f"null_{column}", "quarantined"


def _exact_duplicate(row: Row, weak: Weak, a: float, b: float) -> Planted:
    return [row, row._replace(arrives=row.arrives + (b < 0.3))], "exact_duplicate", "deduplicated"


def _key_duplicate(row: Row, weak: Weak, a: float, b: float) -> Planted:
    if not weak.conflict:
        return None
    value = row.record[weak.conflict]
    other = "NL" if weak.conflict == "country" else int(str(value)) % 5 + 1
    copy = _change(row, **{weak.conflict: str(other) if isinstance(value, str) else other})
    return [row, copy._replace(arrives=row.arrives + (b < 0.3))], "key_duplicate", "deduplicated"


def _late(row: Row, weak: Weak, a: float, b: float) -> Planted:
    if not weak.can_be_late:
        return None
    return [row._replace(arrives=row.arrives + 1 + int(a * 3))], "late", "kept"


def _out_of_order(row: Row, weak: Weak, a: float, b: float) -> Planted:
    if not weak.can_be_late:
        return None
    return [row._replace(early=True)], "out_of_order", "kept"


def _quantity_outlier(row: Row, weak: Weak, a: float, b: float) -> Planted:
    if not weak.quantity or row.record.get("line_type") == "service":
        return None
    quantity = int(str(row.record[weak.quantity])) * int(100 * 10**a)
    return [_change(row, **{weak.quantity: str(quantity)})], "quantity_outlier", "flagged"


def _date_format(row: Row, weak: Weak, a: float, b: float) -> Planted:
    if not weak.time:
        return None
    pattern = _pick(("%d/%m/%Y %H:%M:%S", "%Y-%m-%dT%H:%M:%SZ", "%d %b %Y %H:%M:%S"), a)
    time = datetime.fromisoformat(str(row.record[weak.time])).strftime(pattern)
    return [_change(row, **{weak.time: time})], "date_format", "repaired"


def _bad_date(row: Row, weak: Weak, a: float, b: float) -> Planted:
    if not weak.time:
        return None
    time = _pick(("2026-13-45 99:00:00", "yesterday", "0000-00-00 00:00:00"), a)
    return [_change(row, **{weak.time: time})], "bad_date", "quarantined"


def _text(row: Row, weak: Weak, a: float, b: float) -> Planted:
    if not weak.text:
        return None
    text = str(row.record[weak.text])
    dirt = _pick(("html", "full_width", "control", "mojibake"), a)
    if dirt == "mojibake" and (text.isascii() or "\ufffd" in _TEXTS[dirt](text)):
        dirt = "html"
    return [_change(row, **{weak.text: _TEXTS[dirt](text)})], f"text_{dirt}", "repaired"


def _impossible_price(row: Row, weak: Weak, a: float, b: float) -> Planted:
    if not weak.price or row.record.get("line_type") == "service":
        return None
    dirt = _pick(("negative", "zero", "huge"), a)
    factor = {"negative": -1.0, "zero": 0.0, "huge": 1e6}[dirt]
    price = f"{float(str(row.record[weak.price])) * factor:.2f}"
    return [_change(row, **{weak.price: price})], f"price_{dirt}", "quarantined"


def _id_variant(row: Row, weak: Weak, a: float, b: float) -> Planted:
    sku = str(row.record.get(weak.sku) or "")
    if not sku:
        return None
    variant = _pick((sku.lower(), f" {sku}", f"{sku}  ", f" {sku.title()} "), a)
    return [_change(row, **{weak.sku: variant})], "id_variant", "repaired"


def _bad_kind(row: Row, weak: Weak, a: float, b: float) -> Planted:
    if not weak.kind:
        return None
    return [_change(row, **{weak.kind: _pick(_BAD_KINDS, a)})], "bad_kind", "quarantined"


def _full_width(text: str) -> str:
    first, *rest = text.split(" ")
    wide = "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in first)
    return " ".join((wide, *rest))


_TEXTS: dict[str, Callable[[str], str]] = {
    # What a web form, a Chinese keyboard, a copied document and a twice-encoded export leave.
    "html": lambda text: html.escape(text).replace(" ", "&nbsp;", 1),
    "full_width": _full_width,
    "control": lambda text: text.replace(" ", "\u200b \x07", 1) + "\ufeff",
    "mojibake": lambda text: text.encode().decode("cp1252", "replace"),
}
PLANTERS: dict[str, Callable[[Row, Weak, float, float], Planted]] = {
    "null_required": _null_required,
    "exact_duplicate": _exact_duplicate,
    "key_duplicate": _key_duplicate,
    "late": _late,
    "out_of_order": _out_of_order,
    "quantity_outlier": _quantity_outlier,
    "date_format": _date_format,
    "bad_date": _bad_date,
    "text": _text,
    "impossible_price": _impossible_price,
    "id_variant": _id_variant,
    "bad_kind": _bad_kind,
}
