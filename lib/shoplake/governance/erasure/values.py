"""What identifies a person, and the byte patterns that it can be found by, however it is written.

A *strong* value (an e-mail address, a pseudonym, `<shop>:<id>`) is looked for in every byte. A
*weak* one, such as the customer number 17850, is also a price, a quantity or half a hash: it counts
only where it stands as a whole value under a name that can hold a person's id.
"""

from __future__ import annotations

import base64
import json
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote

Kind = Literal["id", "key", "email", "phone", "name", "address", "link", "text", "other"]

#: Delta and Parquet cut strings in their statistics; so many characters are looked for.
PREFIX = 32
_LEAST = 6
_AUTOMATON = 10_000
#: Names under which the shops of this world keep a person's id.
ID_NAMES = (
    r"(?:[a-z0-9]+[_ .-]?)?(?:person|people|customer|user|visitor|client|member|account|household"
    r"|buyer|shopper|cust)[_ .-]?(?:id|no|nr|num|number|key|ref)?"
)


@dataclass(frozen=True)
class Value:
    """One identifying value of a subject; prints masked.

    Attributes:
        kind: what it is.
        text: the value.
        shared: it is, or is part of, a value of another person, so it identifies nobody by itself.
        short: an id that is part of other ids, so that only the whole of it counts.
    """

    kind: Kind
    text: str
    shared: bool = False
    short: bool = False

    @property
    def is_strong(self) -> bool:
        """Whether it can be told from chance in any bytes."""
        if self.shared or self.short:
            return False
        plain = re.sub(r"\W", "", self.text)
        digits = sum(c.isdigit() for c in plain)
        if self.kind == "phone":
            return digits >= 7
        if self.kind in ("id", "link") and digits == len(plain):
            return digits >= 10
        if self.kind == "name":
            return len(plain) >= _LEAST and " " in self.text.strip()
        return len(plain) >= _LEAST and (digits < len(plain) or digits >= 10)

    @property
    def is_weak_id(self) -> bool:
        """Whether it counts as a whole value under the name of an id, and there alone."""
        return self.kind in ("id", "link") and not self.is_strong and not self.shared

    def __str__(self) -> str:
        return f"{self.kind} {self.text[:1]}***"

    __repr__ = __str__


@dataclass(frozen=True)
class Pattern:
    """A regular expression (RE2, over bytes read as Latin-1) that finds one writing of a value."""

    value: Value
    writing: str
    regex: str


def patterns(values: Iterable[Value], id_names: Iterable[str] = ()) -> list[Pattern]:
    """Every pattern to look for; weak values that are no ids have none.

    Args:
        values: of the subject.
        id_names: further names of columns that hold a person's id, as a shop writes them.
    """
    found: dict[str, Pattern] = {}
    for value in values:
        if value.is_strong:
            made = _strong(value)
        elif value.is_weak_id:
            made = _weak(value, id_names)
        else:
            continue
        for writing, regex in made:
            found.setdefault(regex, Pattern(value, writing, regex))
    return list(found.values())


def joined(found: Iterable[Pattern]) -> list[str]:
    """A few expressions that match where one of the patterns does.

    Beyond some ten thousand characters RE2 runs out of the memory for its automaton and becomes a
    hundred times slower; at a million it refuses (measured with the values of 10 to 200 people).
    """
    groups: list[list[str]] = []
    room = 0
    for pattern in found:
        room -= len(pattern.regex)
        if room < 0:
            groups.append([])
            room = _AUTOMATON - len(pattern.regex)
        groups[-1].append(f"(?:{pattern.regex})")
    return ["|".join(group) for group in groups]


def names_regex(id_names: Iterable[str] = ()) -> str:
    """A case-insensitive regular expression of names that can hold a person's id."""
    return "(?:" + "|".join([*map(re.escape, sorted(id_names)), ID_NAMES]) + ")"


def _strong(value: Value) -> Iterator[tuple[str, str]]:
    text = value.text.strip()
    if value.kind == "phone":
        digits = re.sub(r"\D", "", text).removeprefix("00")[-9:]
        yield "digits", r"[ ()./\x2d\xa0]{0,3}".join(digits)
    # As arrays of NumPy have their texts, in either order of bytes.
    wide = text[:PREFIX]
    for data in {wide.encode("utf-32-le").rstrip(b"\0"), wide.encode("utf-32-be").lstrip(b"\0")}:
        yield "UTF-32", _i(_bytes(data))
    if text.isascii() and text.isdigit() and (shown := text.lstrip("0").rstrip("0")):
        # 4029357733 of a float column, as Java and Python write great numbers.
        point = rf"\.{shown[1:]}" if shown[1:] else r"(?:\.0)?"
        yield "float", rf"{shown[0]}{point}[eE]\+?0?{len(text.lstrip('0')) - 1}"
    for spelling in _spellings(text[:PREFIX]):
        yield "plain", _i(_bytes(spelling.encode()))
        yield "UTF-16", _i(_bytes(spelling.encode("utf-16-le").rstrip(b"\0")))
        yield "URL", _i(_bytes(quote(spelling, safe="").encode()))
        yield "URL", _i(_bytes(quote(spelling, safe="@:/, ").replace(" ", "+").encode()))
        for escaped in (*_in_json(spelling), _all_escaped(spelling)):
            yield "escaped", _i(_bytes(escaped.encode()))
        yield "hexadecimal", _i(_bytes(spelling.encode().hex().encode()))
        if not spelling.isascii():
            yield "UTF-16", _i(_bytes(spelling.encode("utf-16-be").lstrip(b"\0")))
            yield "Latin-1", _i(_bytes(spelling.encode("latin-1", "replace")))
    for spelling in {text[:PREFIX], text[:PREFIX].lower()}:
        for core in _base64_cores(spelling.encode()):
            yield "base64", _bytes(core.encode())
            yield "base64", _bytes(core.translate(str.maketrans("+/", "-_")).encode())


def _weak(value: Value, id_names: Iterable[str]) -> Iterator[tuple[str, str]]:
    written = _bytes(value.text.strip().encode())
    names = f"(?i:{names_regex(id_names)})"
    between = r"[\\'\"\s:=#\[>(]{1,8}"
    # 17850 and 17850.0, which went through a float column; not 178501, 17850.5 or 17850-b.
    after = r"(?:\.0+)?(?:[^0-9A-Za-z_.\x2d]|[.\x2d](?:[^0-9A-Za-z]|$)|$)"
    yield "named", f"{names}{between}{written}{after}"
    # A line that could not be read into columns, as bronze.unread keeps it.
    yield "field of a line", rf"_line\\*\":[^{{}}]*[,;|\t\"]{written}(?:\.0+)?[,;|\\\"]"


def _i(regex: str) -> str:
    return f"(?i:{regex})"


def _bytes(data: bytes) -> str:
    return "".join(chr(b) if chr(b).isalnum() and b < 128 else f"\\x{b:02x}" for b in data)


def _spellings(text: str) -> set[str]:
    """RE2 folds the case of ASCII alone; accents come composed and decomposed."""
    forms = {unicodedata.normalize(form, text) for form in ("NFC", "NFD")}
    if text.isascii():
        return forms
    return forms | {s.lower() for s in forms} | {s.upper() for s in forms}


def _in_json(text: str) -> set[str]:
    """As JSON writes it, with its accents or without, with a slash escaped or not."""
    written = {json.dumps(text, ensure_ascii=ascii_only)[1:-1] for ascii_only in (True, False)}
    return written | {w.replace("/", "\\/") for w in written}


def _all_escaped(text: str) -> str:
    r"""Every letter as Java's properties may write it: `\u00e9`."""
    units = text.encode("utf-16-be")
    return "".join(f"\\u{units[i : i + 2].hex()}" for i in range(0, len(units), 2))


def _base64_cores(data: bytes) -> Iterator[str]:
    """The characters of a base64 text that depend on `data` alone, at its three alignments."""
    for lead in range(3):
        encoded = base64.b64encode(b"\0" * lead + data).decode()
        yield encoded[-(-lead * 8 // 6) : (lead + len(data)) * 8 // 6]


def mask_regexes(values: Iterable[Value]) -> list[re.Pattern[str]]:
    """Python expressions of the writings of strong values that can stand in a text."""
    found = []
    for value in values:
        if not value.is_strong:
            continue
        text = value.text.strip()
        if value.kind == "phone":
            digits = re.sub(r"\D", "", text).removeprefix("00")
            between = r"[ ()./\-\xa0]{0,3}"
            lead = "".join(f"(?:[{d}0]{between})?" for d in digits[:-9])
            found.append(re.compile(rf"(?:\+|00)?{lead}{between.join(digits[-9:])}(?!\d)"))
        # Of a text, what stands cut off in another table goes as well.
        whole = (text, text.casefold(), *([text[:PREFIX]] if value.kind == "text" else []))
        spelled = {s for t in whole for s in _spellings(t)}
        written = spelled | {e for s in spelled for e in _in_json(s)} | {quote(text)}
        for s in sorted(written, key=len, reverse=True):
            found.append(re.compile(re.escape(s), re.IGNORECASE))
    return found


def guess_kind(text: str) -> Value:
    """A value whose kind nobody said."""
    digits = sum(c.isdigit() for c in text)
    if "@" in text:
        return Value("email", text)
    if digits >= 7 and not any(c.isalpha() for c in text):
        return Value("phone", text)
    if digits:
        return Value("address" if " " in text.strip() else "id", text)
    return Value("name", text)
