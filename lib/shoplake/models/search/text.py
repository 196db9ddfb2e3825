"""Text to terms: broken letters repaired, numbers and units written one way, words stemmed.

`3/4 in.`, `¾ in.`, `3/4-inch`, `.75"` and `0.75 inches` all become the terms `0.75` and `0.75in`;
`2 in. x 4 in.`, `2x4` and `2 by 4` share the term `2x4`. Two numbers that are no fraction of a
measure, as in `12/2 wire` and `120/240-Volt`, stay two, and a third term holds them together.
Stems: Snowball's English stemmer (Porter, "Snowball: a language for stemming algorithms", 2001).

Chinese is written without spaces: a run of its characters has each character and each neighbouring
two as terms (Nie et al., "On the use of words and n-grams for Chinese information retrieval",
2000).
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

import Stemmer

#: How a degree sign and a dash look after UTF-8 was read as Windows-1252 and saved as Mac Roman.
_BROKEN = (("å¡", "°"), ("è_", "°"), ("Â°", "°"), ("âÂ€Â", "-"), ("â€™", "'"), ("\xa0", " "))

_UNITS = {
    "in": "in inch inches inchs inche ins",
    "ft": "ft foot feet fts",
    "lb": "lb lbs pound pounds",
    "gal": "gal gallon gallons gals",
    "oz": "oz ounce ounces",
    "yd": "yd yds yard yards",
    "v": "v volt volts",
    "w": "w watt watts",
    "a": "amp amps ampere amperes",
    "ga": "gauge ga",
    "btu": "btu btus",
    "mm": "mm millimeter millimeters",
    "cm": "cm centimeter centimeters",
    "m": "m meter meters",
    "qt": "qt quart quarts",
    "pk": "pack packs pk",
    "pc": "piece pieces pc pcs",
    "deg": "° degree degrees deg",
    "sqft": "sqft",
    "cuft": "cuft",
    "light": "light lights",
}
_UNIT = {word: unit for unit, words in _UNITS.items() for word in words.split()}
#: Units that mean nothing without their number.
_BARE = frozenset(
    "in,ft,lb,gal,oz,yd,v,w,a,ga,mm,cm,m,qt,deg,sqft,cuft".split(",")  # noqa: SIM905
)
_STOP = frozenset(
    "a,an,and,at,by,for,from,in,is,it,of,on,or,that,the,this,to,with,w,"  # noqa: SIM905
    "i,me,my,your,some,something,need,want,looking,find,buy".split(",")
)

HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_TOKEN = re.compile(
    rf"(?<![\d/])\d{{1,3}}/\d{{1,3}}(?![\d/])|\d+(?:\.\d+)?|[^\W\d_{HAN}]+|[{HAN}]+|°"
)
#: Letters, digits and marks that Chinese keyboards make as wide as a character.
_NARROW = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}
#: One letter's fraction (½), and the slash of its own that such a fraction is written with.
_VULGAR = re.compile("[\u00bc-\u00be\u2150-\u215e]")
_SLASH = "\u2044"
#: A whole number, if any, and a fraction. Numbers are bounded, so that digits without end are not
#: looked through again from each of them.
_FRACTION = re.compile(
    r"(?:(?<!\d)(\d{1,4})\s*-?\s+|(?<!\d)(\d{1,4})-)?"
    r"(?<![\d./])(\d{1,2})\s*/\s*(\d{1,3})(?![\d/])"
)
#: Denominators of measures; 20 in `15/20-Amp` and 24 in `12/24-Volt` are none.
_DENOMINATORS = frozenset([*range(2, 11), 12, 16, 32, 64, 128])
_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(?<=\d),(?=\d{3}\b)"), ""),  # 20,000
    (re.compile(r"\bsq(?:uare)?\.?[\s-]*(?:ft|feet|foot)\b"), " sqft "),
    (re.compile(r"\bcu(?:bic)?\.?[\s-]*(?:ft|feet|foot)\b"), " cuft "),
    (re.compile(r"(?<=\d)\s*(?:''|\"|”|″)"), " in "),
    (re.compile(r"(?<=\d)\s*(?:'|’|′)(?!\w)"), " ft "),
    (re.compile(r"(?<![\d.])\.(?=\d)"), "0."),
    (re.compile(r"(?<=\d)\s*(?:x|\*|×|by)\s*(?=\.?\d)"), " x "),
)
_stem = Stemmer.Stemmer("english")


def repaired(text: str) -> str:
    """Known encoding damage undone and white space made single."""
    for broken, right in _BROKEN:
        text = text.replace(broken, right)
    return " ".join(text.split())


def words(text: str) -> list[str]:
    """Lower-case words, numbers, runs of Chinese; fractions of measures are decimals."""
    if not text.isascii():
        text = _VULGAR.sub(_spelled_out, text.translate(_NARROW)).replace(_SLASH, "/")
    text = repaired(text).lower()
    text = _FRACTION.sub(_decimal, text)
    for pattern, instead in _RULES:
        text = pattern.sub(instead, text)
    found = _TOKEN.findall(text)
    return [_number(token) if token[0].isdigit() else token for token in found]


@lru_cache(maxsize=200_000)
def stem(word: str) -> str:
    """A word's stem; numbers stay."""
    return word if word[0].isdigit() else str(_stem.stemWord(word))


def terms(tokens: Iterable[str]) -> list[str]:
    """Index terms of `words`: stems, characters and pairs of Chinese, numbers alone and with unit,
    and dimensions joined by x.
    """
    tokens = list(tokens)
    found: list[str] = []
    sides: list[str] = []
    for at, token in enumerate(tokens):
        if is_chinese(token):
            found += grams(token)
            continue
        if not token[0].isdigit():
            measure = at > 0 and tokens[at - 1][0].isdigit() and token in _UNIT
            if token not in _STOP and token != "x" and not (measure and _UNIT[token] in _BARE):
                found.append(stem(token))
            continue
        numbers = _numbers(token)
        found += numbers
        after = tokens[at + 1] if at + 1 < len(tokens) else ""
        unit = _UNIT.get(after)
        if unit:
            found += [number + unit for number in numbers]
            after = tokens[at + 2] if at + 2 < len(tokens) else ""
        if after in _SIDES:  # "W x", as in 36 in. W x 80 in. H
            after = tokens[at + (3 if unit else 2)] if at + 3 < len(tokens) else ""
        sides.append(token)
        if after != "x":
            if len(sides) > 1:
                found.append("x".join(sides[:2]))
                if len(sides) > 2:
                    found.append("x".join(sides))
            sides = []
    return found


_SIDES = frozenset(["w", "h", "l", "d"])


def is_chinese(token: str) -> bool:
    """Whether a token of `words` is a run of Chinese characters."""
    return "\u3400" <= token[0] <= "\u9fff" or "\uf900" <= token[0] <= "\ufaff"


def is_measure(term: str) -> bool:
    """Whether a term is a number, alone or with a unit."""
    return term[0].isdigit()


def grams(run: str) -> list[str]:
    """Each character, and after it the pair that ends with it; the last pair names the thing."""
    found = [run[0]]
    for pair in itertools.pairwise(run):
        found += [pair[1], "".join(pair)]
    return found


def _spelled_out(match: re.Match[str]) -> str:
    """A fraction of one letter as numbers, apart from a whole number before it."""
    return " " + unicodedata.normalize("NFKC", match[0])


def _decimal(match: re.Match[str]) -> str:
    """A fraction of a measure as a decimal; `12/2 wire` has two numbers that belong together."""
    top, bottom = int(match[3]), int(match[4])
    if not (0 < top < bottom and bottom in _DENOMINATORS):
        before = match[0][: match.start(3) - match.start()]
        return f"{before}{match[3]}/{match[4]} "
    return f" {round(int(match[1] or match[2] or 0) + top / bottom, 4)} "


def _numbers(token: str) -> list[str]:
    """The numbers of a token: itself, and before it both of a pair such as `12/2`."""
    return [*token.split("/"), token] if "/" in token else [token]


def _number(token: str) -> str:
    if "/" in token:
        return "/".join(_number(part) for part in token.split("/"))
    whole, _, part = token.partition(".")
    part = part.rstrip("0")
    whole = whole.lstrip("0") or "0"
    return f"{whole}.{part}" if part else whole
