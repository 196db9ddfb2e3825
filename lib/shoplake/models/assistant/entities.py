"""What a message names: numbers of orders, e-mail addresses and the like, and other people.

Rules, beside which `tagger` marks products: an entity only says what to look for among rows that
the asking person may see anyway, so a miss costs a question and a false find shows nothing.
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
#: A year, alone or within a day: of when something was ordered, not which.
_DAY = re.compile(r"(?:19|20)\d\d(?:-\d{1,2}){0,2}|\d{1,2}-\d{1,2}-(?:19|20)?\d\d")
#: What tells that a number belongs to a longer one, or is an amount of something.
_BEFORE = re.compile(r"(?:[A-Za-z0-9]|\d[.,:]|[£€$¥]\s?)$")
_AFTER = re.compile(
    r"[A-Za-z0-9]|[.,:]\d|\s?[£€$¥%]|\s?(?:gbp|eur|usd|cny|rmb|pounds?|euros?|dollars?|pence|cents?"
    r"|cm|mm|m|kg|g|ml|l|minutes?|hours?|days?|weeks?|months?|years?|pieces?|pcs|items?|units?)\b"
    r"|\s?(?:元|块|件|个|天|年|月)",
    re.IGNORECASE,
)
_HAN = re.compile("[\u4e00-\u9fff]")

_SOMEBODY = r"(?:customer|person|people|user|client|buyer|shopper|account holder|member|guest)"
_THEIRS = r"(?:order|purchase|address|account|e-?mail|phone|detail|data|histor\w+|invoice)"
_KIN = (
    r"(?:neighbou?r|boss|ex|friend|wife|husband|sister|brother|mother|father|colleague|girlfriend"
    r"|boyfriend|roommate|partner|daughter|son)"
)
_NOBODY = (  # capitals that name nobody: days, ways to pay, the shop, and words before an 's
    r"(?:January|February|March|April|May|June|July|August|September|October|November|December"
    r"|Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday|Christmas|Easter|Black|Cyber|I"
    r"|Mother|Father|Valentine|Visa|Master[Cc]ard|Pay[Pp]al|Klarna|Apple|Google|Amex|American"
    r"|Shoplake|What|Where|When|How|Who|Why|Here|There|That|This|It|Let|He|She|Today|Yesterday)\b"
)
_BOUGHT = r"(?:ordered|bought|purchased|placed|spent|paid|got)"
_DEMAND = (
    r"\b(?:show|list|open|print|give|read|tell|need)\b(?!(?:\s+me)?\s+my\b).{0,30}"
    r"\b(?:order|account|customer|data|row|record)"
)
_OTHERS = (
    # A word that opens an account for oneself is no other person: "my other user". What others
    # think of a product is no secret.
    rf"(?<!\bmy )\b(?i:other|another|any|every|all|each|different|next|previous)\s+(?i:the\s+)?"
    rf"(?:\w+\s+)?(?i:{_SOMEBODY})"
    r"(?:\b(?!\s+(?:account|profile|service|support|review)s?\b)|s\b)"
    r"(?!'?\s+(?:\w+\s+)?(?:think|say|said|like|love|rate|review)s?\b)",
    r"(?i:\ball\s+(?:of\s+)?(?:the\s+)?(?:orders|accounts|addresses|e-?mails|names|rows|records"
    r"|data|messages|people)\b(?!\s+(?:(?:that|which)\s+)?(?:i|we)\b"
    r"|\s+(?:(?:that\s+)?you\s+(?:have|hold|keep)\s+)?(?:of|about|for|from|in|on|under)\s+(?:me|my|our)"
    r"\b))",
    rf"(?i:\b(?:someone|somebody|everyone|everybody|anyone|anybody) else(?:'s)?\s+(?:\w+\s+)?"
    rf"{_THEIRS})",
    rf"(?i:\b{_THEIRS}s?\s+(?:of|from|for|by)\s+(?:some|any|every)(?:one|body)\b)",
    rf"(?i:\bevery(?:one|body)(?:'s)?\s+{_THEIRS})",
    # Kin may want to buy something, and parcels may go to them; what they did buy is theirs.
    r"(?i:(?<!\bto )(?<!\bat )\b(?:my|his|her|their|the|a|your)\s+"
    rf"{_KIN}'s\s+(?:\w+\s+)?{_THEIRS})",
    rf"(?i:\b(?:my|his|her|their|the|a|your)\s+{_KIN}(?:\s+(?!i\b)[\w']+){{0,2}}\s+{_BOUGHT}\b)",
    rf"(?i:\bdid\s+(?:my|his|her|their|the|your)\s+{_KIN}\s+(?:order|buy|purchase|spend|pay)\b)",
    # "Order" may be what I do ("can I order from Germany?"), or mine ("my order for Anna").
    rf"(?<!\bmy )\b(?i:{_THEIRS})s?\s+(?i:of|belonging to)\s+(?:(?!{_NOBODY})[A-Z][a-z]+)",
    rf"\b(?i:the|all|any|show|list|see|read)\s+(?i:{_THEIRS})s?\s+(?i:for|by)\s+"
    rf"(?!{_NOBODY})[A-Z][a-z]+",
    rf"(?<!\bmy )\b(?i:{_THEIRS})s?\s+(?i:from)\s+(?!{_NOBODY})[A-Z][a-z]+\s+[A-Z][a-z]+",
    rf"\b(?i:{_THEIRS})s?\s+(?i:of|from|for|by|belonging to)\s+(?:(?i:mr|mrs|ms|dr)\b\.?\s*\w+"
    r"|(?i:customer|user|person|account)\s+\w+|[0-9a-f]{12,})",
    rf"\b(?!{_NOBODY})[A-Z][a-z]+'s\s+(?:\w+\s+)?(?i:{_THEIRS})",
    rf"(?i:\b{_SOMEBODY}(?:[_ ](?:id|key|number))?\s*[#:=]?\s*(?:[0-9a-f]{{8,}}|\d{{2,}}))",
    r"(?i:\bperson_?key\b|(?<!\bone )\bwho(?:se|m)?\s+(?:else\s+)?(?:bought|ordered|placed)\b)",
    r"(?:其他|别的|所有|另一个|每个|全部)(?:的)?(?:客户|顾客|用户|人)(?!.{0,4}(?:评价|觉得|怎么说|喜欢))",
    r"(?<!给)(?:别人|他人)",
    r"(?:邻居|朋友|同事|老板|前任|丈夫|妻子)的.{0,3}(?:订单|地址|账户|账号|购买|电话|邮箱|信息|资料)",
)
_INJECTION = (
    r"\b(?:ignore|disregard|forget|override|bypass)\b.{0,30}"
    r"\b(?:instruction|rule|polic|prompt|restriction|filter|(?:everything|all)\s+(?:above|previous))",
    r"\b(?:system|developer|debug|admin|root|god|sudo|maintenance)\s*(?:prompt|mode|access|override)\b"
    r"|\bsystem message\s*:|\bjailbreak|\bdo anything now\b",
    r"\b(?:act as|pretend|you are now|speaking as)\b.{0,24}"
    r"\b(?:admin\w*|developer|root|police|auditor|ceo|staff|employee|database|dba)\b",
    # Who has a profession may shop here; only who demands something by it is refused.
    r"\b(?:i am|i'm|this is)\s+(?:the|an?|your)?\s*(?:\w+(?:'s)?\s+)?"
    r"(?:admin(?:istrator)?|root|dba)\b(?!\s+(?:at|of an?|in|for an?|cause)\b)",
    r"\b(?:i am|i'm|this is|i work (?:for|at))\b.{0,40}"
    rf"\b(?:developer|police|auditor|ceo|staff|employee|shop)\b.{{0,20}}{_DEMAND}",
    r"\bselect\s+(?:\*|\w+(?:\s*,\s*\w+)*)\s+from\s+\w+\.\w|\bselect\s+\*"
    r"|\bunion\s+(?:all\s+)?select\b|\bdrop\s+table\s+\w+(?:\.\w|\s*;)"
    r"|\binsert\s+into\s+\S+\s*(?:\(|values\b)",
    r"['\"]\s*;\s*(?:--|select|drop|insert|update|delete|union)|(?:;|')\s*--\s*$"
    r"|\bor\s+'?1'?\s*=\s*'?1",
    r"\b(?:silver|bronze|gold|governance)\.(?:orders|people|products|messages|identities|events"
    r"|reviews|recommendations|answers|vault|\w+_\w+)|</?(?:script|system|img|iframe|user|assistant)\b",
    r"\{\{|\bbase64\b|\brot13\b",
    r"忽略.{0,12}(?:指令|规则|提示)|系统提示|我是.{0,4}管理员|管理员(?:模式|权限|身份)|开发者模式|数据库",
)
_ABOUT_OTHERS = re.compile("|".join(_OTHERS))
_GIVES_ORDERS = re.compile("|".join(_INJECTION), re.IGNORECASE)


@dataclass(frozen=True)
class Entities:
    """What a message names.

    Attributes:
        numbers: what may be a number of an order, as written, without repeats.
        order_named: a number stands right after a word for an order.
        like_orders: those of `numbers` that look like an order's, whatever stands before them:
            long enough, and no year, amount, telephone number or the like.
        dates: yyyy-mm-dd.
        personal: kinds of personal data it holds, see `governance.personal`.
        others: it asks about somebody else.
        injection: it tries to give orders to the machine.
        chinese: it is in Chinese.
        products: what it calls products, as a tagger marks them; () without one.
    """

    numbers: tuple[str, ...]
    order_named: bool
    like_orders: tuple[str, ...]
    dates: tuple[str, ...]
    personal: tuple[str, ...]
    others: bool
    injection: bool
    chinese: bool
    products: tuple[str, ...] = ()


def entities(text: str) -> Entities:
    """Find what a message names."""
    spoken = [match[1] for match in _SPOKEN.finditer(text)]
    numbers = [*spoken, *(match[0].strip("-#") for match in _TOKEN.finditer(text))]
    numbers = [number for number in numbers if not _DATE.fullmatch(number)]
    dates = [f"{y}-{int(m):02d}-{int(d):02d}" for y, m, d in _DATE.findall(text)]
    personal = find(text)
    like = [
        match[0].strip("-#")
        for match in _TOKEN.finditer(text)
        if _is_like_an_order(match)
        and not any(s.start < match.end() and match.start() < s.end for s in personal)
    ]
    return Entities(
        tuple(dict.fromkeys(numbers)),
        any(not _DATE.fullmatch(number) for number in spoken),
        tuple(dict.fromkeys(like)),
        tuple(dict.fromkeys(dates)),
        tuple(sorted({span.kind for span in personal})),
        bool(_ABOUT_OTHERS.search(text)),
        bool(_GIVES_ORDERS.search(text)),
        bool(_HAN.search(text)),
    )


def _is_like_an_order(match: re.Match[str]) -> bool:
    """Three digits beside a letter or `#`, else four: "100 mugs" is how many."""
    written = match[0].rstrip("-")
    if _DAY.fullmatch(written.strip("-#")):
        return False
    least = 3 if re.search("[A-Za-z#]", written) else 4
    return (
        sum(c.isdigit() for c in written) >= least
        and not _BEFORE.search(match.string[: match.start()])
        and not _AFTER.match(match.string, match.end())
    )
