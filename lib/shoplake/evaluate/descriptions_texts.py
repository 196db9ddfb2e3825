"""Writers of descriptions, judged on classes whose written descriptions they never saw."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np

from shoplake.evaluate.layouts.pictures import Described
from shoplake.evaluate.metrics import Values
from shoplake.evaluate.overlap import chrf, rouge_l
from shoplake.models.descriptions.claims import Rules
from shoplake.models.descriptions.decoder import Decoder, Example, Request
from shoplake.models.descriptions.describe import examples
from shoplake.models.descriptions.facts import Known, gather
from shoplake.models.descriptions.grounding import Grounder
from shoplake.models.descriptions.language import load_language
from shoplake.models.descriptions.learning import learn_decoder
from shoplake.models.descriptions.settings import DescriptionConfig
from shoplake.models.descriptions.wording import realise, slots_of, template
from shoplake.models.search.cache import content_key
from shoplake.models.search.encoder import TextEncoder

TEMPLATE, NEAREST, FREE, BOUND, USED = (
    "template",
    "text of the nearest class",
    "decoder, any word",
    "decoder, evidence only",
    "decoder, checked, else template",
)
BASELINES = [TEMPLATE, NEAREST]
FOLDS = 3
_TEMPLATES = 1500
_STEPS, _BATCH, _DROPOUT = 360, 24, 0.1


@dataclasses.dataclass(frozen=True)
class Written:
    """A class, what is known of it, and what each writer made of it."""

    described: Described
    known: Known
    texts: dict[str, str]


def write_all(
    classes: Sequence[Described],
    config: DescriptionConfig,
    *,
    seed: int,
    tell: Callable[[str], None],
    learn: Sequence[Described] | None = None,
) -> list[Written]:
    """Every class described by every writer, in folds by class.

    Args:
        classes: to describe.
        config: of descriptions; the decoder learns written descriptions too.
        seed: of folds and training.
        tell: told how far it is.
        learn: classes to learn from instead of the other folds', those named like a described one
            left out; where fewer than two are left, the folds it is.
    """
    names = {c.product.product_id for c in classes}
    others = [c for c in learn or () if c.product.product_id not in names]
    learn = others if len(others) > 1 else None
    order = np.random.default_rng(seed).permutation(len(classes))
    parts = [order[i::FOLDS] for i in range(FOLDS)] if learn is None else [order]
    found: dict[int, Written] = {}
    for number, part in enumerate(parts, start=1):
        judged = {int(i) for i in part}
        held = {classes[i].product.product_id for i in judged}
        pool = classes if learn is None else learn
        known = [c for c in pool if c.product.product_id not in held]
        made = _fold(known, [classes[i] for i in sorted(judged)], config, seed)
        found.update(zip(sorted(judged), made, strict=True))
        tell(f"texts {number} of {len(parts)} written")
    return [found[i] for i in range(len(classes))]


def text_values(written: Sequence[Written]) -> dict[str, dict[str, Values]]:
    """Per class: overlap with the written description, facts said, claims that hold.

    `claim_precision` is the share of a text's claims that a fact or the written description of the
    class supports: evidence that no writer saw. `published` is whether the check on the facts
    alone lets the text pass.
    """
    grounder = Grounder(load_language("en"), Rules())
    values: dict[str, dict[str, list[float]]] = {}
    for one in written:
        reference = dataclasses.replace(one.known, text=one.described.written)
        for name, text in one.texts.items():
            row = values.setdefault(name, {})
            alone, true = grounder.check(text, one.known), grounder.check(text, reference)
            held = [claim.evidence is not None for claim in true.claims]
            for metric, value in (
                ("rouge_l", rouge_l(text, one.described.written)),
                ("chrf", chrf(text, one.described.written)),
                ("attribute_coverage", alone.covered(one.known)),
                ("claim_precision", float(np.mean(held)) if held else float("nan")),
                ("published", float(alone.passed)),
            ):
                row.setdefault(metric, []).append(value)
    found = {n: {m: np.array(v) for m, v in row.items()} for n, row in values.items()}
    for scores in found.values():
        scores["claim_precision"] = np.nan_to_num(scores["claim_precision"], nan=0.0)
    return found


def _fold(
    known: Sequence[Described], judged: Sequence[Described], config: DescriptionConfig, seed: int
) -> list[Written]:
    language = load_language("en")
    grounder = Grounder(language, Rules())
    decoder = _decoder(known, config, seed)
    facts = [gather(one.product, {}, {}, confidence=config.confidence) for one in judged]
    near = _nearest(known, judged)
    requests = [_request(one) for one in facts]
    free = decoder.write(requests, dataclasses.replace(config.decoder, candidates=1), seed=seed)
    bound = decoder.write(
        [
            dataclasses.replace(r, words=grounder.allowed(k))
            for r, k in zip(requests, facts, strict=True)
        ],
        config.decoder,
        seed=seed,
    )
    found = []
    for one, k, nearest, any_word, some in zip(judged, facts, near, free, bound, strict=True):
        slots = slots_of(k, language, text=False)
        plain = template(slots, language, tone=config.tone, length=config.length)
        texts = [realise(text, slots, language) for text in some]
        checked = [(grounder.check(text, k), text) for text in texts]
        passed = [(c.covered(k), text) for c, text in checked if c.passed]
        best = max(passed, default=(0.0, plain), key=lambda pair: pair[0])
        enough = best[0] >= grounder.check(plain, k).covered(k)
        found.append(
            Written(
                one,
                k,
                {
                    TEMPLATE: plain,
                    NEAREST: known[nearest].written,
                    FREE: realise(any_word[0], slots, language) if any_word else "",
                    BOUND: texts[0] if texts else "",
                    USED: best[1] if enough else plain,
                },
            )
        )
    return found


def _decoder(known: Sequence[Described], config: DescriptionConfig, seed: int) -> Decoder:
    """Learnt from the language's sentences and from what people wrote about the known classes."""
    # What people wrote is little, so it needs dropout; made-up pairs alone do not.
    own = dataclasses.replace(
        config.decoder, pairs=_TEMPLATES, steps=_STEPS, batch_size=_BATCH, dropout=_DROPOUT
    )
    made = examples(dataclasses.replace(config, languages=("en",), decoder=own))
    for one in known:
        facts = gather(one.product, {}, {}, confidence=config.confidence)
        text = one.written
        for fact in facts.facts:
            if fact.attribute in ("kind", "brand", "country", "volume"):
                text = _opened(text, fact.value, fact.attribute)
        made += [Example(_request(facts), text)] * 8
    key = content_key("descriptions_texts", made, own, seed)
    return learn_decoder(key, lambda: made, own, seed=seed)


def _request(known: Known) -> Request:
    hints = tuple(known.value("category").lower().split())
    slots = tuple(slots_of(known, load_language("en"), text=False))
    return Request("en", "plain", "long", slots, hints)


def _opened(text: str, value: str, slot: str) -> str:
    """A text whose first mention of a value is a slot."""
    at = text.lower().find(value.lower())
    return text if at < 0 else f"{text[:at]}{{{slot}}}{text[at + len(value) :]}"


def _nearest(known: Sequence[Described], judged: Sequence[Described]) -> list[int]:
    encoder = TextEncoder.load("sentence-transformers/all-MiniLM-L6-v2", max_tokens=32)

    def vectors(rows: Sequence[Described]) -> np.ndarray:
        return encoder.encode([f"{r.product.category}. {r.product.name}" for r in rows])

    return [int(i) for i in (vectors(judged) @ vectors(known).T).argmax(axis=1)]
