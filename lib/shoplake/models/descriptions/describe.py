"""Descriptions of products: facts, a text, its check; a text that fails is replaced or held."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from shoplake.models.descriptions.claims import Checked, Claim, Rules
from shoplake.models.descriptions.decoder import Decoder, Example, Request
from shoplake.models.descriptions.facts import Known, Product, conflicts, gather, vocabulary
from shoplake.models.descriptions.grounding import Grounder
from shoplake.models.descriptions.language import Language, load_language
from shoplake.models.descriptions.learning import learn_decoder
from shoplake.models.descriptions.pixels import Pixels
from shoplake.models.descriptions.settings import DescriptionConfig, Length, Tone
from shoplake.models.descriptions.sights import Read
from shoplake.models.descriptions.wording import (
    Slots,
    drawn_slots,
    pattern,
    realise,
    slots_of,
    template,
    wanted,
)
from shoplake.models.search.cache import content_key

#: Version of sentences, decoding and check: part of a description's model version.
_VERSION = 1


@dataclass(frozen=True)
class Description:
    """A text about a product in one language, or why there is none.

    Attributes:
        product_id, language: of what, in what.
        text: to publish, or held; "" where nothing could be written.
        writer: decoder, hub or template.
        claims: what it says, each with its evidence.
        held: why it must not be published; empty: it may.
        refusals: why texts before it were not used.
        left_out: what of the catalogue was not used, and why.
        known: its facts.
        prompt: what the writer was asked.
        model_version: of the writer.
        inputs: hash of product, picture and settings.
    """

    product_id: str
    language: str
    text: str
    writer: str
    claims: tuple[Claim, ...]
    held: tuple[str, ...]
    refusals: tuple[str, ...]
    left_out: tuple[str, ...]
    known: Known
    prompt: str
    model_version: str
    inputs: str


class Writer(Protocol):
    """A model that writes from a prompt and perhaps a picture (`hub.HubWriter`)."""

    version: str

    def write(self, prompts: Sequence[str], pictures: Sequence[Pixels | None]) -> list[str]:
        """A text for each prompt."""
        ...


@dataclass(frozen=True)
class _Work:
    product: Product
    known: Known
    slots: Slots
    prompt: str
    candidates: tuple[tuple[str, str, str], ...]  # writer, version, text
    clash: tuple[str, ...]


class Describer:
    """Writes and checks descriptions of a catalogue's products."""

    def __init__(
        self,
        config: DescriptionConfig,
        catalogue: Sequence[Product],
        labels: Mapping[str, frozenset[str]],
        hub: Writer | None = None,
    ) -> None:
        """What a catalogue's descriptions share.

        Args:
            config: conf/models/descriptions.yml.
            catalogue: every product: its values and brands are known.
            labels: values that pictures can tell apart, as `sights.read_pictures` gives them.
            hub: writes instead of the embedded decoder.
        """
        self._config = config
        self._known = vocabulary(catalogue)
        self._labels = labels
        self._hub = hub
        brands = {p.brand for p in catalogue if p.brand} | set(config.brands)
        rules = Rules(tuple(config.banned), frozenset(brands))
        self._languages = {code: load_language(code) for code in config.languages}
        self._grounders = {code: Grounder(one, rules) for code, one in self._languages.items()}

    def describe(
        self,
        products: Sequence[Product],
        read: Mapping[str, Read],
        pictures: Mapping[str, Pixels],
    ) -> list[Description]:
        """A description a product and language, in that order.

        Args:
            products: to describe.
            read: what their pictures show, `sights.read_pictures`.
            pictures: product id -> picture, for a hub model and for the inputs' hash.
        """
        found = []
        for code, language in self._languages.items():
            for work in self._written(products, read, pictures, code, language):
                digest = self._digest(work.product, pictures.get(work.product.product_id))
                found.append(self._checked(work, code, language, digest))
        order = {p.product_id: i for i, p in enumerate(products)}
        return sorted(found, key=lambda d: order[d.product_id])

    def _written(
        self,
        products: Sequence[Product],
        read: Mapping[str, Read],
        pictures: Mapping[str, Pixels],
        code: str,
        language: Language,
    ) -> list[_Work]:
        config = self._config
        known = [
            gather(p, self._known, read.get(p.product_id, {}), confidence=config.confidence)
            for p in products
        ]
        candidates: list[tuple[tuple[str, str, str], ...]]
        slots = [slots_of(k, language, text=config.length == "long") for k in known]
        if self._hub is not None:
            prompts = [_hub_prompt(config, code, k) for k in known]
            texts = self._hub.write(prompts, [pictures.get(p.product_id) for p in products])
            candidates = [(("hub", self._hub.version, t.strip()),) for t in texts]
        else:
            requests = [
                Request(code, config.tone, config.length, tuple(s), (), self._allowed(code, k))
                for s, k in zip(slots, known, strict=True)
            ]
            decoder, version = decoder_of(config)
            drawn = decoder.write(requests, config.decoder, seed=config.seed)
            prompts = [" ".join(request.prompt()) for request in requests]
            candidates = [
                tuple(("decoder", version, realise(text, s, language)) for text in texts)
                for texts, s in zip(drawn, slots, strict=True)
            ]
        return [
            _Work(
                p, k, s, prompt, tuple(c), conflicts(k, self._labels, probability=config.conflict)
            )
            for p, k, s, prompt, c in zip(products, known, slots, prompts, candidates, strict=True)
        ]

    def _allowed(self, code: str, known: Known) -> frozenset[str]:
        return self._grounders[code].allowed(known)

    def _checked(self, work: _Work, code: str, language: Language, digest: str) -> Description:
        """The best text that passes; else the template's; else the first one, held."""
        config, check = self._config, self._grounders[code].check
        sure = _template(work.slots, language, config, lambda text: check(text, work.known))
        refusals: list[str] = []
        passed: list[tuple[float, int, tuple[str, str, str], Checked]] = []
        for number, candidate in enumerate(work.candidates):
            checked = check(candidate[2], work.known)
            said = _share(checked, work.slots, config.length)
            if not checked.passed:
                refusals += [f"{candidate[0]}: {reason}" for reason in checked.reasons]
            elif candidate[0] == "decoder" and said < _share(sure[1], work.slots, config.length):
                refusals.append(f"{candidate[0]}: says less than the template")
            else:
                passed.append((said, -number, candidate, checked))
        asked = ("template", f"template {_VERSION}", sure[0])
        if passed:
            _, _, chosen, checked = max(passed, key=lambda row: row[:2])
            refusals = []
        elif config.fallback == "hold" and work.candidates and not sure[1].reasons:
            chosen = work.candidates[0]
            checked = check(chosen[2], work.known)
            reasons = checked.reasons or ("says less than the template",)
            checked = Checked(checked.claims, reasons)
        else:
            chosen, checked = asked, sure[1]
        nothing = () if work.known.facts else ("nothing is known of the product",)
        held = (*nothing, *work.clash, *(() if nothing else checked.reasons))
        return Description(
            work.product.product_id,
            code,
            chosen[2],
            chosen[0],
            checked.claims,
            held,
            tuple(dict.fromkeys(refusals)),
            work.known.refused,
            work.known,
            work.prompt,
            chosen[1],
            digest,
        )

    def _digest(self, product: Product, picture: Pixels | None) -> str:
        seen = hashlib.sha256(picture.tobytes()).hexdigest() if picture is not None else ""
        whole = repr((product, sorted(product.attributes.items()), seen, self._config))
        return hashlib.sha256(whole.encode()).hexdigest()


def decoder_of(config: DescriptionConfig) -> tuple[Decoder, str]:
    """The embedded decoder, learnt from the languages' sentences, and its version.

    It learns the tone and length that are asked for alone, a quarter of all that there is.
    """
    languages = [load_language(code) for code in config.languages]
    asked = (config.tone,), (config.length,)
    key = content_key(languages, asked, config.decoder, config.seed, _VERSION)
    made = learn_decoder(key, lambda: examples(config, *asked), config.decoder, seed=config.seed)
    return made, f"decoder {key[:12]}"


def examples(
    config: DescriptionConfig,
    tones: Sequence[Tone] = ("plain", "warm"),
    lengths: Sequence[Length] = ("short", "long"),
) -> list[Example]:
    """Pairs of facts and text in every language, and in these tones and lengths."""
    draw = np.random.default_rng(config.seed)
    found: list[Example] = []
    while len(found) < config.decoder.pairs:
        code = config.languages[int(draw.integers(len(config.languages)))]
        language = load_language(code)
        tone = tones[int(draw.integers(len(tones)))]
        length = lengths[int(draw.integers(len(lengths)))]
        slots = drawn_slots(language, draw)
        text = pattern(slots, language, tone, length, draw)
        if text:
            found.append(Example(Request(code, tone, length, tuple(slots)), text))
    return found


def _template(
    slots: Slots, language: Language, config: DescriptionConfig, check: Callable[[str], Checked]
) -> tuple[str, Checked]:
    """The template's text and its check; without the product's own words if those fail it."""
    text = template(slots, language, tone=config.tone, length=config.length)
    checked = check(text)
    if checked.reasons and "text" in slots:
        fewer = {k: v for k, v in slots.items() if k != "text"}
        return _template(fewer, language, config, check)
    return text, checked


def _share(checked: Checked, slots: Slots, length: str) -> float:
    """Share of the facts that should be said and are."""
    asked = [s for s in wanted(slots, length) if s != "text" and not s.startswith(("key", "value"))]
    said = {claim.kind for claim in checked.claims if claim.evidence}
    return sum(slot in said for slot in asked) / max(len(asked), 1)


def _hub_prompt(config: DescriptionConfig, code: str, known: Known) -> str:
    facts = [f"- {f.attribute}: {f.value}" for f in known.facts]
    facts += [f"- text: {known.text}"] if known.text else []
    named = {"en": "English", "zh": "Chinese"}.get(code, code)
    return config.hub_prompt.format(language=named, facts="\n".join(facts))
