"""A language's wording: its sentences, what is neutral in it, and what is a sensitive claim."""

from __future__ import annotations

import re
from collections.abc import Container, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property

from shoplake.errors import SettingsError
from shoplake.runtime.settings import conf_dir
from shoplake.runtime.typed import load_yaml

SLOT = re.compile(r"\{(\w+)\}")
#: A slot, a number, a word with its hyphens and apostrophes, a Chinese character, or a mark.
_TOKEN = re.compile(
    r"\{\w+\}|\d+(?:[.,]\d+)*|[^\W\d_\u4e00-\u9fff]+(?:['’-][^\W\d_\u4e00-\u9fff]+)*"
    r"|[\u4e00-\u9fff]|[^\w\s]"
)
_MARK = re.compile(r"[^\w\s{}]")
#: Tokens of the longest run that is looked for.
_MOST = 12
Run = tuple[str, ...]


@dataclass(frozen=True)
class Language:
    """conf/languages/<code>.yml; `docs/descriptions.md` explains its keys.

    Attributes:
        joiner: between sentences.
        openings: tone -> first sentences, each with {slots}.
        sentences: tone -> further sentences.
        roles: words before a value -> the attributes that the value may belong to.
        roles_after: the same for words after it.
        neutral: words that claim nothing, besides those of the sentences.
        no_article: words for what takes no article.
        negations: words that turn round what follows in the clause.
        negations_after: the same for the word before them ("sugar free").
        sensitive: kind of claim -> its phrases; they need evidence word for word.
        banned: phrases that are never published.
        affirming: values of an attribute that say no more than yes.
        denying: the same for no, besides the negations.
        glossary: values in English -> in this language.
        boasts: superlatives that not even an attribute's value may put into a text.
    """

    joiner: str
    openings: dict[str, tuple[str, ...]]
    sentences: dict[str, tuple[str, ...]]
    roles: dict[str, tuple[str, ...]]
    roles_after: dict[str, tuple[str, ...]]
    neutral: tuple[str, ...]
    no_article: tuple[str, ...]
    negations: tuple[str, ...]
    negations_after: tuple[str, ...]
    sensitive: dict[str, tuple[str, ...]]
    banned: tuple[str, ...]
    glossary: dict[str, str] = field(default_factory=dict)
    affirming: tuple[str, ...] = ()
    denying: tuple[str, ...] = ()
    boasts: tuple[str, ...] = ()

    @cached_property
    def neutral_phrases(self) -> frozenset[tuple[str, ...]]:
        """Token runs that claim nothing: the sentences between their slots, and `neutral`."""
        found = {words(text) for text in self.neutral}
        for group in (self.openings, self.sentences):
            for text in (t for tone in group.values() for t in tone):
                for part in SLOT.split(text)[::2]:
                    run = words(part)
                    found |= {run} if han(part) else {(word,) for word in run}
        return frozenset(run for run in found if run)

    @cached_property
    def neutral_words(self) -> frozenset[str]:
        """Every token of the neutral phrases."""
        return frozenset(token for run in self.neutral_phrases for token in run)

    def said(self, value: str) -> str:
        """A value in this language; as it is where the glossary does not know it."""
        return self.glossary.get(value.lower(), self.glossary.get(value, value))


@cache
def load_language(code: str) -> Language:
    """conf/languages/<code>.yml.

    Raises:
        SettingsError: there is no such language, or its file does not fit.
    """
    folder = conf_dir() / "languages"
    known = sorted(p.stem for p in folder.glob("*.yml"))
    if code not in known:
        raise SettingsError(
            f"no language '{code}'", where=str(folder), remedy=f"known: {', '.join(known)}"
        )
    language = load_yaml(folder / f"{code}.yml", Language)
    for name in ("plain", "warm"):
        if not language.openings.get(name) or not language.sentences.get(name):
            raise SettingsError(
                f"no {name} sentences", where=str(folder / f"{code}.yml"), remedy="add them"
            )
    return language


@cache
def languages() -> tuple[Language, ...]:
    """Every language of conf/languages: catalogues mix them, whatever a text is written in."""
    return tuple(load_language(p.stem) for p in sorted((conf_dir() / "languages").glob("*.yml")))


def tokens(text: str) -> list[str]:
    """Slots, words, numbers, Chinese characters and marks, as written."""
    return _TOKEN.findall(text)


def spans(text: str) -> list[tuple[str, int, int]]:
    """The same with where each starts and ends."""
    return [(m[0], m.start(), m.end()) for m in _TOKEN.finditer(text)]


def words(text: str) -> tuple[str, ...]:
    """The tokens that are no marks, each as `stem` leaves it."""
    return tuple(stem(token) for token in tokens(text) if not is_mark(token))


def stems(text: str) -> tuple[str, ...]:
    """Every token with its marks, each as `stem` leaves it."""
    return tuple(stem(token) for token in tokens(text))


def stem(word: str) -> str:
    """Lower case without a plural s or a possessive."""
    word = word.lower().replace("’", "'").removesuffix("'s").replace(",", ".")
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def is_mark(token: str) -> bool:
    """Whether a token is punctuation."""
    return len(token) == 1 and bool(_MARK.match(token)) and token not in "%£$€"


def runs_from(tokens: Sequence[str], at: int) -> list[tuple[int, Run]]:
    """The runs that start at a token, longest first: how many tokens, and which are no marks."""
    found: list[tuple[int, Run]] = []
    run: Run = ()
    for size, token in enumerate(tokens[at : at + _MOST], start=1):
        if not is_mark(token):
            run = (*run, token)
            found.append((size, run))
    return found[::-1]


def longest_run(starting: Sequence[tuple[int, Run]], known: Container[Run]) -> int:
    """Tokens of the longest of `runs_from` that is known; 0: none."""
    return next((size for size, run in starting if run in known), 0)


def han(text: str) -> bool:
    """Whether a text has Chinese characters."""
    return any("\u4e00" <= c <= "\u9fff" for c in text)
