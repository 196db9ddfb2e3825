"""Messages whose products and orders are marked, made by filling the slots of templates.

Nobody has marked the utterances of a shop. But "cancel my order" says where a number would stand,
and "add an item" where a product would: names drawn for these slots give marked messages without
end (mention replacement: Dai & Adel, "An Analysis of Simple Data Augmentation for Named Entity
Recognition", COLING 2020). Products get names of random words, so that what is learnt is where a
name stands and not which names there are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from shoplake.errors import SettingsError
from shoplake.runtime.settings import conf_dir
from shoplake.runtime.typed import load_yaml

KINDS = ("order", "product")
#: A filler draws a text for a slot.
Filler = Callable[[np.random.Generator], str]
_OTHERS = ("amount", "count", "phone", "day")
_SLOT = re.compile(r"\{(\w+)\}")
_ITEM = re.compile(
    r"\b(?:(?:the|an?|my|this|that|some|several|few|of|your|these|those|one|two)\s+)*"
    r"(?:items?|products?|articles?)\b",
    re.IGNORECASE,
)
_ORDER = re.compile(
    r"\b(?:(?:the|an?|my|this|last|your)\s+)+(order|purchase|invoice)\b(?!\s*(?:i|we|number|#))",
    re.IGNORECASE,
)
#: Of messages with a slot, so many say something beside it, and so many are written carelessly.
_ASIDE, _CARELESS = 0.4, 0.5
_ARTICLE = re.compile(r"\b(?:a|an) (?=\{product\})", re.IGNORECASE)


@dataclass(frozen=True, order=True)
class Mention:
    """`text[start:stop]` names something of `kind` (one of `KINDS`)."""

    start: int
    stop: int
    kind: str


@dataclass(frozen=True)
class Marked:
    """A message and what it names, in order."""

    text: str
    mentions: tuple[Mention, ...]


@dataclass(frozen=True)
class Mentions:
    """`conf/assistant/mentions.yml`.

    Attributes:
        templates: intent -> sentences with slots.
        asides: what may be said beside them.
    """

    templates: dict[str, list[str]]
    asides: list[str]


def load_mentions(path: Path | None = None) -> Mentions:
    """Read `conf/assistant/mentions.yml`, or another file of its form.

    Raises:
        SettingsError: a key is unknown or missing, a slot is unknown, or an aside names something.
    """
    path = path or conf_dir() / "assistant" / "mentions.yml"
    found = load_yaml(path, Mentions)
    for where, lines, known in (
        ("templates", [t for ts in found.templates.values() for t in ts], (*KINDS, *_OTHERS)),
        ("asides", found.asides, _OTHERS),
    ):
        for line in lines:
            odd = [slot for slot in _SLOT.findall(line) if slot not in known]
            if odd:
                raise SettingsError(
                    f'no slot {{{odd[0]}}} in "{line}"',
                    where=f"{path}: {where}",
                    remedy=f"slots: {', '.join(known)}",
                )
    return found


def slotted(utterance: str) -> str | None:
    """An utterance with slots where it speaks of an item or an order; None where of neither."""
    if _SLOT.search(utterance) or "{" in utterance:
        return None
    found = _ORDER.sub(lambda m: f"{m[1]} {{order}}", _ITEM.sub("{product}", utterance))
    return found if found != utterance else None


def marked(
    templates: Sequence[str],
    asides: Sequence[str],
    fillers: Mapping[str, Filler],
    random: np.random.Generator,
) -> list[Marked]:
    """Each template filled once.

    Args:
        templates: sentences with slots.
        asides: what may be said beside them; may be empty.
        fillers: of every slot, see `fillers`.
        random: of the draws.
    """
    return [_marked(template, asides, fillers, random) for template in templates]


def _marked(
    template: str,
    asides: Sequence[str],
    fillers: Mapping[str, Filler],
    random: np.random.Generator,
) -> Marked:
    if asides and random.random() < _ASIDE:
        aside = str(random.choice(list(asides)))
        template = f"{template}, {aside}" if random.random() < 0.5 else f"{aside}. {template}"
    if random.random() < _CARELESS:
        template = _ARTICLE.sub("", template)
    elif random.random() < 0.5:
        template = template[:1].upper() + template[1:] + str(random.choice([".", "?", "!"]))
    text, mentions, end = "", [], 0
    for slot in _SLOT.finditer(template):
        text += template[end : slot.start()]
        value, end = fillers[slot[1]](random), slot.end()
        if slot[1] in KINDS:
            mentions.append(Mention(len(text), len(text) + len(value), slot[1]))
        text += value
    return Marked(text + template[end:], tuple(mentions))


def fillers(products: Filler, orders: Sequence[str]) -> dict[str, Filler]:
    """What fills each slot.

    Args:
        products: draws a product's name.
        orders: shapes of order numbers: 9 becomes any digit, X any letter, the rest stays.
    """
    return {
        "product": products,
        "order": lambda random: shaped(str(random.choice(list(orders))), random),
        "amount": lambda random: shaped(
            str(random.choice(["£99.99", "99 euros", "$999", "99,50 €", "999 pounds"])), random
        ),
        "count": lambda random: str(random.integers(2, 120)),
        "phone": lambda random: shaped(
            str(random.choice(["07999 999999", "+44 7999 999999", "0999-9999999"])), random
        ),
        "day": lambda random: str(
            random.choice(
                ["Monday", "yesterday", "last week", "3 March", "2026-01-19", "the 12th", "14/02"]
            )
        ),
    }


#: Shapes of order numbers that are learnt from, and others to judge on.
SHAPES = ("999999", "99999", "9999999", "X-9999", "#9999", "XXX-99999", "XX99999", "9999/99")
OTHER_SHAPES = ("99999999", "XX-999-999", "#999999", "X999999", "2099-99999", "XXX999-9")


def shaped(shape: str, random: np.random.Generator) -> str:
    """A text of the shape: 9 is any digit, X any letter."""
    draw = {"9": "0123456789", "X": "ABCDEFGHJKLMNPQRSTUVWXYZ"}
    return "".join(str(random.choice(list(draw[c]))) if c in draw else c for c in shape)


def random_names(words: Sequence[str]) -> Filler:
    """Draws names of one to five words, as shops write them.

    Args:
        words: to draw from.
    """
    pool = np.array(sorted(words), dtype=object)

    def draw(random: np.random.Generator) -> str:
        name = " ".join(random.choice(pool, int(random.integers(1, 6))))
        tail = str(random.choice(["", "", "", "", " set of 9", " 99cm", " 999 ml", " – Set of 9"]))
        name = f"{name}{shaped(tail, random) if tail else ''}"
        written = random.random()
        return name.title() if written < 0.3 else name.upper() if written < 0.4 else name

    return draw
