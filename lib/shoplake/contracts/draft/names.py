"""What a column's name says: its words, its name in a table, whether it identifies something."""

from __future__ import annotations

import re
from itertools import pairwise

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_A-Za-z]+")
#: The same with digits left where they stand, for names.
_PART = re.compile(r"[A-Z]+(?![a-z])\d*|[A-Z]?[a-z]+\d*|\d+|[^\W\d_A-Za-z]+\d*")
#: Types that some files write behind a name: `item_id:token`, `Class ID (int)`.
_TYPES = {"int", "str", "string", "float", "token", "seq"}
_IDENTIFIES = {
    *("id", "ids", "uid", "uuid", "guid", "key", "code", "no", "nr", "sku", "ean", "upc"),
    *("gtin", "isbn", "asin", "hash", "token", "zip", "postcode", "reference"),
}
_MONEY = {
    *("price", "amount", "cost", "revenue", "sales", "value", "total", "tax", "fee", "discount"),
    *("disc", "markdown", "spend", "budget", "turnover", "preis", "betrag", "prix", "montant"),
}
#: What is counted or measured, so that two rows may well agree in it.
_MEASURED = _MONEY | {
    *("quantity", "qty", "count", "units", "number", "stock", "level", "size", "weight", "length"),
    *("height", "width", "age", "score", "rating", "views", "duration", "minutes", "seconds"),
    *("temperature", "percent", "pct", "rate", "share", "distance", "magnitude", "sold"),
}


def words(name: str) -> list[str]:
    """`InvoiceNo` and `invoice no.` to ["invoice", "no"]."""
    return [w.lower() for w in _WORD.findall(name)]


def column_name(name: str, taken: set[str]) -> str:
    """A name for the table: snake case, a letter first, none twice."""
    made = "_".join(part.lower() for part in _PART.findall(name)) or "column"
    if not re.match(r"[^\W\d]", made):
        made = f"column_{made}"
    unique, n = made, 1
    while unique in taken:
        n += 1
        unique = f"{made}_{n}"
    return unique


def is_identifier(name: str) -> bool:
    """Whether the values stand for things: nothing is computed with them."""
    found = words(name)
    while len(found) > 1 and found[-1] in _TYPES:
        found.pop()
    return bool(found) and (found[-1] in _IDENTIFIES or found[0] in ("id", "uuid", "sku", "asin"))


def is_money(name: str) -> bool:
    """Whether the values are amounts of money."""
    found = words(name)
    together = {a + b for a, b in pairwise(found)}
    return bool(_MONEY & ({*found} | together))


def is_measure(name: str) -> bool:
    """Whether the values are counted or measured."""
    return not is_identifier(name) and bool(_MEASURED & set(words(name)))
