"""Facts into sentences: what fills a slot, the template's text, and pairs to learn writing from."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np

from shoplake.models.descriptions.facts import Known
from shoplake.models.descriptions.language import SLOT, Language, han, stem, tokens

#: Attributes that have sentences of their own, in the order in which they matter.
SLOTS = (
    "kind", "colour", "material", "scent", "flavour", "style", "pack", "country", "volume", "brand",
    "category",
)  # fmt: skip
_SPARE = 3
_SHORT = 3
_PHRASE_WORDS = 14
_VOWELS = tuple("aeiou")

Slots = dict[str, str]


def slots_of(known: Known, language: Language, *, text: bool) -> Slots:
    """What fills each slot, in the language where its glossary has the value.

    Attributes without sentences of their own take {key1} and {value1} to {key3} and {value3}.

    Args:
        known: of the product.
        language: to write in.
        text: also {text}: the first phrase of the product's own text, if it is of the language.
    """
    said = {f.attribute: f.value for f in known.facts}
    found = {slot: language.said(said[slot]) for slot in SLOTS if slot in said}
    spare = [attribute for attribute in said if attribute not in SLOTS][:_SPARE]
    for number, attribute in enumerate(spare, start=1):
        found[f"key{number}"] = language.said(attribute)
        found[f"value{number}"] = language.said(said[attribute])
    if text and (phrase := first_phrase(known.text)) and han(phrase) == (not language.joiner):
        found["text"] = phrase
    return found


def first_phrase(text: str) -> str:
    """A text's first sentence, or what stands before its first colon; "" if it is long."""
    phrase = re.split(r"[.:;!?。：；！？]", text, maxsplit=1)[0].strip()
    return phrase if 0 < len(tokens(phrase)) <= _PHRASE_WORDS else ""


def template(slots: Slots, language: Language, *, tone: str, length: str) -> str:
    """The text that fixed sentences make: the opening that says most, then a sentence a fact.

    Returns:
        The text; "" where no sentence fits what is known.
    """
    found = _pattern(wanted(slots, length), language, tone, None)
    return realise(" ".join(found), slots, language)


def pattern(
    slots: Slots, language: Language, tone: str, length: str, draw: np.random.Generator
) -> str:
    """A text with its slots still open, of sentences drawn at random."""
    return " ".join(_pattern(wanted(slots, length), language, tone, draw))


def wanted(slots: Slots, length: str) -> list[str]:
    """The slots that a text of this length should fill, most important first."""
    order = [slot for slot in slots if not slot.startswith(("key", "value"))]
    spare = [slot for slot in slots if slot.startswith(("key", "value"))]
    return order[:_SHORT] if length == "short" else order + spare


def drawn_slots(language: Language, draw: np.random.Generator) -> Slots:
    """Slots that a product may have; their values do not matter."""
    own = [s for s in SLOTS if draw.random() < (0.9 if s == "kind" else 0.5)]
    spare = int(draw.choice([0, 0, 0, 1, 2, 3]))
    own += [f"{part}{n}" for n in range(1, spare + 1) for part in ("key", "value")]
    if language.joiner and draw.random() < 0.3:
        own.append("text")
    return dict.fromkeys(own, "")


def realise(text: str, slots: Mapping[str, str], language: Language) -> str:
    """Fill the slots of a pattern, put articles right and start sentences with a capital."""
    if not language.joiner:
        text = re.sub(r"(?<![A-Za-z0-9]) | (?![A-Za-z0-9])", "", text)
    filled = SLOT.sub(lambda m: slots.get(m[1], m[0]), _articles(text, slots, language))
    if not language.joiner:
        return filled
    filled = re.sub(r"\s+([.,:;!?])", r"\1", filled)
    return re.sub(r"(^|[.!?]\s+)(\w)", lambda m: m[1] + m[2].upper(), filled).strip()


def _articles(text: str, slots: Mapping[str, str], language: Language) -> str:
    """`a` or `an` or nothing, by what follows; of the thing itself, its last word decides."""
    if not language.joiner:
        return text
    parts = text.split()
    kept: list[str] = []
    for i, part in enumerate(parts):
        if part.lower() not in ("a", "an") or i + 1 == len(parts):
            kept.append(part)
            continue
        noun = next((p for p in parts[i + 1 :] if "{kind}" in p), "") if "{" in text else ""
        last = (slots.get("kind", "").lower().split() or [""])[-1] if noun else ""
        plural = last.endswith("s") and stem(last) != last
        if noun and (plural or last in language.no_article):
            continue
        after = SLOT.sub(lambda m: slots.get(m[1], ""), parts[i + 1]).lower()
        kept.append("an" if after.startswith(_VOWELS) else "a")
    return " ".join(kept)


def _pattern(
    asked: Sequence[str], language: Language, tone: str, draw: np.random.Generator | None
) -> list[str]:
    left = set(asked)
    openings = [(o, s) for o in language.openings[tone] if (s := set(SLOT.findall(o))) <= left]
    if not openings:
        return []
    if draw is None:
        opening, said = max(openings, key=lambda pair: len(pair[1]))
    else:
        kind = [pair for pair in openings if "kind" in pair[1]] or openings
        opening, said = kind[int(draw.integers(len(kind)))]
    found, left = [opening], left - said
    while left:
        fitting = [
            (text, s) for text in language.sentences[tone] if (s := set(SLOT.findall(text))) <= left
        ]
        if not fitting:
            break
        first = next(slot for slot in asked if slot in left and any(slot in s for _, s in fitting))
        about = [pair for pair in fitting if first in pair[1]]
        text, said = about[0 if draw is None else int(draw.integers(len(about)))]
        found.append(text)
        left -= said
    return found
