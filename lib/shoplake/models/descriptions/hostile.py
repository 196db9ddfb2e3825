"""Text of the catalogue that must not steer a model or a page: instructions, markup, addresses.

What a seller writes into a name or an attribute ends in a prompt and on a page. So a text that
reads like an instruction is not used at all, and markup, links and control characters are taken
out of the rest (OWASP Top 10 for LLM Applications 2025, LLM01 Prompt Injection: treat it as data).
"""

from __future__ import annotations

import html
import re
import unicodedata

_INSTRUCTION = re.compile(
    r"\b(?:ignore|disregard|forget|override|bypass)\b.{0,40}"
    r"\b(?:instruction|prompt|rule|previous|the above|prior|guideline|check|system|fact)"
    r"|(?:^|[.!?;:\]>]\s*)(?:system|assistant|developer|user)\s*[:>\]]"
    r"|\bsystem (?:prompt|message)\b"
    r"|<\|.{0,30}\|>|\[/?INST\]|###\s*\w+"
    r"|\byou (?:are now|must|should)\b.{0,20}\b(?:act|say|write|describe|respond|answer|claim)\b"
    r"|(?:^|[.!?;:,]\s*|\b(?:and|then|please|must|should|now|to)\s+)"
    r"(?:say|write|claim|respond|answer|reply|output|print|repeat|describe|pretend)\b.{0,20}"
    r"\b(?:that|it is|it cures|as if|the following|instead|exactly)\b"
    r"|忽略.{0,12}(?:指令|提示|规则|以上|之前)|无视.{0,12}(?:指令|提示|规则)|系统提示"
    r"|你(?:现在是|必须|应该)|请(?:写|说|输出|回答)",
    re.IGNORECASE | re.DOTALL,
)
_CODE = re.compile(
    r"(?:javascript|vbscript)\s*:|\bon\w+\s*=\s*[\"']?\w+\(|\{\{|\$\{|;\s*drop\s+table",
    re.IGNORECASE,
)
_TAG = re.compile(
    r"<\s*(script|style)\b.*?(?:<\s*/\s*\1\s*>|$)|<[^>]*>?", re.IGNORECASE | re.DOTALL
)
#: An address is left whole, or what remains of it is no longer known as personal data.
_LINK = re.compile(
    r"(?:https?://|www\.)\S+|(?P<mail>[\w.%+'-]+@[\w-]+(?:\.[\w-]+)+)"
    r"|\b[\w-]+\.(?:com|net|org|io|cn|co\.uk)\b\S*",
    re.IGNORECASE,
)
_LONGEST = 600


def cleaned(text: str) -> tuple[str, str]:
    """The text that may be used, and why something was left out ("" where nothing was).

    A text that reads like an instruction is not used: "" comes back. Markup and links are taken
    out, invisible characters too, and what is left is cut at 600 characters.
    """
    plain = unicodedata.normalize("NFKC", html.unescape(text))
    plain = "".join(c for c in plain if unicodedata.category(c) != "Cf")
    plain = "".join(c if unicodedata.category(c)[0] != "C" else " " for c in plain)
    squeezed = re.sub(r"\s+", " ", plain).strip()
    if _INSTRUCTION.search(squeezed) or _INSTRUCTION.search(_TAG.sub("", squeezed)):
        return "", "reads like an instruction"
    if _CODE.search(squeezed):
        return "", "has code in it"
    kept = re.sub(r"\s+", " ", _unlinked(_TAG.sub(" ", squeezed))).strip(" -–|,")
    kept = kept.replace("{", "(").replace("}", ")").replace("<", " ").replace(">", " ")
    if len(kept) > _LONGEST:
        return kept[:_LONGEST].rsplit(" ", 1)[0], "longer than 600 characters"
    return kept, "has markup or a link in it" if kept != squeezed.strip(" -–|,") else ""


def _unlinked(text: str) -> str:
    return _LINK.sub(lambda m: m["mail"] or " ", text)
