"""One spelling of a text: decoded right, composed, without markup, PII masked."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable

import pandas as pd
from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql.types import StringType

_TAG = re.compile(r"<[/!?]?[a-zA-Z-][^<>]*>")
# With the semicolon only: html.unescape alone also turns "&param" into "¶m".
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});")
_JOINERS = "\u200c\u200d"  # meaningful in Persian, Hindi and emoji
_NOT_PLAIN = r"[^\x20-\x7E]|[<&]|  |^ | $"
# UTF-8 read as Windows-1252 or Latin-1: a lead byte's letter, then those of continuation bytes.
_MOJIBAKE = re.compile("[\u00c2-\u00f4][\u0080-\u00bf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]{1,3}")
_ROUNDS = 8  # of nested escapes such as &amp;lt;

_EMAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}")
_CARD = re.compile(r"(?<![\w.])\d(?:[ -]?\d){12,18}(?!\w)")
_ISO_DATE = r"(?!\d{4}-\d{2}-\d{2})"
_PHONE = re.compile(rf"(?<![\w.,-]){_ISO_DATE}(?:\+|\()?\d(?:[ ().-]{{0,3}}\d){{7,14}}(?![\w,])")
_MAY_IDENTIFY = r"@|\d(?:[ ().-]{0,3}\d){7}"


def normalise_text(col: Column) -> Column:
    """NFKC text without tags, entities and control characters, single-spaced; empty is null.

    Rows of plain single-spaced ASCII skip the work: they are not sent to Python's clean-up.
    """
    not_plain = col.rlike(_NOT_PLAIN)
    cleaned = _mapped(normalise, F.when(not_plain, col))
    return F.when(not_plain, cleaned).when(col != F.lit(""), col)


def normalise_query(col: Column) -> Column:
    """A search query as one spelling in lower case, without personal data."""
    return F.lower(redact_text(normalise_text(col)))


def redact_text(col: Column) -> Column:
    """Text whose e-mail addresses, phone and card numbers are [email], [phone] and [card].

    A card number is 13 to 19 digits that pass the Luhn check (ISO/IEC 7812-1); a phone number is
    8 to 15 digits (E.164) that start with + or 0, stand in groups, or are 10 or 11 in a row.
    Numbers of orders, dates and prices stay.
    """
    suspect = col.rlike(_MAY_IDENTIFY)
    return F.when(suspect, _mapped(redact, F.when(suspect, col))).otherwise(col)


def normalise(text: str) -> str:
    """One text, as `normalise_text`; an empty result is ''."""
    text = _MOJIBAKE.sub(_undecoded, text)
    for _ in range(_ROUNDS):
        cleaned = _clean(text)
        if cleaned == text:
            break
        text = cleaned
    return text


def redact(text: str) -> str:
    """One text, as `redact_text`."""
    text = _EMAIL.sub("[email]", text)
    text = _CARD.sub(lambda m: "[card]" if _passes_luhn(m[0]) else m[0], text)
    return _PHONE.sub(lambda m: "[phone]" if _is_phone(m[0]) else m[0], text)


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


def _passes_luhn(number: str) -> bool:
    digits = [int(c) for c in reversed(number) if c.isdigit()]
    doubled = [sum(divmod(2 * d, 10)) for d in digits[1::2]]
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0


def _is_phone(number: str) -> bool:
    digits = sum(c.isdigit() for c in number)
    if number[0] in "+0(":
        return True
    grouped = len(re.findall(r"\d+", number)) >= 3
    return (grouped and digits >= 9) or digits in (10, 11)


def _mapped(function: Callable[[str], str], col: Column) -> Column:
    def mapped(texts: pd.Series) -> pd.Series:
        return texts.map(lambda text: function(text) or None, na_action="ignore")

    return F.pandas_udf(mapped, StringType())(col)  # type: ignore[call-overload]
