"""The product's own text as evidence, and which part of a text is denied."""

from __future__ import annotations

from collections.abc import Sequence

from shoplake.models.descriptions.language import Language, Run, is_mark, spans, stem, words

_CLAUSE_ENDS = frozenset(".!?;:。！？；：\n")
_COMMAS = frozenset(",，、")


def negated_parts(tokens: Sequence[str], language: Language) -> list[bool]:
    """Whether each token stands in a negated part of its clause."""
    before = {words(w) for w in language.negations}
    after = {words(w) for w in language.negations_after}
    found, on = [False] * len(tokens), False
    for i, token in enumerate(tokens):
        if token in _CLAUSE_ENDS or token in _COMMAS:
            on = False
        found[i] = on
        # A Chinese negation may be two tokens: 没有.
        on = on or any(tuple(tokens[: i + 1][-len(no) :]) == no for no in before)
        if (token,) in after and i:
            found[i - 1] = True
    return found


class OwnText:
    """Which words the product's own text says, and whether it says them or denies them."""

    def __init__(self, text: str, language: Language) -> None:
        self._tokens = [stem(token) for token, _, _ in spans(text)]
        self._negated = negated_parts(self._tokens, language)

    def says(self, run: Run, negated: bool) -> str | None:
        """Evidence for a run of tokens; a number's second token is its unit."""
        run = tuple(w for w in run if not is_mark(w))
        size = len(run)
        for at in range(len(self._tokens) - size + 1):
            same = tuple(self._tokens[at : at + size]) == run
            if size and same and self._negated[at] == negated:
                return f"text: {' '.join(self._tokens[max(0, at - 2) : at + size + 2])}"
        return None
