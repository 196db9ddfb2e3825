"""Whether an answer says only what its facts say.

Numbers and quoted names are what can be checked exactly: each must stand in a cited value. A
rewording must besides keep every number, name and word of denial, status or time of what it
rewords: "on its way" and "tomorrow" have no digit, but are as invented where the answer lacks them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_NUMBER = re.compile(r"\d+(?:[.,:/-]\d+)*")
_NAME = re.compile(r"[“\"]([^“”\"]+)[”\"]")
_TOKEN = re.compile(r"\b[A-Za-z]+\d[0-9A-Za-z]*\b")
#: Words of denial, of where an order or a parcel is, and of what is promised.
_STATUS = (
    r"no|not|never|cannot|can't|don't|doesn't|won't|isn't|none|nothing|without|unable|unavailable"
    r"|available|partly|placed|pending|process\w*|prepar\w+|pack(?:ed|ing)|confirm\w*|complet\w+"
    r"|cancel\w*|refund\w*|return\w*|replac\w+|sold out|in stock|few left|out of stock|back in"
    r"|free|discount\w*|guarantee\w*|promis\w+|warrant\w+|deliver\w*|ship\w*|dispatch\w*|despatch\w*"
    r"|sent|arriv\w+|on (?:its|the|their|your) way|underway|transit|out for|en route|hand\w* over"
    r"|courier|carrier|warehouse|customs|lost|stolen|damaged|broken|delay\w*|late|collect\w*"
    r"|pick\w* up|paid|unpaid|charged|receiv\w+|colleague"
)
#: Days, hours and numbers in letters. "May", "second" and "one" are other words too, and left out.
_TIME = (
    r"today|tonight|tomorrow|yesterday|now|soon\w*|shortly|already|recently|immediately|early|earlier"
    r"|later|morning|afternoon|evening|noon|midnight|night|week\w*|days?|hours?|minutes?|months?"
    r"|years?|hourly|daily|monthly|yearly|(?:mon|tues|wednes|thurs|fri|satur|sun)days?"
    r"|january|february|march|april|june|july|august|september|october|november|december"
    r"|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|dozen\w*|hundred\w*|thousand\w*"
)
_WORDS = re.compile(rf"\b(?:{_STATUS}|{_TIME})\b", re.IGNORECASE)
#: The same in Chinese, which has no space between words.
_HAN_WORDS = re.compile(
    r"不|没|无法|未|已下单|取消|退款|退货|换货|缺货|有货|所剩不多|免费|保证|承诺|送达|到货|到达|发货"
    r"|寄出|配送|运输|在途|途中|路上|派送|签收|仓库|海关|丢失|损坏|延迟|今天|今晚|明天|后天|昨天|马上|很快|即将"
    r"|已经|早上|上午|中午|下午|晚上|[一二三四五六七八九十两几半]+个?(?:天|日|周|星期|月|年|小时|分钟|工作日)"
    r"|(?:星期|周)[一二三四五六日天]|同事"
)


def ungrounded(answer: str, values: Iterable[str]) -> list[str]:
    """Numbers and quoted names of `answer` that stand in no value."""
    told = "\n".join(values)
    known = set(_exact(told))
    wrong = [mark for mark in _exact(answer) if mark not in known]
    return wrong + [n for n in _NAME.findall(answer) if n not in told]


def _exact(text: str) -> list[str]:
    """Numbers, and words with digits in them."""
    return [*_TOKEN.findall(text), *_NUMBER.findall(_TOKEN.sub(" ", text))]


def faithful(reworded: str, answer: str) -> bool:
    """Whether a rewording keeps numbers, names, and words of status, denial and time."""

    def marks(text: str) -> list[str]:
        text = " ".join(text.replace("\u2019", "'").split())
        found = [*_exact(text), *_NAME.findall(text)]
        words = [*_WORDS.findall(text), *_HAN_WORDS.findall(text)]
        return sorted([*found, *(w.lower() for w in words)])

    return bool(reworded.strip()) and marks(reworded) == marks(answer)
