"""Dates of birth: a date is one only where the text says so."""

from __future__ import annotations

import re
from collections.abc import Iterator

from shoplake.governance.personal.spans import Span

_MONTH = (
    r"(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?"
    r"|Sept?(?:ember)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)\.?"
)
_YEAR = r"(?:19|20)\d\d"
_DATE = re.compile(
    rf"(?<!\d)(?:{_YEAR}[-/.]\d\d?[-/.]\d\d?|\d\d?[-/.]\d\d?[-/.](?:{_YEAR}|\d\d)"
    rf"|\d\d?(?:st|nd|rd|th)?(?: of)? {_MONTH},? {_YEAR}|{_MONTH} \d\d?(?:st|nd|rd|th)?,? {_YEAR}"
    rf"|{_YEAR} ?年 ?\d\d? ?月(?: ?\d\d? ?[日号])?)(?!\d)",
    re.I,
)
_BEFORE = re.compile(
    r"(?:\bborn|date of birth|\bd\.?o\.?b\b\.?|birth ?da(?:y|te)|出生(?:日期|年月|于|在)?"
    r"|生日|生于)"
    r"[\s:：,=(-]*(?:is|was|on|the|in|是|为|在)?[\s:：]*$",
    re.I,
)
_AFTER = re.compile(r"\s*(?:出生|生的|生人)")
TRIGGERS = ("born", "birth", "dob", "d.o.b", "出生", "生日", "生于", "生的", "生人")


def birth_dates(text: str) -> Iterator[Span]:
    """Dates that the text calls someone's birth, in English or Chinese."""
    for match in _DATE.finditer(text):
        before = text[max(0, match.start() - 30) : match.start()]
        if _BEFORE.search(before) or _AFTER.match(text, match.end()):
            yield Span("birth_date", *match.span(), match[0])
