"""Spelling of query words against the words that a catalogue's titles use.

Candidates come from deletions on both sides (Garbe, "SymSpell", 2012), within a restricted
Damerau-Levenshtein distance of 2; among them the likeliest in this query wins: near, frequent, and
found in titles beside the query's other words. Joined words are split where titles hold the parts
side by side (`lightbulb`), and split ones are joined where titles hold the whole (`dish washer`).
A run of Chinese is no word, and stays as it is.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Sequence
from itertools import pairwise

from shoplake.models.search.text import is_chinese, stem, words

_PREFIX = 7
#: Natural log units a letter's edit costs; from validation queries of home_depot.
_EDIT_COST = 3.0
_BESIDE = 1.5


class Speller:
    """Corrects a query's words to those of a catalogue."""

    def __init__(self, titles: Iterable[str], ordinary: Container[str] = ()) -> None:
        """Learn the titles' words.

        Args:
            titles: every title.
            ordinary: words of the language; one that no title has is still no mistake, unless
                titles hold its neighbour in the query beside a near word.
        """
        self._ordinary = ordinary
        self._count: Counter[str] = Counter()
        self._pairs: Counter[tuple[str, str]] = Counter()
        for title in titles:
            tokens = words(title)
            self._count.update(set(tokens))
            self._pairs.update(set(pairwise(tokens)))
        self._stems: Counter[str] = Counter()
        for word, count in self._count.items():
            self._stems[stem(word)] += count
        self._neighbours: dict[str, list[str]] = defaultdict(list)
        for word in self._count:
            if word.isalpha() and len(word) > 2 and not is_chinese(word):
                for short in _deletes(word[:_PREFIX], 2 if len(word) > 4 else 1):
                    self._neighbours[short].append(word)
        self._letters = {word: _letters(word) for word in self._count}
        self._known: dict[str, list[tuple[float, str]]] = {}

    def knows(self, word: str) -> bool:
        """Whether titles use the word, or another with its stem, more than once."""
        return self._count[word] > 1 or self._stems[stem(word)] > 1

    def correct(self, query: str) -> list[str]:
        """The query's `words` as the catalogue spells them; what nothing is near to stays."""
        tokens = self._joined(words(query))
        found: list[str] = []
        for at, token in enumerate(tokens):
            if _spelt(token) or self.knows(token):
                found.append(token)
                continue
            found += self._best(token, found[-1:] + tokens[at + 1 : at + 2])
        return found

    def _best(self, token: str, beside: Sequence[str]) -> list[str]:
        own = self._count[token]
        fits = [(self._fit(word, beside), cost, word) for cost, word in self._near(token)]
        if token in self._ordinary:
            fits = [at for at in fits if at[0] > 0]
        options = [(fit + cost, [word]) for fit, cost, word in fits]
        options += self._parts(token)
        best = max(options, default=(-math.inf, [token]))
        # A word that one title uses is kept unless the other is far likelier.
        return best[1] if best[0] > (4.0 if own else -math.inf) else [token]

    def _fit(self, word: str, beside: Sequence[str]) -> float:
        together = sum(
            self._pairs[(other, word)] + self._pairs[(word, other)] > 0 for other in beside
        )
        return _BESIDE * together

    def _near(self, token: str) -> list[tuple[float, str]]:
        """Words within distance 1 (2 from 5 letters on), with log frequency less edit cost."""
        known = self._known.get(token)
        if known is None:
            most = 2 if len(token) > 4 else 1
            seen = {w for s in _deletes(token[:_PREFIX], most) for w in self._neighbours.get(s, ())}
            known, own = [], _letters(token)
            for word in seen:
                # An edit changes which letters there are by two at most.
                apart = (own ^ self._letters[word]).bit_count()
                if apart <= 2 * most and abs(len(word) - len(token)) <= most:
                    edits = distance(token, word, most)
                    if 0 < edits <= most:
                        cost = _EDIT_COST * edits + (token[0] != word[0])
                        known.append((math.log(self._count[word]) - cost, word))
            self._known[token] = known
        return known

    def _parts(self, token: str) -> list[tuple[float, list[str]]]:
        found = []
        for at in range(2, len(token) - 1):
            beside = self._pairs[(token[:at], token[at:])]
            if beside:
                found.append((math.log(beside) + 1 - _EDIT_COST, [token[:at], token[at:]]))
        return found

    def _joined(self, tokens: list[str]) -> list[str]:
        found: list[str] = []
        for token in tokens:
            if found and token.isalpha() and found[-1].isalpha():
                whole = found[-1] + token
                if (
                    self._count[whole] > 1
                    and self._count[whole] > 3 * self._pairs[(found[-1], token)]
                ):
                    found[-1] = whole
                    continue
            found.append(token)
        return found


def distance(first: str, second: str, most: int) -> int:
    """Restricted Damerau-Levenshtein distance; `most + 1` once it must be larger."""
    # What both begin and end with costs nothing, and most words that are near share most of it.
    start, least = 0, min(len(first), len(second))
    while start < least and first[start] == second[start]:
        start += 1
    end = 0
    while end < least - start and first[-1 - end] == second[-1 - end]:
        end += 1
    first, second = first[start : len(first) - end], second[start : len(second) - end]
    if abs(len(first) - len(second)) > most:
        return most + 1
    before: list[int] = []
    last = list(range(len(second) + 1))
    for i, a in enumerate(first, 1):
        row = [i]
        for j, b in enumerate(second, 1):
            least = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a != b))
            if i > 1 and j > 1 and a == second[j - 2] and first[i - 2] == b:
                least = min(least, before[j - 2] + 1)
            row.append(least)
        if min(row) > most:
            return most + 1
        before, last = last, row
    return min(last[-1], most + 1)


def _letters(word: str) -> int:
    """The letters that a word has, as bits."""
    found = 0
    for letter in word:
        found |= 1 << (ord(letter) & 63)
    return found


def _spelt(token: str) -> bool:
    """Whether it cannot be misspelt: a number, a short word, Chinese."""
    return not token.isalpha() or len(token) < 4 or is_chinese(token)


def _deletes(word: str, most: int) -> set[str]:
    found = {word}
    edge = {word}
    for _ in range(most):
        edge = {w[:i] + w[i + 1 :] for w in edge for i in range(len(w))}
        found |= edge
    return found
