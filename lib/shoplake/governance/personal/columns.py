"""Personal data by column: what the header says, weighed against what the values look like."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable

from shoplake.governance.personal.detect import find
from shoplake.governance.personal.numbers import (
    is_iban,
    is_national_id,
    passes_luhn,
)
from shoplake.governance.personal.words import words

#: Of the values, so many must look like what the header says.
HINTED = 0.3
#: Of the values, so many must be of a kind that the header does not announce.
UNHINTED = 0.6
_ENOUGH = 300  # values looked at where no header helps
_LONGEST = 4_000  # characters of a value looked at

#: Headers in English and Chinese, snake case; the first that fits decides.
_HEADERS = {
    "email": r"(?:^|_)e_?mails?(?:_|$)|(?:^|_)mail(?:_addr(?:ess)?)?$|邮箱|电子邮[件箱]|邮件地址",
    "ip": r"(?:^|_)ip(?:_?v[46])?(?:_?addr(?:ess)?)?$|ip地址",
    "phone": r"(?:^|_)(?:(?:tele)?phone|mobile|cell|tel|fax|msisdn|whatsapp)(?:_|$)"
    r"|电话|手机|联系方式",
    "national_id": r"(?:^|_)(?:national_id|id_card|identity_(?:no|number|card)|ssn|nino"
    r"|passport)(?:_|$)|social_security|身份证|证件号",
    "iban": r"(?:^|_)(?:iban|bank_account|account_(?:no|number))(?:_|$)|银行账[号户]",
    "card": r"(?:^|_)(?:(?:credit_|payment_|debit_)?card_?(?:no|nr|num|number)|credit_card"
    r"|pan|cc_num(?:ber)?)(?:_|$)|银行卡|信用卡|卡号",
    "birth_date": r"(?:^|_)(?:dob|yob|birth(?:_?(?:date|day|year))?|(?:date|year)_of_birth)$"
    r"|出生|生日",
    "address": r"(?:^|_)(?:addr(?:ess)?(?:_?line)?_?\d?|street|post_?code|postal_?code"
    r"|zip_?(?:code)?)(?:_|$)|地址|住址|邮编",
    "name": r"(?:^|_)(?:(?:full|first|last|given|family|middle|customer|person|user|contact"
    r"|recipient|receiver|buyer|reviewer|employee|maiden|billing|shipping|account)_?name|surname|forename"
    r"|recipient|reviewer)$|^name$|姓名|收[货件]人|联系人|客户名|名字",
    "person_id": r"(?:^|_)(?:customer|person|user|visitor|member|client|subscriber|household|buyer"
    r"|loyalty|shopper|reviewer)_?(?:id|no|nr|num|number|key|ref)?$|(?:客户|用户|会员)(?:id|编号|号)",
}  # fmt: skip
_HINTS = {kind: re.compile(pattern) for kind, pattern in _HEADERS.items()}
_HAN_NAME = re.compile("[\u4e00-\u9fff]{2,4}")
_NAME_SHAPE = re.compile(r"[^\W\d_][\w'’.-]*(?:,? [^\W\d_][\w'’.-]*){0,4}")


def column_kind(name: str, values: Iterable[object]) -> tuple[str, float] | None:
    """What personal data a column holds, if it holds one kind throughout.

    Args:
        name: its header: `customerEmail`, `Phone no.`, `收货地址`.
        values: a sample; nulls and blanks do not count. Without any the header decides.

    Returns:
        (kind, share of the values that look like it): a kind of `spans.KINDS`, or `person_id`, an
        id the shop gives a person. None: not personal, or free text (`text_kinds`).
    """
    present = _present(values)
    hint = _hint(name)
    if hint is not None:
        if not present:
            return None if hint == "name" and not _says_person(name) else (hint, 0.0)
        share = _share(present, _LOOKS[hint])
        if hint == "name" and not _says_person(name):  # of a person, a product, a file?
            share = share if _share(present, _has_given_name) >= HINTED else 0.0
        if share >= HINTED:
            return hint, share
    whole = Counter(kind for value in present[:_ENOUGH] for kind in _whole(value))
    for kind, times in whole.most_common(1):
        if times >= UNHINTED * len(present[:_ENOUGH]):
            return kind, times / len(present[:_ENOUGH])
    return None


def text_kinds(values: Iterable[object]) -> dict[str, float]:
    """Share of the values (nulls and blanks apart) that contain each kind of personal data."""
    present = Counter(_present(values))
    counts: Counter[str] = Counter()
    for text, times in present.items():
        for kind in {span.kind for span in find(text)}:
            counts[kind] += times
    return {kind: n / present.total() for kind, n in counts.most_common()}


def _present(values: Iterable[object]) -> list[str]:
    return [text for v in values if v is not None and (text := str(v).strip()[:_LONGEST])]


def _hint(name: str) -> str | None:
    header = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.strip()).lower()
    header = re.sub(r"[\W_]+", "_", header).strip("_")
    return next((kind for kind, pattern in _HINTS.items() if pattern.search(header)), None)


def _says_person(name: str) -> bool:
    return name.strip().lower() not in ("name", "名字")


def _share(values: list[str], looks: Callable[[str], bool]) -> float:
    counted = Counter(values)  # a column often repeats itself
    return sum(times for value, times in counted.items() if looks(value)) / len(values)


def _whole(value: str) -> set[str]:
    """The kinds that the whole value is, punctuation apart, whatever its header."""
    kinds = {s.kind for s in find(value) if s.end - s.start >= len(value) - 2}
    return kinds - {"name"} | ({"name"} if _is_full_name(value) else set())


def _digits(value: str) -> str:
    return re.sub(r"\D", "", value)


def _is_phone(value: str) -> bool:
    return bool(re.fullmatch(r"[+(]?[\d ().\-/x]{7,24}", value)) and 7 <= len(_digits(value)) <= 15


def _is_card(value: str) -> bool:
    return bool(re.fullmatch(r"\d[\d -]{11,22}", value)) and passes_luhn(_digits(value))


def _is_birth(value: str) -> bool:
    year = re.search(r"(?<!\d)(?:19\d\d|200\d|201\d)(?!\d)", value)
    return len(value) <= 25 and (
        bool(year) or bool(re.fullmatch(r"\d\d?[/.-]\d\d?[/.-]\d\d", value))
    )


def _is_address(value: str) -> bool:
    place = re.search(r"\d", value) and (re.search(r"[^\W\d_]", value) or len(value) <= 10)
    return bool(place) or bool(re.search("[省市区县路街镇村]", value))


def _is_name(value: str) -> bool:
    return bool(_NAME_SHAPE.fullmatch(value)) or bool(_HAN_NAME.fullmatch(value))


def _has_given_name(value: str) -> bool:
    if _HAN_NAME.fullmatch(value):
        return bool(re.match(words().surname, value))
    parts = re.split(r"[ ,]+", value)
    return _is_name(value) and any(p.lower() in words().any_given for p in (parts[0], parts[-1]))


def _is_full_name(value: str) -> bool:
    parts = value.split()
    return (
        2 <= len(parts) <= 3 and parts[0] in words().given and parts[-1] not in words().no_surname
    )


_LOOKS: dict[str, Callable[[str], bool]] = {
    "email": lambda v: "email" in _whole(v),
    "ip": lambda v: "ip" in _whole(v),
    "national_id": lambda v: len(v) == 18 and v[:17].isdigit() and is_national_id(v),
    "iban": is_iban,
    "card": _is_card,
    "phone": _is_phone,
    "birth_date": _is_birth,
    "address": _is_address,
    "name": _is_name,
    "person_id": lambda v: len(v) <= 64 and " " not in v,
}
