"""Whether the check catches what it must: false claims planted into true texts."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Sequence

import numpy as np

from shoplake.evaluate.descriptions_texts import TEMPLATE, Written
from shoplake.evaluate.findings import Figure
from shoplake.evaluate.intervals import bootstrap_mean
from shoplake.models.descriptions.claims import Rules
from shoplake.models.descriptions.facts import Known
from shoplake.models.descriptions.grounding import Grounder
from shoplake.models.descriptions.language import load_language

#: Sentences that nobody may write without evidence; none of their claims is in the data's facts.
PLANTED = {
    "superlative": ("The best of its kind.", "An award winning choice.", "Unique in the world."),
    "health": ("It boosts your immune system.", "Rich in vitamin C.", "Hypoallergenic."),
    "environment": ("Climate neutral and sustainable.", "From organic farming.", "Recyclable."),
    "price": ("Now at half price.", "Only £3.", "The cheapest you can get."),
    "banned": ("It cures colds.", "Clinically proven.", "A miracle without risk."),
    "personal": ("Ask Mr. Peter Johnson.", "Call 020 7946 0958.", "Mail jo.bloggs@example.com."),
    "made up": ("Handmade in Portugal.", "Dishwasher safe.", "It holds 2 litres."),
}


def check_figures(written: Sequence[Written], *, seed: int) -> dict[str, Figure]:
    """Shares of texts, with intervals over classes.

    `caught: ...` is the share of texts with a false claim of that kind that are held; `false
    alarms` of true texts that are: templates on their facts, and what people wrote on its own
    words as evidence (sensitive words stay sensitive, but have evidence there).
    """
    draw = np.random.default_rng(seed)
    grounder = Grounder(load_language("en"), Rules(brands=_brands(written)))
    caught: dict[str, list[float]] = {}
    alarms: list[float] = []
    own: list[float] = []
    for one in written:
        true = one.texts[TEMPLATE]
        alarms.append(float(not grounder.check(true, one.known).passed))
        source = dataclasses.replace(one.known, text=one.described.written)
        own.append(float(not grounder.check(one.described.written, source).passed))
        for kind, text in _false(one, written, draw):
            evidence = source if kind == "another class's sentence" else one.known
            held = not grounder.check(text, evidence).passed
            caught.setdefault(kind, []).append(float(held))
    figures = {f"caught: {kind}": _share(values, seed) for kind, values in caught.items()}
    figures["false alarms: templates"] = _share(alarms, seed)
    figures["false alarms: written texts"] = _share(own, seed)
    return figures


def _false(
    one: Written, others: Sequence[Written], draw: np.random.Generator
) -> Iterator[tuple[str, str]]:
    """Kinds of falsehood, each with a text that has it."""
    true = one.texts[TEMPLATE]
    for kind, sentences in PLANTED.items():
        yield kind, f"{true} {sentences[int(draw.integers(len(sentences)))]}"
    other = others[int(draw.integers(len(others)))]
    for fact in one.known.facts:
        value = other.known.value(fact.attribute)
        swapped = true.replace(fact.value, value) if value else true
        if swapped != true and not _says(value, one.known):
            yield "another's value", swapped
            break
    if "Made of" in true or "Comes from" in true or "from" in true:
        yield "negated", re.sub(r"(Origin:|Comes from|from)", "not from", true, count=1)
    theirs = [s for s in re.split(r"(?<=[.!?])\s+", other.described.written) if len(s) > 20]
    if other is not one and theirs:
        yield "another class's sentence", f"{true} {theirs[int(draw.integers(len(theirs)))]}"


def _says(value: str, known: Known) -> bool:
    said = " ".join(f.value for f in known.facts).lower()
    return all(word in said for word in value.lower().split())


def _brands(written: Sequence[Written]) -> frozenset[str]:
    return frozenset(b for one in written if (b := one.described.product.brand))


def _share(values: list[float], seed: int) -> Figure:
    at = bootstrap_mean(np.array(values), seed=seed)
    return Figure(at.value, at.low, at.high)
