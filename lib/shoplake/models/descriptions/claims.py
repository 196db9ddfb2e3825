"""What a text says of a product, with its evidence, and what is never said of any."""

from __future__ import annotations

from dataclasses import dataclass, field

from shoplake.models.descriptions.facts import Fact, Known


@dataclass(frozen=True)
class Claim:
    """Something a text says.

    Attributes:
        words: as the text has it.
        kind: an attribute's name, or superlative, health, eco, price, banned, number, brand,
            negation, personal, other.
        evidence: where it comes from ("attribute colour: navy blue"); None: nowhere.
    """

    words: str
    kind: str
    evidence: str | None


@dataclass(frozen=True)
class Checked:
    """A text's claims, and why it cannot be published (nothing: it can)."""

    claims: tuple[Claim, ...]
    reasons: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Nothing speaks against it."""
        return not self.reasons

    def covered(self, known: Known) -> float:
        """Share of the facts that the text says."""
        said = {c.kind for c in self.claims if c.evidence}
        return sum(f.attribute in said for f in known.facts) / max(len(known.facts), 1)


@dataclass(frozen=True)
class Rules:
    """What is never said, of any product.

    Attributes:
        banned: phrases.
        brands: names that only their own products may mention.
        guarded: those of them that are misused also within a shop's own values ("nike style mug").
            Of other brands a value may be an ordinary word: "apple".
    """

    banned: tuple[str, ...] = ()
    brands: frozenset[str] = field(default_factory=frozenset)
    guarded: frozenset[str] = field(default_factory=frozenset)


def evidence(fact: Fact) -> str:
    """A fact as evidence: its source, attribute and value."""
    if fact.source == "picture":
        return f"picture {fact.attribute}: {fact.value} ({fact.confidence:.2f})"
    return f"{fact.source} {fact.attribute}: {fact.value}"
