"""Every claim of a description and its evidence; what has none, or may not be said, is told.

A text is covered, token by token and longest run first, by values of facts, by sensitive phrases
(superlatives, health, environment, price) and by wording that claims nothing. What is left claims
something: it counts as supported if the product's own text says the same word with the same
polarity, else not. So a claim is unsupported unless shown otherwise, where entailment models (Dušek
& Kasner, INLG 2020; Maynez et al., ACL 2020) must find what contradicts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from shoplake.governance.personal import Span, find
from shoplake.models.descriptions.claims import Checked, Claim, Rules, evidence
from shoplake.models.descriptions.facts import Fact, Known
from shoplake.models.descriptions.language import (
    Language,
    is_mark,
    longest_run,
    runs_from,
    spans,
    stem,
    stems,
    words,
)

_CLAUSE_ENDS = frozenset(".!?;:。！？；：\n")
_COMMAS = frozenset(",，、")
#: Attributes whose last word alone says them too: "green" of "sage green".
_BY_LAST_WORD = ("kind", "colour")
_CURRENCY = frozenset("£$€¥%")


@dataclass
class _Run:
    """Tokens first..last of a text that are one thing."""

    first: int
    last: int
    kind: str
    evidence: str | None


class Grounder:
    """Checks texts of one language."""

    def __init__(self, language: Language, rules: Rules) -> None:
        self._language = language
        self._rules = rules
        self._before = {stems(text): allowed for text, allowed in language.roles.items()}
        self._after_value = {stems(text): allowed for text, allowed in language.roles_after.items()}
        self._negations = {words(w) for w in language.negations}
        self._after = {words(w) for w in language.negations_after}
        self._turning = self._negations | self._after
        self._sensitive = {words(p): k for k, ps in language.sensitive.items() for p in ps}
        banned = (*language.banned, *rules.banned)
        self._banned = {words(phrase) for phrase in banned}
        self._sensitive |= dict.fromkeys(self._banned, "banned")

    @cached_property
    def _brands(self) -> dict[tuple[str, ...], str]:
        neutral = self._language.neutral_words
        return {words(b): b for b in self._rules.brands if not set(words(b)) <= neutral}

    def check(self, text: str, known: Known) -> Checked:
        """The claims of a text and the reasons against it, if any.

        Args:
            text: as it would be published.
            known: the facts and the own text of the product.
        """
        found = spans(text)
        tokens = [stem(token) for token, _, _ in found]
        ends = [is_mark(token) for token, _, _ in found]
        values = self._values(known)
        runs = self._cover(tokens, ends, values, known)
        private = self._personal(text, known)
        claims = [Claim(f"[{span.kind}]", "personal", None) for span in private]
        for run in runs:
            first, last = found[run.first][1], found[run.last][2]
            if all(last <= span.start or first >= span.end for span in private):
                claims.append(Claim(text[first:last], run.kind, run.evidence))
        reasons = [
            f"{'banned' if c.kind == 'banned' else 'unsupported'} {c.kind}: {c.words}"
            if c.kind not in ("personal", "banned")
            else f"{c.kind}: {c.words}"
            for c in claims
            if c.evidence is None
        ]
        if not any(c.evidence for c in claims):
            reasons.append("nothing is said of the product")
        return Checked(tuple(claims), tuple(dict.fromkeys(reasons)))

    def allowed(self, known: Known) -> frozenset[str]:
        """Stems that a text of the product may have without being unsupported by themselves."""
        said = {w for run in self._values(known) for w in run} | set(words(known.text))
        barred = {run[0] for run in self._sensitive if len(run) == 1} - said
        return (self._language.neutral_words | said) - barred

    def _values(self, known: Known) -> dict[tuple[str, ...], list[Fact]]:
        found: dict[tuple[str, ...], list[Fact]] = {}
        for fact in known.facts:
            for value in {fact.value, self._language.said(fact.value)}:
                run = words(value)
                forms = {run} | ({run[-1:]} if fact.attribute in _BY_LAST_WORD else set())
                for form in forms - {()}:
                    found.setdefault(form, []).append(fact)
            # The label of an attribute without a sentence of its own claims nothing.
            found.setdefault(words(fact.attribute), [])
        return found

    def _cover(
        self,
        tokens: list[str],
        marks: list[bool],
        values: dict[tuple[str, ...], list[Fact]],
        known: Known,
    ) -> list[_Run]:
        source = _Source(known.text, self)
        negated = self._negated(tokens)
        runs: list[_Run] = []
        at = 0
        while at < len(tokens):
            if marks[at]:
                at += 1
                continue
            starting = runs_from(tokens, at)
            brand = longest_run(starting, self._brands)
            value = longest_run(starting, values)
            loud = longest_run(starting, self._sensitive)
            neutral = longest_run(starting, self._language.neutral_phrases)
            turned = longest_run(starting, self._turning)
            size = max(value, loud, neutral, brand, turned, 1)
            run = _bare(tokens[at : at + size])
            if loud == size and not (value == size and self._sensitive[run] != "banned"):
                kind = self._sensitive[run]
                said = source.says(run, negated[at]) if kind != "banned" else None
                runs.append(_Run(at, at + size - 1, kind, said))
            elif value == size:
                claim = self._value(tokens, at, size, values[run], negated[at])
                if claim is not None:
                    runs += [claim, *self._banned_within(tokens, at, size)]
            elif brand == size:
                runs.append(_Run(at, at + size - 1, "brand", None))
            elif turned == size:
                after = tuple(tokens[at + size : at + size + 1])
                before = tuple(tokens[at - 1 : at]) if run in self._after else after
                said = source.says(before, True) if before else None
                runs.append(_Run(at, at + size - 1, "negation", said))
            elif neutral != size:
                number = any(c.isdigit() for c in run[0]) or run[0] in _CURRENCY
                near = tuple(tokens[at : at + 2]) if number else run
                role = max(self._roles_before(tokens, at), key=len, default=())
                said = source.says((*role, *near), negated[at])
                runs.append(_Run(at, at, "number" if number else "other", said))
            at += size
        return _joined(runs)

    def _value(
        self, tokens: list[str], at: int, size: int, facts: list[Fact], negated: bool
    ) -> _Run | None:
        """The claim of a fact's value, unsupported where the words around it say otherwise."""
        if not facts:
            return None
        end = at + size
        roles = [self._before[text] for text in self._roles_before(tokens, at)]
        roles += [
            r
            for text, r in self._after_value.items()
            if tuple(tokens[end : end + len(text)]) == text
        ]
        labelled = [f for f in facts if _labels(f.attribute, tokens, at)]
        fitting = labelled or [f for f in facts if all(f.attribute in role for role in roles)]
        fact = (fitting or facts)[0]
        said = evidence(fact) if fitting and not negated else None
        return _Run(at, end - 1, fact.attribute, said)

    def _banned_within(self, tokens: list[str], at: int, size: int) -> Iterator[_Run]:
        """Banned phrases that a value brings along: a name may say anything."""
        for first in range(at, at + size):
            found = longest_run(runs_from(tokens, first), self._banned)
            if found and first + found <= at + size:
                yield _Run(first, first + found - 1, "banned", None)

    def _roles_before(self, tokens: list[str], at: int) -> list[tuple[str, ...]]:
        """The words just before a token that say which attribute it is."""
        return [text for text in self._before if tuple(tokens[:at][-len(text) :]) == text]

    def _negated(self, tokens: list[str]) -> list[bool]:
        """Whether each token stands in a negated part of its clause."""
        found, on = [False] * len(tokens), False
        for i, token in enumerate(tokens):
            if token in _CLAUSE_ENDS or token in _COMMAS:
                on = False
            found[i] = on
            if (token,) in self._negations:
                on = True
            if (token,) in self._after and i:
                found[i - 1] = True
        return found

    def _personal(self, text: str, known: Known) -> list[Span]:
        """Personal data; a name within a brand or another value of a column is none."""
        values = [f.value.lower() for f in known.facts if f.source == "attribute"]
        return [
            span
            for span in find(text)
            if span.kind != "name" or not any(span.text.lower() in value for value in values)
        ]


class _Source:
    """The product's own text: which words it says, and whether it says them or denies them."""

    def __init__(self, text: str, grounder: Grounder) -> None:
        self._tokens = [stem(token) for token, _, _ in spans(text)]
        self._negated = grounder._negated(self._tokens)

    def says(self, run: tuple[str, ...], negated: bool) -> str | None:
        """Evidence for a run of tokens; a number's second token is its unit."""
        run = tuple(w for w in run if not is_mark(w))
        size = len(run)
        for at in range(len(self._tokens) - size + 1):
            same = tuple(self._tokens[at : at + size]) == run
            if size and same and self._negated[at] == negated:
                return f"text: {' '.join(self._tokens[max(0, at - 2) : at + size + 2])}"
        return None


def _labels(attribute: str, tokens: list[str], at: int) -> bool:
    """Whether an attribute's own name and a colon stand before a value."""
    label = words(attribute)
    return tuple(tokens[max(0, at - 1 - len(label)) : at]) in ((*label, ":"), (*label, "："))


def _bare(tokens: list[str]) -> tuple[str, ...]:
    return tuple(token for token in tokens if not is_mark(token))


def _joined(runs: list[_Run]) -> list[_Run]:
    """Neighbouring words of the same kind and standing as one claim."""
    found: list[_Run] = []
    for run in runs:
        last = found[-1] if found else None
        alike = last is not None and last.kind == run.kind == "other"
        beside = last is not None and last.last + 1 == run.first
        if last and alike and beside and (last.evidence is None) == (run.evidence is None):
            last.last = run.last
            continue
        found.append(run)
    return found
