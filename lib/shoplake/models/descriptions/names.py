"""What the name of an attribute says of a product: that name with its value, and no more.

Shops write names too, so a name alone is no evidence: "vegan" with the value "no" denies what it
names, and only a value that affirms lets it stand without its value.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from shoplake.models.descriptions.facts import Fact
from shoplake.models.descriptions.language import (
    Language,
    Run,
    han,
    is_mark,
    languages,
    longest_run,
    runs_from,
    words,
)
from shoplake.models.descriptions.wording import SLOTS

_COLONS = frozenset(":：=")
_ENDS = frozenset(".!?;。！？；,，、")
#: Words that may stand between a name and its value.
_LINKS = frozenset({"is", "are", "of", "是", "为"})


@dataclass(frozen=True)
class Named:
    """A place where a text names an attribute.

    Attributes:
        size: tokens from where it starts.
        fact: what it is about.
        holds: whether the fact supports what is said.
        name: its first token and the one after its last.
        denied: the fact's value is a negation.
    """

    size: int
    fact: Fact
    holds: bool
    name: tuple[int, int]
    denied: bool = False


class Names:
    """The attributes of one product, by the words of their names."""

    def __init__(self, facts: Iterable[Fact], language: Language) -> None:
        """Index the facts of a product.

        Args:
            facts: of `Known`.
            language: of the text; values may affirm and deny in any language.
        """
        every = languages()
        self._yes = {words(w) for one in every for w in one.affirming}
        self._no = {words(w) for one in every for w in (*one.denying, *one.negations)}
        self._negations = {words(w) for w in language.negations}
        self._after = {words(w) for w in language.negations_after}
        self._neutral = language.neutral_phrases
        self._language = language
        self._facts: dict[Run, list[Fact]] = {}
        for fact in facts:
            for name in {words(fact.attribute), words(language.said(fact.attribute))} - {()}:
                if not (name in self._neutral or all((w,) in self._neutral for w in name)):
                    self._facts.setdefault(name, []).append(fact)

    def at(self, tokens: Sequence[str], at: int, negated: Sequence[bool]) -> Named | None:
        """What a text says of an attribute from a token on; None: nothing that its value decides.

        Args:
            tokens: stems of the text.
            at: where to look.
            negated: whether each token stands in a negated part of its clause.
        """
        if not self._facts:
            return None
        return (
            self._stated(tokens, at, negated)
            or self._after_value(tokens, at, negated)
            or self._denied(tokens, at)
            or self._alone(tokens, at, negated)
        )

    def denied_within(self, tokens: Sequence[str], first: int, end: int) -> Iterator[Named]:
        """Attributes that a part of a text names although their values deny them."""
        for at in range(first, end):
            found = self._alone(tokens[:end], at, [False] * end)
            if found and not found.holds:
                yield found

    def affirmed(self) -> set[str]:
        """Words of the names whose values affirm them."""
        return {
            w for name, facts in self._facts.items() if all(map(self._affirms, facts)) for w in name
        }

    def bare(self, fact: Fact) -> bool:
        """Whether a value is no more than yes or no, so that it says nothing without its name."""
        run = words(fact.value)
        verdict = run in self._yes or run in self._no
        return verdict and fact.attribute not in SLOTS and not fact.value.isdigit()

    def denies(self, fact: Fact) -> bool:
        """Whether a value is a negation or begins with one: "no", "none", "not yet", "否"."""
        run = words(fact.value)
        begins = len(run) > 1 and not han(fact.value) and not run[0].isdigit()
        return run in self._no or (begins and run[:1] in self._no and not run[1][0].isdigit())

    def _affirms(self, fact: Fact) -> bool:
        return words(fact.value) in self._yes

    def _forms(self, fact: Fact) -> set[Run]:
        return {words(fact.value), words(self._language.said(fact.value))} - {()}

    def _stated(self, tokens: Sequence[str], at: int, negated: Sequence[bool]) -> Named | None:
        """A name with its value after it."""
        for size, name in runs_from(tokens, at):
            for fact in self._facts.get(name, []):
                if end := self._value_from(tokens, at + size, fact):
                    turned = negated[at] and words(fact.value)[:1] not in self._after
                    name_at = (at, at + size)
                    return Named(end - at, fact, not turned, name_at, self.denies(fact))
        return None

    def _value_from(self, tokens: Sequence[str], start: int, fact: Fact) -> int:
        """The token after a fact's value, which a few links may precede; 0: it is not there."""
        colon = False
        for at in range(start, min(start + 4, len(tokens))):
            mark = is_mark(tokens[at])
            for size, run in () if mark else runs_from(tokens, at):
                end = at + size
                closed = end == len(tokens) or tokens[end] in _ENDS
                # "A vegan mug, no lid" and "vegan: no animal fat" do not say that vegan is "no".
                if run in self._forms(fact) and (not self.bare(fact) or (colon and closed)):
                    return end
            colon = colon or tokens[at] in _COLONS
            if tokens[at] not in _LINKS and not (mark and tokens[at] not in _ENDS):
                return 0
        return 0

    def _after_value(self, tokens: Sequence[str], at: int, negated: Sequence[bool]) -> Named | None:
        """A name with its value before it: "9 cm diameter", "9 cm in diameter"."""
        starting = runs_from(tokens, at)
        for name, facts in self._facts.items():
            for fact in (f for f in facts if not self.bare(f)):
                for form in self._forms(fact):
                    size = longest_run(starting, {form})
                    start = self._name_from(tokens, at + size)
                    if size and (more := longest_run(runs_from(tokens, start), {name})):
                        end = start + more
                        holds = not any(negated[at:end])
                        return Named(end - at, fact, holds, (start, end), self.denies(fact))
        return None

    def _denied(self, tokens: Sequence[str], at: int) -> Named | None:
        """A negation beside a name whose value denies it: "not vegan", "sugar free"."""
        turned = longest_run(runs_from(tokens, at), self._negations)
        start = self._name_from(tokens, at + turned) if turned else at
        size = longest_run(runs_from(tokens, start), self._facts)
        if not size:
            return None
        end = start + size
        after = 0 if turned else longest_run(runs_from(tokens, end), self._after)
        fact = next((f for f in self._of(tokens[start:end]) if self.denies(f)), None)
        if fact is None or not (turned or after):
            return None
        return Named(end + after - at, fact, True, (start, end))

    def _alone(self, tokens: Sequence[str], at: int, negated: Sequence[bool]) -> Named | None:
        size = longest_run(runs_from(tokens, at), self._facts)
        facts = self._of(tokens[at : at + size])
        denying = next((f for f in facts if self.denies(f)), None)
        if denying is not None:
            return Named(size, denying, False, (at, at + size))
        if facts and all(map(self._affirms, facts)):
            return Named(size, facts[0], not any(negated[at : at + size]), (at, at + size))
        return None

    def _of(self, tokens: Sequence[str]) -> list[Fact]:
        return self._facts.get(tuple(t for t in tokens if not is_mark(t)), [])

    def _name_from(self, tokens: Sequence[str], at: int) -> int:
        """Where a name starts: at a token, or after it where that is a word that claims nothing."""
        here = longest_run(runs_from(tokens, at), self._facts)
        neutral = at < len(tokens) and (tokens[at],) in self._neutral
        return at + 1 if neutral and not here else at
