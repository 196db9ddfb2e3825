"""One spelling of a text: decoded right, composed, without markup, PII masked."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable, Sequence
from functools import partial

import pandas as pd
from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql.types import StringType

from shoplake.governance.personal import KINDS, mask
from shoplake.governance.personal.detect import SUSPICIOUS

_TAG = re.compile(r"<[/!?]?[a-zA-Z-][^<>]*>")
# With the semicolon only: html.unescape alone also turns "&param" into "¶m".
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});")
_JOINERS = "\u200c\u200d"  # meaningful in Persian, Hindi and emoji
_NOT_PLAIN = r"[^\x20-\x7E]|[<&]|  |^ | $"
# UTF-8 read as Windows-1252 or Latin-1: a lead byte's letter, then those of continuation bytes.
_MOJIBAKE = re.compile("[\u00c2-\u00f4][\u0080-\u00bf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]{1,3}")
_ROUNDS = 8  # of nested escapes such as &amp;lt;

#: What is masked in a search query: names in it are mostly products' ("jane magnolia tree").
QUERY_KINDS = tuple(kind for kind in KINDS if kind != "name")


def normalise_text(col: Column) -> Column:
    """NFKC text without tags, entities and control characters, single-spaced; empty is null.

    Rows of plain single-spaced ASCII skip the work: they are not sent to Python's clean-up.
    """
    not_plain = col.rlike(_NOT_PLAIN)
    cleaned = _mapped(normalise, F.when(not_plain, col))
    return F.when(not_plain, cleaned).when(col != F.lit(""), col)


def normalise_query(col: Column) -> Column:
    """A search query as one spelling in lower case, without personal data (names stay)."""
    return F.lower(redact_text(normalise_text(col), QUERY_KINDS))


def redact_text(col: Column, kinds: Sequence[str] = KINDS) -> Column:
    """Text whose personal data is masked by its kind: "call [phone]", as `personal.mask`.

    Rows that nothing in hints at personal data are not sent to Python.
    """
    suspect = F.when(col.rlike(SUSPICIOUS), col)
    return F.coalesce(_mapped(partial(mask, kinds=tuple(kinds)), suspect), col)


def normalise(text: str) -> str:
    """One text, as `normalise_text`; an empty result is ''."""
    text = _MOJIBAKE.sub(_undecoded, text)
    for _ in range(_ROUNDS):
        cleaned = _clean(text)
        if cleaned == text:
            break
        text = cleaned
    return text


def _clean(text: str) -> str:
    text = unicodedata.normalize("NFKC", text)
    text = _TAG.sub(" ", text)
    text = _ENTITY.sub(lambda m: html.unescape(m[0]), text)
    kept = [c if c.isprintable() else _unprintable(c) for c in text]
    return " ".join("".join(kept).split())


def _undecoded(match: re.Match[str]) -> str:
    for wrong in ("cp1252", "latin-1"):
        try:
            return match[0].encode(wrong).decode("utf-8")
        except UnicodeError:
            continue
    return match[0]


def _unprintable(char: str) -> str:
    if char.isspace():
        return " "
    return "" if unicodedata.category(char) in ("Cc", "Cf") and char not in _JOINERS else char


def _mapped(function: Callable[[str], str], col: Column) -> Column:
    def mapped(texts: pd.Series) -> pd.Series:
        return texts.map(lambda text: function(text) or None, na_action="ignore")

    return F.pandas_udf(mapped, StringType())(col)  # type: ignore[call-overload]
