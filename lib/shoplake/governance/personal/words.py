"""The words people's names are known by, from `conf/personal.yml`."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Literal

from shoplake.runtime.settings import conf_dir
from shoplake.runtime.typed import load_yaml


@dataclass(frozen=True)
class Words:
    """`conf/personal.yml`, each list as words between blanks.

    Attributes:
        engine: `builtin`, or `presidio` to add the names that its model finds.
        given_names: with a capitalised word behind them they make a person.
        given_names_that_are_words: names only behind a phrase such as "my name is".
        not_surnames: capitalised words that no person is called by.
        things: nouns that make the name before them that of a product.
        brands: `Given_Surname` of brands, characters and public figures.
        not_people: what follows "Dear" or "Dr" and is nobody.
        chinese_surnames: of one character, without blanks.
        compound_surnames: Chinese surnames of two characters.
    """

    engine: Literal["builtin", "presidio"]
    given_names: str
    given_names_that_are_words: str
    not_surnames: str
    things: str
    brands: str
    not_people: str
    chinese_surnames: str
    compound_surnames: str

    @cached_property
    def given(self) -> frozenset[str]:
        """Given names that are hardly ever anything else."""
        return frozenset(self.given_names.split()) - frozenset(
            self.given_names_that_are_words.split()
        )

    @cached_property
    def any_given(self) -> frozenset[str]:
        """All given names, in lower case."""
        every = f"{self.given_names} {self.given_names_that_are_words}"
        return frozenset(every.lower().split())

    @cached_property
    def no_surname(self) -> frozenset[str]:
        """Capitalised words that are no surname."""
        return frozenset(self.not_surnames.split())

    @cached_property
    def thing(self) -> frozenset[str]:
        """Nouns of products, in lower case."""
        return frozenset(self.things.lower().split())

    @cached_property
    def brand(self) -> frozenset[str]:
        """Pairs "Given Surname" that are no customer."""
        return frozenset(pair.replace("_", " ") for pair in self.brands.split())

    @cached_property
    def nobody(self) -> frozenset[str]:
        """What follows a greeting or a title and is no name."""
        return frozenset(self.not_people.split())

    @cached_property
    def surname(self) -> str:
        """Regular expression of one Chinese surname."""
        single = "".join(self.chinese_surnames.split())
        return f"(?:{'|'.join(self.compound_surnames.split())}|[{single}])"


def fingerprint() -> str:
    """8 hex digits that change whenever a word does: what is masked with others is not the same."""
    return hashlib.sha256(repr(words()).encode()).hexdigest()[:8]


@lru_cache(maxsize=1)
def words() -> Words:
    """The words of this installation.

    Raises:
        SettingsError: the file is missing or does not fit.
    """
    return load_yaml(conf_dir() / "personal.yml", Words)
