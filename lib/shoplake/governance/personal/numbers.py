"""Numbers that prove themselves: cards, Chinese identity numbers, IBAN, IP addresses."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from datetime import date

from shoplake.governance.personal.spans import Span

_BEFORE, _AFTER = r"(?<![0-9A-Za-z.])", r"(?![0-9A-Za-z])"
_DIGITS = re.compile(rf"{_BEFORE}\d(?:[ -]?\d){{11,24}}{_AFTER}")
_GROUP = re.compile(r"\d+")
_NATIONAL_ID = re.compile(rf"{_BEFORE}[1-9]\d{{16}}[0-9Xx]{_AFTER}")
_IBAN = re.compile(rf"{_BEFORE}[A-Za-z]{{2}}\d{{2}}(?: ?[0-9A-Za-z]){{11,30}}")
_IPV4 = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w]|\.\d)")
_IPV6 = re.compile(r"(?<![\w:.])[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?![\w:])")
_VERSION = re.compile(
    r"(?:\bv|\bver|version|firmware|release|build|software|driver|section|版本)\W{0,3}(?:is )?$",
    re.I,
)
_ADDRESS_WORD = re.compile(r"\bip\b|address|地址", re.I)
#: A number that a shop gives to a thing, named directly before it.
_LABELLED = re.compile(
    r"(?:order|invoice|tracking|parcel|shipment|reference|ref|item|model|sku|upc|ean|gtin|isbn|asin"
    r"|part|serial|product|订单|单|运单|快递|货|型|商品|编)"
    r"(?: ?(?:number|no|nr|num|id|code|#|号码|号|编号))?\.?(?: is| was|是|为)?[\s:#.：]*$",
    re.I,
)

# Issuer prefixes and lengths as the card schemes publish them (ISO/IEC 7812-1 leaves them open).
_CARDS = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})|(?:5[1-5]|2[2-7])\d{14}|3[47]\d{13}|3(?:0[0-5]|[689]\d)\d{11}"
    r"|(?:6011|64[4-9]\d|65\d\d)\d{12}|35(?:2[89]|[3-8]\d)\d{12}|62\d{14,17}|(?:5018|5020|5038|6304)"
    r"\d{8,15}"
)
# GB/T 2260: the first two digits are the province.
_PROVINCE = re.compile("1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[12]")
_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
# Lengths from the registry of ISO 13616.
_IBAN_LENGTHS = {
    code: int(length)
    for length, codes in {
        "15": "NO", "16": "BE", "18": "DK FI FO GL NL", "19": "MK SI", "20": "AT BA EE KZ LT LU XK",
        "21": "CH HR LI LV", "22": "BG BH CR DE GB GE IE ME RS", "23": "AE GI IL", "24":
        "AD CZ ES MD PK RO SA SE SK TN VG", "25": "PT", "26": "IS TR", "27": "FR GR IT MC SM",
        "28": "AL AZ CY DO GT HU LB PL", "29": "BR EG PS QA UA", "30": "JO KW MU", "31": "MT",
    }.items()
    for code in codes.split()
}  # fmt: skip


def labelled(before: str) -> bool:
    """Whether the text ends in what a shop calls its own numbers: "order no. ", "SKU: "."""
    return bool(_LABELLED.search(before[-24:]))


def cards(text: str) -> Iterator[Span]:
    """Payment cards: 12 to 19 digits of an issuer that pass the Luhn check (ISO/IEC 7812-1)."""
    for match in _DIGITS.finditer(text):
        if labelled(text[: match.start()]):
            continue
        groups = [(m.start(), m.end()) for m in _GROUP.finditer(text, *match.span())]
        for start, end in _runs(groups):
            digits = re.sub(r"\D", "", text[start:end])
            if _CARDS.fullmatch(digits) and passes_luhn(digits):
                yield Span("card", start, end, text[start:end])
                break


def _runs(groups: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Whole groups from i to j, longest first: a card may stand beside its date or a quantity."""
    for size in range(len(groups), 0, -1):
        for first in range(len(groups) - size + 1):
            yield groups[first][0], groups[first + size - 1][1]


def passes_luhn(digits: str) -> bool:
    """The Luhn check of ISO/IEC 7812-1, annex B."""
    values = [int(d) for d in reversed(digits)]
    doubled = [sum(divmod(2 * v, 10)) for v in values[1::2]]
    return (sum(values[::2]) + sum(doubled)) % 10 == 0


def national_ids(text: str) -> Iterator[Span]:
    """Chinese resident identity numbers: province, date of birth and checksum (GB 11643-1999)."""
    for match in _NATIONAL_ID.finditer(text):
        if is_national_id(match[0]):
            yield Span("national_id", *match.span(), match[0])


def is_national_id(number: str) -> bool:
    """Whether 18 characters are a resident identity number; the check is ISO 7064 MOD 11-2."""
    if not _PROVINCE.match(number):
        return False
    try:
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return False
    total = sum(int(d) * w for d, w in zip(number, _ID_WEIGHTS, strict=False))
    return 1880 <= born.year <= 2050 and number[17].upper() == "10X98765432"[total % 11]


def ibans(text: str) -> Iterator[Span]:
    """Bank accounts as IBAN: length of the country and remainder 1 modulo 97 (ISO 13616-1)."""
    for match in _IBAN.finditer(text):
        left = _IBAN_LENGTHS.get(match[0][:2].upper(), 0)
        end = match.start()
        while left and end < match.end():
            left -= text[end] != " "
            end += 1
        rest = text[end : end + 1]
        if not left and end > match.start() and not (rest.isascii() and rest.isalnum()):
            found = text[match.start() : end]
            if is_iban(found):
                yield Span("iban", match.start(), end, found)


def is_iban(value: str) -> bool:
    """The check of ISO 13616-1 on letters and digits; spaces are ignored."""
    code = value.replace(" ", "").upper()
    if len(code) != _IBAN_LENGTHS.get(code[:2], 0) or not code.isalnum():
        return False
    return int("".join(str(int(c, 36)) for c in code[4:] + code[:4])) % 97 == 1


def ips(text: str) -> Iterator[Span]:
    """IP addresses that can tell a line: not of private networks, nor four-part versions."""
    for match in _IPV4.finditer(text):
        before = text[max(0, match.start() - 24) : match.start()]
        octets = [int(n) for n in match[0].split(".")]
        if max(octets) > 255 or _is_local(octets) or _VERSION.search(before):
            continue
        if max(octets) > 31 or _ADDRESS_WORD.search(before):
            yield Span("ip", *match.span(), match[0])
    for match in _IPV6.finditer(text) if text.count(":") > 1 else ():
        groups = [g for g in match[0].split(":") if g]
        if len(groups) < 3 or max(map(len, groups)) < 3:
            continue
        try:
            known = ipaddress.ip_address(match[0])
        except ValueError:
            continue
        if not (known.is_link_local or known.is_loopback):
            yield Span("ip", *match.span(), match[0])


def _is_local(octets: list[int]) -> bool:
    first, second = octets[:2]
    return (
        first in (0, 10, 127, 255)
        or (first, second) in ((192, 168), (169, 254))
        or (first == 172 and 16 <= second <= 31)
    )
