"""What a message names: numbers of orders, e-mail addresses and the like, and other people.

Rules, not a model: an entity only says what to look for among rows that the asking person may see
anyway, so a miss costs a question and a false find shows nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from shoplake.governance.personal.detect import find

_TOKEN = re.compile(
    r"(?:[A-Za-z][A-Za-z0-9_]{0,19}:)?[A-Za-z]{0,4}[-#]?[0-9A-Fa-f]*\d[0-9A-Fa-f-]{2,40}"
)
#: After a word for an order, shorter numbers are meant as well.
_SPOKEN = re.compile(
    r"(?:\b(?:order|purchase|invoice)s?\b\W*(?:number|no|nr|id)?\b\W*|订单(?:编?号)?(?:是|为)?\W*)"
    r"([A-Za-z0-9_:-]*\d[A-Za-z0-9_:-]+)",
    re.IGNORECASE,
)
_DATE = re.compile(r"\b(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})\b")
_HAN = re.compile("[\u4e00-\u9fff]")

_SOMEBODY = r"(?:customer|person|people|user|client|buyer|shopper|account holder|member|guest)"
_THEIRS = r"(?:order|purchase|address|account|e-?mail|phone|detail|data|histor\w+|invoice)"
_KIN = (
    r"(?:neighbou?r|boss|ex|friend|wife|husband|sister|brother|mother|father|colleague|girlfriend"
    r"|boyfriend|roommate|partner|daughter|son)"
)
_WHEN = (
    r"(?:January|February|March|April|May|June|July|August|September|October|November|December"
    r"|Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday|Christmas|Easter|Black|I)\b"
)
_OTHERS = (
    # A word that opens an account for oneself is no other person: "my other user".
    rf"(?<!\bmy )\b(?i:other|another|any|every|all|each|different|next|previous)\s+(?i:the\s+)?"
    rf"(?:\w+\s+)?(?i:{_SOMEBODY})"
    r"(?:\b(?!\s+(?:account|profile|service|support|review)s?\b)|s\b)",
    r"(?i:\ball\s+(?:of\s+)?(?:the\s+)?(?:orders|accounts|addresses|e-?mails|names|rows|records"
    r"|data|messages|people)\b)",
    rf"(?i:\b(?:someone|somebody|everyone|everybody|anyone|anybody) else(?:'s)?\s+(?:\w+\s+)?"
    rf"{_THEIRS})",
    rf"(?i:\b{_THEIRS}s?\s+(?:of|from|for|by)\s+(?:some|any|every)(?:one|body)\b)",
    rf"(?i:\bevery(?:one|body)(?:'s)?\s+{_THEIRS})",
    rf"(?i:\b(?:my|his|her|their|the|a|your)\s+{_KIN}(?:'s)?\b.{{0,40}}"
    r"\b(?:order|buy|bought|purchase|spend|spent|address|account|pay|paid))",
    rf"\b(?i:{_THEIRS})s?\s+(?i:of|from|for|by|belonging to)\s+(?:"
    rf"(?i:mr|mrs|ms|dr)\b\.?\s*\w+|(?i:customer|user|person|account)\s+\w+|(?!{_WHEN})[A-Z][a-z]+"
    r"|[0-9a-f]{12,})",
    rf"\b(?!{_WHEN})[A-Z][a-z]+'s\s+(?:\w+\s+)?(?i:{_THEIRS})",
    rf"(?i:\b{_SOMEBODY}(?:[_ ](?:id|key|number))?\s*[#:=]?\s*(?:[0-9a-f]{{8,}}|\d{{2,}}))",
    r"(?i:\bperson_?key\b|\bwho(?:se|m)?\s+(?:else\s+)?(?:bought|ordered|placed)\b)",
    r"(?:其他|别的|所有|另一个|每个|全部)(?:的)?(?:客户|顾客|用户|人)|别人|他人",
    r"(?:邻居|朋友|同事|老板|前任|丈夫|妻子)的",
)
_INJECTION = (
    r"\b(?:ignore|disregard|forget|override|bypass)\b.{0,30}"
    r"\b(?:instruction|rule|polic|prompt|restriction|filter|above|previous)",
    r"\b(?:system|developer|debug|admin|root|god|sudo|maintenance)\s*"
    r"(?:prompt|mode|access|override|message)\b|\bjailbreak|\bdo anything now\b",
    r"\b(?:i am|i'm|this is|act as|pretend|you are now|speaking as)\b.{0,24}"
    r"\b(?:admin\w*|developer|root|police|auditor|ceo|staff|employee|database|dba)\b",
    r"\bselect\s+(?:\*|\w+(?:\s*,\s*\w+)*)\s+from\s+\w+\.|\bselect\s+\*"
    r"|\bunion\s+(?:all\s+)?select\b|\bdrop\s+table\b|\binsert\s+into\b",
    r"['\"]\s*;|;\s*--|'\s*--|\bor\s+'?1'?\s*=\s*'?1",
    r"\b(?:silver|bronze|gold|governance)\.\w+|</?(?:script|system|img|iframe|user|assistant)\b",
    r"\{\{|\bbase64\b|\brot13\b",
    r"忽略.{0,12}(?:指令|规则|提示)|系统提示|管理员|开发者模式|数据库",
)
_ABOUT_OTHERS = re.compile("|".join(_OTHERS))
_GIVES_ORDERS = re.compile("|".join(_INJECTION), re.IGNORECASE)


@dataclass(frozen=True)
class Entities:
    """What a message names.

    Attributes:
        numbers: what may be a number of an order, as written, without repeats.
        order_named: a number stands right after a word for an order.
        dates: yyyy-mm-dd.
        personal: kinds of personal data it holds, see `governance.personal`.
        others: it asks about somebody else.
        injection: it tries to give orders to the machine.
        chinese: it is in Chinese.
    """

    numbers: tuple[str, ...]
    order_named: bool
    dates: tuple[str, ...]
    personal: tuple[str, ...]
    others: bool
    injection: bool
    chinese: bool


def entities(text: str) -> Entities:
    """Find what a message names."""
    spoken = [match[1] for match in _SPOKEN.finditer(text)]
    numbers = [*spoken, *(match[0].strip("-#") for match in _TOKEN.finditer(text))]
    numbers = [number for number in numbers if not _DATE.fullmatch(number)]
    dates = [f"{y}-{int(m):02d}-{int(d):02d}" for y, m, d in _DATE.findall(text)]
    return Entities(
        tuple(dict.fromkeys(numbers)),
        any(not _DATE.fullmatch(number) for number in spoken),
        tuple(dict.fromkeys(dates)),
        tuple(sorted({span.kind for span in find(text)})),
        bool(_ABOUT_OTHERS.search(text)),
        bool(_GIVES_ORDERS.search(text)),
        bool(_HAN.search(text)),
    )
