"""Every claim of a description and its evidence; what has none, or may not be said, is told.

A text is covered, token by token and longest run first, by values of facts, by sensitive phrases
(superlatives, health, environment, price) and by wording that claims nothing. The name of an
attribute claims what its value says of it (`names`); banned phrases are looked for in the whole
text (`banned`). What is left claims something: it counts as supported if the product's own text
says the same word with the same polarity, else not. So a claim is unsupported unless shown
otherwise, where entailment models (Dušek & Kasner, INLG 2020; Maynez et al., ACL 2020) must find
what contradicts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from shoplake.models.descriptions.banned import banned_spans, folded
from shoplake.models.descriptions.claims import Checked, Claim, Rules, evidence
from shoplake.models.descriptions.facts import Fact, Known
from shoplake.models.descriptions.language import (
    Language,
    is_mark,
    languages,
    longest_run,
    runs_from,
    spans,
    stem,
    stems,
    words,
)
from shoplake.models.descriptions.names import Named, Names
from shoplake.models.descriptions.own_text import OwnText, negated_parts
from shoplake.models.descriptions.private import private_spans

#: Attributes whose last word alone says them too: "green" of "sage green".
_BY_LAST_WORD = ("kind", "colour")
#: Attributes whose values are names, which may be "Best & Sons" or "World's Best Dad mug".
_NAMING = ("kind", "brand", "category")
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
        # A catalogue mixes languages: what one bars is barred in all.
        every = (language, *languages())
        self._sensitive = {
            words(p): k for one in every for k, ps in one.sensitive.items() for p in ps
        }
        self._denying = {words(w) for one in every for w in one.negations}
        self._boasts = {run for one in every for p in one.boasts if (run := folded(p))}
        phrases = (*rules.banned, *(p for one in every for p in one.banned))
        self._banned = {run for p in phrases if (run := folded(p))}
        self._guarded = {run for brand in rules.guarded if (run := folded(brand))}

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
        private = private_spans(text, known)
        places: list[tuple[int, int, str, str | None]]
        places = [(*place, "banned", None) for place in banned_spans(text, self._banned)]
        claims = [Claim(f"[{span.kind}]", "personal", None) for span in private]
        places += [(found[r.first][1], found[r.last][2], r.kind, r.evidence) for r in runs]
        for first, last, kind, said in places:
            if all(last <= span.start or first >= span.end for span in private):
                claims.append(Claim(text[first:last], kind, said))
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
        said |= Names(known.facts, self._language).affirmed()
        barred = {run[0] for run in self._sensitive if len(run) == 1} - said
        return (self._language.neutral_words | said) - barred

    def _values(self, known: Known) -> dict[tuple[str, ...], list[Fact]]:
        found: dict[tuple[str, ...], list[Fact]] = {}
        names = Names(known.facts, self._language)
        for fact in (f for f in known.facts if not names.bare(f)):
            for value in {fact.value, self._language.said(fact.value)}:
                run = words(value)
                forms = {run} | ({run[-1:]} if fact.attribute in _BY_LAST_WORD else set())
                for form in forms - {()}:
                    found.setdefault(form, []).append(fact)
        return found

    def _cover(
        self,
        tokens: list[str],
        marks: list[bool],
        values: dict[tuple[str, ...], list[Fact]],
        known: Known,
    ) -> list[_Run]:
        source = OwnText(known.text, self._language)
        names = Names(known.facts, self._language)
        negated = negated_parts(tokens, self._language)
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
            named = self._named(names, tokens, at, negated)
            if named is not None and named.size >= size:
                size = named.size
                runs += self._name_claims(named, tokens, at, source)
                runs += self._misused(tokens, at, at + size, known)
            elif loud == size and value != size:
                said = source.says(run, negated[at])
                runs.append(_Run(at, at + size - 1, self._sensitive[run], said))
            elif value == size:
                claim, fact = self._value(tokens, at, size, values[run], negated[at])
                runs.append(claim)
                if fact.attribute not in _NAMING:
                    runs += self._boasting(tokens, at, at + size, source)
                runs += self._misused(tokens, at, at + size, known)
                if fact.source != "attribute":  # A column goes before the product's name.
                    for denied in names.denied_within(tokens, at, at + size):
                        first, end = denied.name
                        runs.append(_Run(first, end - 1, denied.fact.attribute, None))
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
    ) -> tuple[_Run, Fact]:
        """The claim of a fact's value, unsupported where the words around it say otherwise."""
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
        return _Run(at, end - 1, fact.attribute, said), fact

    def _named(self, names: Names, tokens: list[str], at: int, negated: list[bool]) -> Named | None:
        """What is said of an attribute by name, unless the words before ask for another one."""
        found = names.at(tokens, at, negated)
        roles = [self._before[text] for text in self._roles_before(tokens, at)]
        fits = found is None or all(found.fact.attribute in role for role in roles)
        return found if fits or (found and not found.holds) else None

    def _name_claims(self, named: Named, tokens: list[str], at: int, source: OwnText) -> list[_Run]:
        """The claim of an attribute's name, and what the name itself claims without proof."""
        fact, (first, end) = named.fact, named.name
        said = evidence(fact) if named.holds else None
        runs = [_Run(at, at + named.size - 1, fact.attribute, said)]
        number = any(c.isdigit() for c in fact.value)
        for before, after in ((at, first), (end, at + named.size)):
            if fact.attribute not in _NAMING:
                runs += self._boasting(tokens, before, after, source)
        while first < end:
            size = longest_run(runs_from(tokens[:end], first), self._sensitive)
            run = _bare(tokens[first : first + size])
            kind = self._sensitive.get(run, "")
            # Nothing in a column proves a superlative; "vitamin c: 9 mg" is a fact of health, and
            # so is "hypoallergenic: yes", but "heals colds: yes" is not.
            fair = kind == "health" and (number or size == end - named.name[0])
            if kind in ("superlative", "health") and not fair:
                runs.append(_Run(first, first + size - 1, kind, source.says(run, False)))
            first += size or 1
        # "Side effects: none" says what "no side effects" does.
        name = _bare(tokens[named.name[0] : end])
        if named.denied and any((*no, *name) in self._banned for no in self._denying):
            runs.append(_Run(at, at + named.size - 1, "banned", None))
        return runs

    def _boasting(self, tokens: list[str], first: int, end: int, source: OwnText) -> Iterator[_Run]:
        """Boasts within a value: a column states what a product is, not that it is the best."""
        said = " ".join(tokens[first:end])
        for start, stop in banned_spans(said, self._boasts):
            proof = source.says(words(said[start:stop]), False)
            yield _Run(first, end - 1, "superlative", proof)

    def _misused(self, tokens: list[str], first: int, end: int, known: Known) -> Iterator[_Run]:
        """Guarded brands within a value that are not the product's own: "nike style mug"."""
        own = {words(fact.value) for fact in known.facts if fact.attribute == "brand"}
        said = " ".join(tokens[first:end])
        for start, stop in banned_spans(said, self._guarded - own):
            if not any(_within(words(said[start:stop]), brand) for brand in own):
                yield _Run(first, end - 1, "brand", None)

    def _roles_before(self, tokens: list[str], at: int) -> list[tuple[str, ...]]:
        """The words just before a token that say which attribute it is."""
        return [text for text in self._before if tuple(tokens[:at][-len(text) :]) == text]


def _labels(attribute: str, tokens: list[str], at: int) -> bool:
    """Whether an attribute's own name and a colon stand before a value."""
    label = words(attribute)
    return tuple(tokens[max(0, at - 1 - len(label)) : at]) in ((*label, ":"), (*label, "："))


def _within(part: tuple[str, ...], whole: tuple[str, ...]) -> bool:
    return any(whole[at : at + len(part)] == part for at in range(len(whole)))


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
