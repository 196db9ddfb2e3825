"""A small shop's mapping, and how to change one thing about it."""

from __future__ import annotations

from pathlib import Path

from shoplake.ingest.mapping import Mapping, load_mapping

LAMPS = """\
shop: lamps
timezone: Europe/London
currency: GBP
files:
  - path: "orders*.csv"
    format: csv
    columns: [No, Item, Qty, Price, At]
    entities:
      orders:
        columns:
          order_id: No
          product_id: Item
          quantity: Qty
          unit_price: Price
          kind: { const: sale }
          line_kind: { const: product }
          ordered_at: { column: At, timestamp: ["yyyy-MM-dd HH:mm"] }
"""


def write(folder: Path, text: str = LAMPS) -> Path:
    path = folder / "lamps.yml"
    path.write_text(text, encoding="utf-8")
    return path


def lamps(folder: Path, *changes: tuple[str, str]) -> Mapping:
    """The mapping with each (old, new) applied to its text."""
    return load_mapping(write(folder, changed(*changes)))


def changed(*changes: tuple[str, str]) -> str:
    text = LAMPS
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return text


def column(how: str) -> tuple[str, str]:
    """The change that maps `product_name` as `how` says."""
    return (
        "          quantity: Qty\n",
        f"          quantity: Qty\n          product_name: {how}\n",
    )
