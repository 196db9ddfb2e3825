"""How a person is reached: e-mail addresses and telephone numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator

from shoplake.governance.personal.numbers import labelled
from shoplake.governance.personal.spans import Span

# Letters of Latin scripts, not \w: in "邮箱是li@x.cn" the address starts at "li".
_WORD = "0-9A-Za-z\u00c0-\u024f"
_EMAIL = re.compile(
    rf"[{_WORD}][{_WORD}._%+'-]{{0,63}}@[{_WORD}](?:[{_WORD}-]{{0,62}}\.){{1,5}}"
    rf"(?:[A-Za-z]{{2,24}}|xn--[0-9a-z-]{{2,40}})(?![0-9A-Za-z])"
)
_NUMBER = re.compile(
    r"(?<![0-9A-Za-z.,/#_@+=-])(?!\d{4}-\d\d?-\d\d?(?!\d))(?!\d\d?[-.]\d\d?[-.]\d{4}(?!\d))(?!0\.\d)"
    r"(?:\+|00)?\(?\d(?:(?:\.|\)? ?-? ?\(?)\d){6,14}(?![0-9A-Za-z])(?!-\d|\.\d|,\d)"
)
_US = re.compile(r"(?:\+?1[-. ]?)?(?:\([2-9]\d\d\) ?|[2-9]\d\d[-. ])[2-9]\d\d[-. ]\d{4}")
_CHINESE = re.compile(r"(?:86[- ]?)?1[3-9]\d(?:[- ]?\d{4}){2}")
_FORM = f"(?:{_US.pattern}|{_CHINESE.pattern})"
#: Numbers of those forms after each other, which are no longer one.
_SEVERAL = re.compile(
    rf"(?<![0-9A-Za-z.,/#_@+=-]){_FORM}(?:[ ;/]{{1,3}}{_FORM})+(?![0-9A-Za-z])(?!-\d|\.\d|,\d)"
)
_EACH = re.compile(_FORM)
_TOLL_FREE = re.compile(
    r"[+(]*1?[-. (]*8(?:00|88|77|66|55|44|33)\b|(?:800|400)[- ]?\d{3}[- ]?\d{4}$"
)
_CUE = re.compile(
    r"(?:phone|\btel\b|mobile|\bmob\b|\bcell\b"
    r"|\b(?:call|text|ring|reach|contact)(?:ed|ing)?\b(?! for)|whatsapp|\bfax"
    r"|my number is|电话|手机|号码|微信|联系|致电|打)[^.!?。！？]{0,20}$",
    re.I,
)


def emails(text: str) -> Iterator[Span]:
    """E-mail addresses, without the quoted and the bracketed forms of RFC 5322."""
    for match in _EMAIL.finditer(text):
        yield Span("email", *match.span(), match[0])


def phones(text: str) -> Iterator[Span]:
    """Telephone numbers of people, 8 to 15 digits (ITU-T E.164).

    With a country code or a trunk 0; of the United States in their groups, Chinese mobile numbers;
    others where the text says so before. Numbers of orders, dates, prices and bar codes stay, and
    so do toll-free numbers, which are a firm's.
    """
    several = [m.span() for m in _SEVERAL.finditer(text)]
    for start, end in several:
        if not labelled(text[max(0, start - 40) : start]):
            for match in _EACH.finditer(text, start, end):
                if not _TOLL_FREE.match(match[0]):
                    yield Span("phone", *match.span(), match[0])
    for match in _NUMBER.finditer(text):
        found = match[0]
        if any(match.start() < end and start < match.end() for start, end in several):
            continue
        before = text[max(0, match.start() - 40) : match.start()]
        if labelled(before) and found[0] != "+":
            continue
        if _is_phone(found, before):
            yield Span("phone", *match.span(), found)


def _is_phone(number: str, before: str) -> bool:
    digits = "".join(c for c in number if c.isdigit())
    if _TOLL_FREE.match(number):
        return False
    if number[0] == "+":
        return 8 <= len(digits) <= 15 and digits[0] != "0"
    if _US.fullmatch(number) or _CHINESE.fullmatch(number):
        return True
    parts = len(re.findall(r"\d+", number))
    if digits.startswith("00"):
        return 11 <= len(digits) <= 15 and digits[2] != "0"
    cued = bool(_CUE.search(before))
    if digits[0] == "0":
        if parts == 1 and len(digits) == 11:  # a part number, unless of a British area
            return digits[1] in "1237" or cued
        return len(digits) in (10, 11) or (len(digits) in (9, 12) and parts > 1)
    return cued and (len(digits) >= 10 or (parts > 1 and len(digits) >= 7))
