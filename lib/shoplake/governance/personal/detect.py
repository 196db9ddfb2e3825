"""Personal data in one text: every detector, overlaps settled. Plain Python, no Spark."""

from __future__ import annotations

import re
from collections.abc import Collection

from shoplake.governance.personal.birth import TRIGGERS, birth_dates
from shoplake.governance.personal.contact import emails, phones
from shoplake.governance.personal.names import chinese_names, names
from shoplake.governance.personal.numbers import cards, ibans, ips, national_ids
from shoplake.governance.personal.places import addresses, chinese_addresses
from shoplake.governance.personal.spans import KINDS, Span, settle
from shoplake.governance.personal.words import words

# Cheap looks at a text, so that most texts meet few of the detectors.
_SEVEN_DIGITS = re.compile(r"\d(?:[^\w\n]{0,3}\d){6}")
_LONG_NUMBER = re.compile(r"\d(?:[ -]?\d){11}")
_IBAN = re.compile(r"[A-Za-z]{2}\d{2} ?[0-9A-Za-z]{4}")
_IP = re.compile(r"\d\.\d{1,3}\.\d|[0-9A-Fa-f]:[0-9A-Fa-f:]{2}")
_DIGIT = re.compile(r"\d")
_HAN = re.compile("[\u4e00-\u9fff]")
_MASKED = re.compile(rf"\[(?:{'|'.join(KINDS)})\]")
_CAPITAL = re.compile(r"[A-ZÀ-Þ][^\W\d_]")


#: In every text where `find` finds something, in the syntax of Java and Python: a digit, an @, a
#: Chinese character, a capital within a sentence, a word, or a lone one first or last. For an
#: engine (Spark) that should not hand every text to Python; finer patterns cost it more than that.
SUSPICIOUS = (
    r"[@0-9\u4e00-\u9fff]|[^.!?\s][ \n]+[A-ZÀ-ÞĀ-Ž]|\b(?:Mr|Mrs|Ms|Mx|Dr|Prof)\."
    r"|(?i:\bname\b|\battn\.)|^[A-ZÀ-ÞĀ-Ž][^\s,:.]+ ?(?:,|:|\.\.|-)"
    r"|[.!?)-][ \n]+-?[A-ZÀ-ÞĀ-Ž][^\s,:.]+(?: [A-Z])?[.!]?$"
)


def find(text: str, kinds: Collection[str] = KINDS) -> list[Span]:
    """Personal data in `text`, in order and without overlaps.

    Args:
        text: one text, composed (NFKC), as `refine.text.normalise` leaves it.
        kinds: the kinds looked for, of `spans.KINDS`.

    Returns:
        Spans of kinds `email`, `phone`, `address`, `name`, `birth_date`, `card`, `national_id`,
        `iban` and `ip`.
    """
    found: list[Span] = []
    rest = _MASKED.sub(lambda m: "|" * len(m[0]), text) if "[" in text else text
    # Numbers side by side may be one find at first; what is left of it is looked at again.
    while more := settle(_once(rest)):
        found += more
        for span in more:
            rest = f"{rest[: span.start]}{'|' * (span.end - span.start)}{rest[span.end :]}"
    return sorted((s for s in found if s.kind in kinds), key=lambda s: s.start)


def _once(text: str) -> list[Span]:
    spans: list[Span] = []
    if "@" in text:
        spans += emails(text)
    if _DIGIT.search(text):
        if _SEVEN_DIGITS.search(text):
            spans += phones(text)
        if _LONG_NUMBER.search(text):
            spans += cards(text)
            spans += national_ids(text)
        if _IBAN.search(text):
            spans += ibans(text)
        if _IP.search(text):
            spans += ips(text)
        lower = text.lower()
        if any(trigger in lower for trigger in TRIGGERS):
            spans += birth_dates(text)
        spans += addresses(text)
    if _CAPITAL.search(text) or "name" in text:
        spans += names(text)
    if _HAN.search(text):
        spans += chinese_addresses(text)
        spans += chinese_names(text)
    if words().engine == "presidio":
        from shoplake.governance.personal.presidio import presidio_names

        spans += presidio_names(text)
    return spans


def mask(text: str, kinds: Collection[str] = KINDS) -> str:
    """The text with each find replaced by its kind in brackets: "call [phone]"."""
    spans = find(text, kinds)
    if not spans:
        return text
    parts, at = [], 0
    for span in spans:
        parts += [text[at : span.start], f"[{span.kind}]"]
        at = span.end
    return "".join((*parts, text[at:]))
