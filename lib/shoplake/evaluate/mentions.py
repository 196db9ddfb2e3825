"""How well messages' products and order numbers are found: rules, and a fine-tuned BERT.

Judged on templates that nothing learnt from, filled with names and shapes of numbers that nothing
learnt from. A mention counts when its kind and its exact letters are right (CoNLL-2003's F1: Tjong
Kim Sang & De Meulder, 2003).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from shoplake.evaluate.clustered import resampled
from shoplake.evaluate.findings import Figure
from shoplake.ingest.shop.catalogue import build_catalogue
from shoplake.ingest.shop.config import load_shop_config
from shoplake.models.assistant.entities import entities
from shoplake.models.assistant.mentions import (
    KINDS,
    OTHER_SHAPES,
    Filler,
    Marked,
    Mention,
    Mentions,
    fillers,
    load_mentions,
    marked,
    slotted,
)
from shoplake.models.assistant.settings import AssistantConfig
from shoplake.models.assistant.tagger import examples, fit_tagger
from shoplake.models.search.encoder import TextEncoder
from shoplake.models.search.text import words
from shoplake.serve.assistant.replies import FRAME

Floats = NDArray[np.float64]
RULES, TAGGER = "mentions by rules", "mentions by fine-tuned MiniLM"
#: Each template that is judged on is filled so often.
_FILLED = 4


def mention_figures(
    learn: Sequence[str],
    test: Sequence[str],
    group: NDArray[np.int64],
    config: AssistantConfig,
    encoder: TextEncoder,
    *,
    seed: int,
) -> dict[str, dict[str, Figure]]:
    """mention_f1, order_f1 and product_f1, with 95% intervals over phrasings.

    Args:
        learn: utterances to learn from; two thirds of the shipped templates are learnt as well.
        test: utterances whose phrasings are not among those of `learn`.
        group: the phrasing of each of `test`.
        config: of the assistant.
        encoder: of its base model.
        seed: of split, names and training.
    """
    random = np.random.default_rng(seed)
    known, other = _halves(load_mentions(), random)
    tagger = fit_tagger(examples(known, learn, encoder, seed), config)
    pairs = [(s, int(g)) for text, g in zip(test, group, strict=True) if (s := slotted(text))]
    templates = [t for lines in other.templates.values() for t in lines]
    of = [g for _, g in pairs] + [-1 - i for i in range(len(templates))]
    fill = fillers(_names(), OTHER_SHAPES)
    judged: list[Marked] = []
    for _ in range(_FILLED):
        judged += marked([*(s for s, _ in pairs), *templates], other.asides, fill, random)
    texts = [message.text for message in judged]
    found = {RULES: [by_rules(text) for text in texts], TAGGER: tagger.mentions(texts)}
    measures = {name: _measures(judged, said) for name, said in found.items()}
    return resampled(measures, np.array(of * _FILLED), [RULES], "mention_f1", seed=seed)


def by_rules(text: str) -> tuple[Mention, ...]:
    """What the patterns take for an order's number, and the longest run of words without a frame's.

    The frame's words are those that the assistant leaves out when it searches for a product.
    """
    named = entities(text)
    numbers = named.like_orders or (named.numbers[:1] if named.order_named else ())
    found = [
        Mention(at, at + len(number), "order")
        for number in numbers
        if (at := text.find(number)) >= 0
    ]
    best: tuple[int, int] | None = None
    start: int | None = None
    end = 0
    for word in [*text.split(), "the"]:
        at = text.find(word, end)
        inside = any(at < m.stop and m.start < at + len(word) for m in found)
        if not inside and any(part not in FRAME for part in words(word)):
            start, end = at if start is None else start, at + len(word)
            continue
        if start is not None and (best is None or end - start > best[1] - best[0]):
            best = (start, end)
        start = None
    if best is not None:
        start, stop = best[0], best[0] + len(text[best[0] : best[1]].rstrip(".,;:!?"))
        found.append(Mention(start, stop, "product"))
    return tuple(sorted(found))


def _halves(mentions: Mentions, random: np.random.Generator) -> tuple[Mentions, Mentions]:
    """Two thirds of the templates and half of the asides, and the others."""
    first: dict[str, list[str]] = {}
    second: dict[str, list[str]] = {}
    for intent, lines in mentions.templates.items():
        order = [lines[i] for i in random.permutation(len(lines))]
        cut = -(-2 * len(order) // 3)
        first[intent], second[intent] = order[:cut], order[cut:]
    asides = [mentions.asides[i] for i in random.permutation(len(mentions.asides))]
    half = len(asides) // 2
    return Mentions(first, asides[:half]), Mentions(second, asides[half:])


def _names() -> Filler:
    """Names of the built-in shop's products as people write them: whole, or what comes last."""
    titles = build_catalogue(load_shop_config()).titles

    def draw(random: np.random.Generator) -> str:
        title = str(random.choice(titles))
        if random.random() < 0.3:
            return title
        parts = title.partition(" – ")[0].split()
        return " ".join(parts[-int(random.integers(1, 4)) :]).lower()

    return draw


def _measures(
    judged: Sequence[Marked], found: Sequence[tuple[Mention, ...]]
) -> Callable[[Floats], dict[str, float]]:
    """F1 of each kind and of all, of messages weighed."""
    counts = np.zeros((len(judged), len(KINDS), 3))
    for row, (message, said) in enumerate(zip(judged, found, strict=True)):
        for k, kind in enumerate(KINDS):
            true = Counter(
                message.text[m.start : m.stop] for m in message.mentions if m.kind == kind
            )
            told = Counter(message.text[m.start : m.stop] for m in said if m.kind == kind)
            counts[row, k] = (true & told).total(), true.total(), told.total()

    def measures(weight: Floats) -> dict[str, float]:
        of = np.tensordot(weight, counts, axes=1)
        f1 = [2 * hit / max(true + told, 1e-12) for hit, true, told in (*of, of.sum(axis=0))]
        return dict(zip((*(f"{kind}_f1" for kind in KINDS), "mention_f1"), f1, strict=True))

    return measures
