"""Postal addresses: house number and street, postcode; English, German, French, Chinese."""

from __future__ import annotations

import re
from collections.abc import Iterator

from shoplake.governance.personal.spans import Span

_CAP = r"[A-ZÀ-Þ][\w'’-]*"
# Types that are hardly ever anything else, and those that are also words of a title.
_SURE = (
    "Street|Road|Rd|Lane|Avenue|Ave|Boulevard|Blvd|Crescent|Terrace|Mews|Parkway|Pkwy|Highway|Hwy"
)
_ALSO_WORDS = (
    "St|Ln|Drive|Dr|Close|Court|Ct|Way|Place|Pl|Square|Sq|Gardens|Gdns|Hill|Grove|Park|Row|Walk"
    "|Circle|Cir|Trail|Trl|Quay|Wharf|Green|View|Rise|Parade|Vale|Croft|Broadway|Alley"
)
# Areas of Royal Mail's postcodes, and the form of BS 7666.
_AREAS = (
    "AB|AL|B|BA|BB|BD|BH|BL|BN|BR|BS|BT|CA|CB|CF|CH|CM|CO|CR|CT|CV|CW|DA|DD|DE|DG|DH|DL|DN|DT|DY|E"
    "|EC|EH|EN|EX|FK|FY|G|GL|GU|GY|HA|HD|HG|HP|HR|HS|HU|HX|IG|IM|IP|IV|JE|KA|KT|KW|KY|L|LA|LD|LE|LL"
    "|LN|LS|LU|M|ME|MK|ML|N|NE|NG|NN|NP|NR|NW|OL|OX|PA|PE|PH|PL|PO|PR|RG|RH|RM|S|SA|SE|SG|SK|SL|SM"
    "|SN|SO|SP|SR|SS|ST|SW|SY|TA|TD|TF|TN|TQ|TR|TS|TW|UB|W|WA|WC|WD|WF|WN|WR|WS|WV|YO|ZE"
)
_UK = rf"(?:{_AREAS})\d[0-9A-Z]? \d[ABD-HJLNP-UW-Z]{{2}}"
_UNITS = ("GB", "TB", "LB", "FT", "PT", "HP", "DB", "ED", "PS")  # "M4 8GB" is a screw and a memory
_EIRCODE = r"[AC-FHKNPRTV-Y]\d[0-9W] [0-9AC-FHKNPRTV-Y]{4}"
_STATES = (
    "AL|AK|AZ|AR|CA|CO|CT|DE|FL|GA|HI|ID|IL|IN|IA|KS|KY|LA|ME|MD|MA|MI|MN|MS|MO|MT|NE|NV|NH|NJ|NM|NY"
    "|NC|ND|OH|OK|OR|PA|RI|SC|SD|TN|TX|UT|VT|VA|WA|WV|WI|WY|DC|PR"
)
_US = rf"(?:{_STATES}) \d{{5}}(?:-\d{{4}})?"
_CODE = rf"(?:{_UK}|{_US}|{_EIRCODE})"
_TOWNS = rf"(?:,? {_CAP}(?: {_CAP}){{0,2}})"
_TAIL = (
    rf"(?:,? (?:Flat|Apt|Apartment|Unit|Suite|#)\.? ?\w{{1,4}})?"
    rf"(?:{_TOWNS}{{0,2}},? {_CODE}|, \d{{4,5}} {_CAP}(?: {_CAP}){{0,2}}|, {_CAP}(?: {_CAP}){{0,2}}"
    rf"(?=[.,;!?)]|$))?"
)
_STREET = re.compile(
    rf"(?:(?:Flat|Apt|Apartment|Unit|Suite)\.? ?\w{{1,4}},? )?(?<![\w.,/$£€-])(?<!/ )"
    rf"\d{{1,5}}[A-Za-z]?(?:[-/]\d{{1,4}})?,? (?:(?:{_CAP}\.?|of|the|\d+(?:st|nd|rd|th)) ){{1,3}}"
    rf"(?:(?P<sure>{_SURE})|(?:{_ALSO_WORDS}))\b\.?(?P<tail>{_TAIL})"
)
_CUE = re.compile(
    r"(?:address|live[sd]? (?:at|in|on)|lives|moved|deliver|ship|send|post|parcel|resid\w+ at|house"
    r"|home)\b[^.!?]{0,40}$",
    re.I,
)
_LOWER = re.compile(
    r"(?<![\w.,/$£€-])\d{1,5}[a-z]?,? (?:[a-z'’]+ ){1,3}(?:street|road|rd|lane|avenue|ave|close"
    rf"|drive|crescent|terrace|court|way|st)\b(?P<tail>(?:,? [a-z]+){{0,2}},? {_UK})?",
    re.I,
)
_POSTCODE = re.compile(rf"(?<![0-9A-Za-z-]){_UK}(?![0-9A-Za-z-])")
_CITY_ZIP = re.compile(rf"(?<![\w]){_CAP}(?: {_CAP}){{0,2}},? {_US}(?!\w)")
_BOX = re.compile(r"\bP\.? ?O\.? Box \d{1,6}\b", re.I)
_GERMAN = re.compile(
    r"[A-ZÄÖÜ][\w-]*(?:straße|strasse|str\.|weg|platz|allee|gasse) \d{1,4} ?[a-z]?\b"
    rf"(?:, ?\d{{5}} {_CAP}(?: {_CAP})?)?"
)
_FRENCH = re.compile(
    r"(?<![\w.,])\d{1,4}(?: ?(?:bis|ter))?,? (?:rue|avenue|boulevard|place|chemin|impasse|allée"
    rf"|quai) (?:(?:de|du|des|la|le|les) |l['’]|d['’]){{0,2}}{_CAP}"
    rf"(?:[ -](?:de |la )?{_CAP}){{0,3}}(?:, ?\d{{5}} {_CAP}(?: {_CAP})?)?"
)
#: Slow patterns, and what is cheap to look for first.
_HAS_INWARD = re.compile(r"\d [0-9][A-Z]{2}|[A-Z] [0-9][A-Z]{2}")
_OTHERS = (
    (_CITY_ZIP, re.compile(r" [A-Z]{2} \d{5}")),
    (_BOX, re.compile(r"[Oo]\.? ?[Bb][Oo][Xx] \d")),
    (_GERMAN, re.compile(r"(?:[sz]e|[gezt]|\.) \d")),
    (_FRENCH, re.compile(r"\d,? ?\w* (?:[rabpciq])")),
)
_HAN = "\u4e00-\u9fff"
_CHINESE = re.compile(
    rf"(?:[{_HAN}]{{2,10}}(?:省|自治区|市|州))?(?:[{_HAN}]{{1,8}}?(?:市|区|县|旗))?"
    rf"(?:[{_HAN}]{{1,6}}?(?:镇|乡|街道))?[{_HAN}\d]{{1,10}}(?:路|街|大道|道|巷|弄|胡同|村)"
    r" ?(?:\d{1,5} ?[号弄](?!线)院?)"
    r"(?:[\u4e00-\u9fffA-Za-z0-9 -]{0,10}?(?:号楼|室|楼|层|栋|单元|幢|座))*(?:\d{1,5}(?!\d))?"
)
_START = re.compile(
    "北京|上海|天津|重庆|河北|山西|辽宁|吉林|黑龙江|江苏|浙江|安徽|福建|江西|山东|河南|湖北|湖南|广东|海南"
    "|四川|贵州|云南|陕西|甘肃|青海|台湾|内蒙古|广西|西藏|宁夏|新疆|香港|澳门"
)
_LEAD = re.compile(
    rf"^[{_HAN}]*(?:地址|寄到|送到|发到|寄往|送往|改成|改为|改到|住在|位于|拿去|后面|远处|附近|还有|到|在|是|为|去|从)"
)
_CITY = re.compile(
    rf"[{_HAN}]{{2}}市|(?:哈尔滨|石家庄|张家港|秦皇岛|连云港|马鞍山|景德镇|牡丹江|佳木斯)市"
)
_ROAD = re.compile(rf"[{_HAN}\d]{{2,4}}(?:路|街|大道|道|巷|弄|胡同|村) ?\d")


def addresses(text: str) -> Iterator[Span]:
    """Places where a person can be found: street and number, with the town and code behind it.

    A street type that is also a word of titles ("3 Piece Oak Park") needs a town or code behind it
    or a word such as "address" or "deliver" before it.
    """
    for match in _STREET.finditer(text):
        if match["sure"] or match["tail"] or _cued(text, match.start()):
            yield _span(match)
    for match in _LOWER.finditer(text):
        if match["tail"] or _cued(text, match.start()):
            yield _span(match)
    for match in _POSTCODE.finditer(text) if _HAS_INWARD.search(text) else ():
        if match[0][-2:] not in _UNITS or _cued(text, match.start()):
            yield _span(match)
    for pattern, hint in _OTHERS:
        for match in pattern.finditer(text) if hint.search(text) else ():
            yield _span(match)


def chinese_addresses(text: str) -> Iterator[Span]:
    """Chinese addresses: from the province or city, where named, to the house number or room."""
    for match in _CHINESE.finditer(text):
        start = match.start()
        known = _START.search(text, *match.span()) or _CITY.search(text, *match.span())
        if known:
            start = known.start()
        elif lead := _LEAD.match(match[0]):
            start += lead.end()
        elif road := _ROAD.search(text, *match.span()):
            start = road.start()
        if match.end() - start > 3:
            yield Span("address", start, match.end(), text[start : match.end()])


def _cued(text: str, at: int) -> bool:
    return bool(_CUE.search(text, max(0, at - 60), at))


def _span(match: re.Match[str]) -> Span:
    end = match.end()
    while match.string[end - 1] in " ,.":
        end -= 1
    return Span("address", match.start(), end, match.string[match.start() : end])
