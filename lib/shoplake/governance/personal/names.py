"""People's names without a model: phrases that announce one, and known given names.

A name that nothing announces and whose given name is not in `conf/personal.yml` is not found, nor
is a given name alone ("a gift for Anna"); Presidio can be added for those.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from shoplake.governance.personal.spans import Span
from shoplake.governance.personal.words import words

_UP, _LOW = "A-ZÀ-ÖØ-ÞĀĂĄĆĈĊČĎĐĒĖĘĚĞĠĢĪĮİĶĹĻĽŁŃŅŇŐŒŔŘŚŞŠŢŤŪŮŰŲŹŻŽ", "a-zß-öø-ÿā-ž"
_NAME = rf"(?:Mc|Mac|Fitz|De|[OD]['’])?[{_UP}][{_LOW}]+(?:-[{_UP}][{_LOW}]+)?"
_TOKEN = re.compile(rf"(?<![\w'’-]){_NAME}(?![\w])")
_PARTICLE = r"(?:(?:de la|de|da|van der|van den|van|von|bin|al|el|di|del|le|la) )?"
_PERSON = rf"(?P<name>{_NAME}(?: (?:[{_UP}]\.? )?{_PARTICLE}{_NAME}){{0,3}})(?!\w)"
_LOWER = rf"(?P<lower>[{_LOW}]+(?: [{_LOW}'’-]+)?)(?!\w)"

#: Behind these stands a name, whatever it is.
_SURE = (
    r"my (?:full )?name(?: is|['’]s|:)|(?:full |customer |contact )?name ?:"
    r"|the name (?:is|of|on it is)"
    r"|(?:kind |best |warm |with )*regards,?|sincerely(?: yours)?,?|yours (?:truly|faithfully),?"
    r"|signed(?: by)?[,:]?|best wishes,?|in the name of|recipient:?|attn\.?:?|c/o|on behalf of"
)
#: Behind these may stand a name: it has to begin with a known given name, and end a phrase.
_MAYBE = r"dear|i am|i['’]m|this is|thanks,|thank you,|cheers,|best,|love,"
_ENGLISH_SURE = re.compile(rf"(?<!\w)(?i:{_SURE})[ \n]+(?:{_PERSON}|{_LOWER})")
_ENGLISH_MAYBE = re.compile(rf"(?<!\w)(?i:{_MAYBE})[ \n]+{_PERSON}")
#: A letter that begins or ends with a given name alone: "Edward: the cord is short", "ok. Cindy".
_FIRST = re.compile(rf"(?P<name>{_NAME})(?:,|:|\.\.\.| ?--?) ?(?=\S)")
_LAST = re.compile(rf"(?:[.!?)]|\.\.\.|--?)[ \n]+-?(?P<name>{_NAME}(?: [{_UP}]\b)?)[.!]?$")
_DEAR = re.compile(rf"(?<!\w)(?i:dear)[ \n]+(?P<name>{_NAME}),")
_TITLE = re.compile(rf"(?<!\w)(?:Mr|Mrs|Ms|Miss|Mx|Dr|Prof)\b\.? {_PERSON}")
_ENDS = re.compile(r"\s*(?:[,.;:!?)\n]|$|\bhere\b|\bspeaking\b|\bfrom\b|\band\b)")
_TRIGGERS = (
    "name", "regards", "sincerely", "yours", "signed", "wishes", "recipient", "attn", "c/o",
    "behalf",
)  # fmt: skip
_MAYBE_TRIGGERS = ("dear", "i am ", "i'm ", "i’m ", "this is", "thank", "cheers", "best,", "love,")
_TITLE_TRIGGERS = ("Mr", "Ms", "Miss", "Mx", "Dr", "Prof")

_HAN = "\u4e00-\u9fff"
_SURE_ZH = "我叫|名字叫|名字是|姓名(?:是|为)?|收[件货]人(?:是|为|改成|改为)?|联系人(?:是|为)?|署名"
_END_ZH = rf"(?=[^{_HAN}]|$|先生|女士|小姐|太太|电话|手机|电邮|邮箱|地址|住|的|是|和|收)"
_TITLE_ZH = "先生|女士|小姐|太太"
_NOT_NAME_ZH = re.compile(
    "[的了是在不我你他她它们这那个些么什吗呢吧啊太很也都就买卖家件品]|前台|查找|客服|万能"
)


def names(text: str) -> Iterator[Span]:
    """Names of people in English and other Latin text."""
    lower = text.lower()
    if any(t in lower for t in _TRIGGERS):
        for match in _ENGLISH_SURE.finditer(text):
            if match["name"]:
                yield from _person(match, text)
            elif match["lower"].split()[0] in words().any_given and "name" in match[0].lower():
                yield from _lower_case(match)
    if any(t in lower for t in _MAYBE_TRIGGERS):
        for match in _ENGLISH_MAYBE.finditer(text):
            first = match["name"].split()[0]
            known = first.lower() in words().any_given and _ENDS.match(text, match.end("name"))
            if known or _DEAR.match(match[0] + text[match.end() :][:1]):
                yield from _person(match, text)
    for end in (_FIRST.match(text), _LAST.search(text, max(0, len(text) - 40))):
        if end is not None and end["name"].split()[0] in words().given:
            yield from _person(end, text)
    for match in _TITLE.finditer(text) if any(t in text for t in _TITLE_TRIGGERS) else ():
        yield from _person(match, text)
    yield from _pairs(text)


def _person(match: re.Match[str], text: str) -> Iterator[Span]:
    """The announced name, up to the first word that is no name."""
    known = words()
    start = match.start("name")
    parts = list(_TOKEN.finditer(text, start, match.end("name")))
    end = start
    for index, part in enumerate(parts):
        if part[0] in known.nobody or (index and part[0] in known.no_surname):
            break
        middle = parts[index - 1][0].lower() in known.any_given
        if index > 1 and not middle and not _ENDS.match(text, part.end()):
            break  # "Regards, Anna Hartley Call me"
        end = part.end()
    if end > start and not _is_thing(text, start, end):
        yield Span("name", start, end, text[start:end])


def _lower_case(match: re.Match[str]) -> Iterator[Span]:
    """ "my name is john smith": the second word counts unless it goes on with the sentence."""
    first, *rest = match["lower"].split()
    start = match.start("lower")
    goes_on = not rest or rest[0].capitalize() in words().nobody | words().no_surname
    end = start + len(first) if goes_on else match.end("lower")
    yield Span("name", start, end, match.string[start:end])


def _pairs(text: str) -> Iterator[Span]:
    """A given name and a surname side by side, but not in a run of capitalised words (a title)."""
    known = words()
    tokens = list(_TOKEN.finditer(text))
    for i, token in enumerate(tokens[:-1]):
        if token[0] not in known.given:
            continue
        second = tokens[i + 1]
        between = text[token.end() : second.start()]
        if not re.fullmatch(rf" (?:[{_UP}]\.? )?{_PARTICLE}", between):
            continue
        if second[0] in known.no_surname or second[0] in known.nobody:
            continue
        start, end = token.start(), second.end()
        follows = tokens[i + 2] if i + 2 < len(tokens) else None
        if follows is not None and text[end : follows.start()] == " ":
            if follows[0] in known.no_surname or second[0].lower() not in known.any_given:
                continue  # "Peter Rabbit Mug"
            end = follows.end()  # "Anna Maria Hartley"
        before = text[max(0, start - 24) : start]
        if _SAINT.search(before) or _TITLE_CASE.search(before) or _is_thing(text, start, end):
            continue
        yield Span("name", start, end, text[start:end])


_SAINT = re.compile(r"\b(?:St|Saint|San|Santa)\.? $")
_TITLE_CASE = re.compile(rf"(?:^|[ ])(?!(?:Hi|Hello|Dear|Thanks|Regards|From|For|By|With|Contact"
                         rf"|And|Mr|Mrs|Ms|Dr|Miss|Hey|My|Is|To|Call|Ask|Love|Cheers|The|Best)\b)"
                         rf"[{_UP}][\w'’-]* $")  # fmt: skip


def _is_thing(text: str, start: int, end: int) -> bool:
    """Whether the name is a brand's or a character's, or is followed by a product's noun."""
    known = words()
    pieces = text[start:end].split()
    if any(f"{a} {b}" in known.brand for a in pieces[:-1] for b in pieces[1:]):
        return True
    after = re.match(r"(?:['’]s)?[ -](\w+)", text[end : end + 24])
    return after is not None and after[1].lower() in known.thing and not text[end:].startswith("'s")


def chinese_names(text: str) -> Iterator[Span]:
    """Chinese names behind "我叫", "收件人" and the like, or before 先生, 女士, 小姐, 太太."""
    for pattern in _chinese():
        for match in pattern.finditer(text):
            if not _NOT_NAME_ZH.search(match["name"]):
                yield Span("name", match.start("name"), match.end("name"), match["name"])


@lru_cache(maxsize=1)
def _chinese() -> tuple[re.Pattern[str], ...]:
    surname = words().surname
    return (
        re.compile(rf"(?:{_SURE_ZH})[ :：]*(?P<name>{surname}[{_HAN}]{{1,2}}?){_END_ZH}"),
        re.compile(
            rf"(?:^|[^{_HAN}]|[给找叫请是为和与让位系跟问由])(?P<name>{surname}[{_HAN}]{{0,2}}?)(?:{_TITLE_ZH})"
        ),
    )
