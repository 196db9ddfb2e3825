"""The embedded writer: a small GPT that turns a product's facts into text with open slots.

Values never pass through the network: it writes {colour} where the colour belongs, so it cannot
misspell or invent one (delexicalisation: Wen et al., EMNLP 2015). While it writes, a slot is open
only if the product has the fact and it has not been said, and a word only if the language's
wording, or the product's own text, has it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from shoplake.models.descriptions.language import is_mark, stem
from shoplake.models.descriptions.settings import DecoderConfig

PAD, START, END, WRITE, UNKNOWN = "<pad>", "<start>", "<end>", "<write>", "<unknown>"
SPECIAL = (PAD, START, END, WRITE, UNKNOWN)
POSITIONS = 256


@dataclass(frozen=True)
class Request:
    """What is to be written.

    Attributes:
        language, tone, length: of the text.
        slots: names of the facts that may be said, in order.
        hints: words that tell the network more of the product, never copied by themselves.
        words: stems that it may use; None: every word it knows.
    """

    language: str
    tone: str
    length: str
    slots: tuple[str, ...]
    hints: tuple[str, ...] = ()
    words: frozenset[str] | None = None

    def prompt(self) -> list[str]:
        """As the network reads it."""
        controls = [f"<{c}>" for c in (self.language, self.tone, self.length)]
        named = [f"{{{slot}}}" for slot in self.slots]
        return [START, *controls, *named, *(h.lower() for h in self.hints), WRITE]


@dataclass(frozen=True)
class Example:
    """A request and a text with open slots that answers it."""

    request: Request
    text: str


class Decoder:
    """A trained network with its vocabulary."""

    def __init__(self, network: Any, words: list[str], spoken: dict[str, list[int]]) -> None:
        """What `learn_decoder` and the cache make it of.

        Args:
            network: a `GPT2LMHeadModel`.
            words: the vocabulary.
            spoken: language -> tokens that its texts have.
        """
        self.network = network
        self.words = words
        self.spoken = spoken
        self._index = {word: i for i, word in enumerate(words)}

    def write(
        self,
        requests: Sequence[Request],
        config: DecoderConfig,
        *,
        seed: int,
        numbers: Sequence[int] | None = None,
    ) -> list[list[str]]:
        """Candidates of each request: tokens with open slots between blanks, if they ended.

        Args:
            requests: what to write.
            config: candidates, temperature and longest text.
            seed: of the draws; a request's candidates do not depend on the others.
            numbers: which candidates, from 0, the likeliest one (default: all of `config`).
        """
        numbers = range(config.candidates) if numbers is None else numbers
        prompts = [self._ids(r.prompt()) for r in requests]
        words = [self._open(r) for r in requests]
        # A shop's products share a few sets of facts, and equal requests have equal answers.
        keys = [(tuple(p), w.tobytes()) for p, w in zip(prompts, words, strict=True)]
        first: dict[tuple[tuple[int, ...], bytes], int] = {}
        for i, key in enumerate(keys):
            first.setdefault(key, i)
        found: dict[int, list[str]] = {i: [] for i in first.values()}
        by_size: dict[int, list[int]] = {}
        for i in found:
            by_size.setdefault(len(prompts[i]), []).append(i)
        for rows in by_size.values():
            for start in range(0, len(rows), 64):
                part = rows[start : start + 64]
                given = torch.tensor([prompts[i] for i in part])
                open_ = np.stack([words[i] for i in part])
                for number in numbers:
                    draws = [np.random.default_rng([seed, number, *prompts[i]]) for i in part]
                    texts = self._run(given, open_.copy(), config, draws if number else None)
                    for i, text in zip(part, texts, strict=True):
                        if text and text not in found[i]:
                            found[i].append(text)
        return [found[first[key]] for key in keys]

    def _run(
        self,
        given: torch.Tensor,
        open_: NDArray[np.bool_],
        config: DecoderConfig,
        draws: list[np.random.Generator] | None,
    ) -> list[str]:
        """One text a row; "" where it did not end. Without draws, the likeliest words.

        Args:
            given: prompts of equal length [n, T].
            open_: which words each may use [n, V]; slots that were said are closed in it.
            config: temperature and longest text.
            draws: a generator a row.
        """
        texts: list[list[str]] = [[] for _ in open_]
        done = np.zeros(len(open_), dtype=bool)
        past, ids = None, given
        with torch.inference_mode():
            for _ in range(min(config.most_tokens, POSITIONS - given.shape[1])):
                out = self.network(input_ids=ids, past_key_values=past, use_cache=True)
                past = out.past_key_values
                logits = out.logits[:, -1].float().numpy()
                chosen = _choose(np.where(open_, logits, -np.inf), config.temperature, draws)
                for row, token in enumerate(chosen.tolist()):
                    word = self.words[token]
                    if done[row] or word == END:
                        done[row] = True
                        continue
                    texts[row].append(word)
                    if word.startswith("{"):
                        open_[row, token] = False
                if done.all():
                    break
                ids = torch.from_numpy(chosen)[:, None]
        return [" ".join(text) if ended else "" for text, ended in zip(texts, done, strict=True)]

    def _open(self, request: Request) -> NDArray[np.bool_]:
        allowed = np.zeros(len(self.words), dtype=bool)
        for token in self.spoken.get(request.language, []):
            word = self.words[token]
            if word.startswith("{"):
                allowed[token] = word[1:-1] in request.slots
            else:
                known = request.words is None or stem(word) in request.words
                allowed[token] = known or is_mark(word)
        allowed[self._index[END]] = True
        return allowed

    def _ids(self, words: Sequence[str]) -> list[int]:
        unknown = self._index[UNKNOWN]
        return [self._index.get(word, unknown) for word in words]


def _choose(
    logits: NDArray[np.float32], temperature: float, draws: list[np.random.Generator] | None
) -> NDArray[np.int64]:
    """The likeliest token of each row, or one drawn by its own generator."""
    if draws is None:
        return np.asarray(logits.argmax(axis=1))
    noise = np.stack([draw.gumbel(size=logits.shape[1]) for draw in draws])
    return np.asarray((logits / temperature + noise).argmax(axis=1))
