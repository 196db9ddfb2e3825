"""Descriptions of products: facts, a text, its check; a text that fails is replaced or held."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from shoplake.models.descriptions.candidates import (
    VERSION,
    Candidate,
    from_template,
    says_all,
    share,
)
from shoplake.models.descriptions.claims import Claim, Rules
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
)
from shoplake.models.hub import HubWriter
from shoplake.models.search.cache import content_key


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
    """A model that writes from a prompt and perhaps a picture (`models.hub.HubWriter`)."""

    version: str

    def write(self, prompts: Sequence[str], pictures: Sequence[Pixels | None]) -> list[str]:
        """A text for each prompt."""
        ...


#: Share of the facts that a larger model's text has to say, if the fixed sentences say as much. It
#: may choose among them; a text that names one of six tells a reader less than they would.
_HUB_SAYS = 0.5
_HUB_TOKENS = 96


@dataclass(frozen=True)
class _Work:
    product: Product
    known: Known
    slots: Slots
    prompt: str
    candidates: tuple[Candidate, ...]
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
        rules = Rules(tuple(config.banned), frozenset(brands), frozenset(config.brands))
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
        slots = [slots_of(k, language, text=config.length == "long") for k in known]
        check = self._grounders[code].check
        candidates: list[list[Candidate]]
        if self._hub is not None:
            prompts = [_hub_prompt(config, code, k) for k in known]
            texts = self._hub.write(prompts, [pictures.get(p.product_id) for p in products])
            version = self._hub.version
            candidates = [
                [Candidate("hub", version, t.strip(), check(t.strip(), k))]
                for t, k in zip(texts, known, strict=True)
            ]
        else:
            prompts, candidates = self._drawn(known, slots, code, language)
        return [
            _Work(
                p, k, s, prompt, tuple(c), conflicts(k, self._labels, probability=config.conflict)
            )
            for p, k, s, prompt, c in zip(products, known, slots, prompts, candidates, strict=True)
        ]

    def _drawn(
        self, known: Sequence[Known], slots: Sequence[Slots], code: str, language: Language
    ) -> tuple[list[str], list[list[Candidate]]]:
        """The decoder's prompts and texts; several texts where the likeliest one leaves a wish."""
        config, check = self._config, self._grounders[code].check
        decoder, version = decoder_of(config)
        requests = [
            Request(code, config.tone, config.length, tuple(s), (), self._allowed(code, k))
            for s, k in zip(slots, known, strict=True)
        ]
        found: list[list[Candidate]] = [[] for _ in requests]
        asked = list(range(len(requests)))
        for numbers in (range(1), range(1, config.decoder.candidates)):
            part = [requests[i] for i in asked]
            drawn = decoder.write(part, config.decoder, seed=config.seed, numbers=numbers)
            for i, texts in zip(asked, drawn, strict=True):
                said = [realise(text, slots[i], language) for text in texts]
                found[i] += [
                    Candidate("decoder", version, text, check(text, known[i])) for text in said
                ]
            asked = [i for i in asked if not says_all(found[i], slots[i], config.length)]
        return [" ".join(request.prompt()) for request in requests], found

    def _allowed(self, code: str, known: Known) -> frozenset[str]:
        return self._grounders[code].allowed(known)

    def _checked(self, work: _Work, code: str, language: Language, digest: str) -> Description:
        """The best text that passes; else the template's; else the first one, held."""
        config, check = self._config, self._grounders[code].check
        sure = from_template(work.slots, language, config, lambda text: check(text, work.known))
        whole = share(sure.checked, work.slots, config.length)
        least = {"decoder": whole, "hub": min(whole, _HUB_SAYS)}
        refusals: list[str] = []
        passed: list[tuple[float, int, Candidate]] = []
        for number, candidate in enumerate(work.candidates):
            checked, writer = candidate.checked, candidate.writer
            said = share(checked, work.slots, config.length)
            if not checked.passed:
                refusals += [f"{writer}: {reason}" for reason in checked.reasons]
            elif said < least[writer]:
                refusals.append(f"{writer}: says too little")
            else:
                passed.append((said, -number, candidate))
        chosen, reasons = sure, sure.checked.reasons
        if passed:
            chosen, reasons = max(passed, key=lambda row: row[:2])[2], ()
            refusals = []
        elif config.fallback == "hold" and work.candidates and sure.checked.passed:
            chosen = work.candidates[0]
            reasons = chosen.checked.reasons or ("says too little",)
        nothing = () if work.known.facts else ("nothing is known of the product",)
        held = (*nothing, *work.clash, *(() if nothing else reasons))
        return Description(
            work.product.product_id,
            code,
            chosen.text,
            chosen.writer,
            chosen.checked.claims,
            held,
            tuple(dict.fromkeys(refusals)),
            work.known.refused,
            work.known,
            work.prompt,
            chosen.version,
            digest,
        )

    def _digest(self, product: Product, picture: Pixels | None) -> str:
        seen = hashlib.sha256(picture.tobytes()).hexdigest() if picture is not None else ""
        whole = repr((product, sorted(product.attributes.items()), seen, self._config))
        return hashlib.sha256(whole.encode()).hexdigest()


def hub_writer(config: DescriptionConfig) -> HubWriter | None:
    """The model that the settings name; None where they name none.

    Raises:
        ModelError: it cannot be loaded.
    """
    where = "`hub` in conf/models/descriptions.yml"
    return HubWriter(config.hub, tokens=_HUB_TOKENS, setting=where) if config.hub else None


def decoder_of(config: DescriptionConfig) -> tuple[Decoder, str]:
    """The embedded decoder, learnt from the languages' sentences, and its version.

    It learns the tone and length that are asked for alone, a quarter of all that there is.
    """
    languages = [load_language(code) for code in config.languages]
    asked = (config.tone,), (config.length,)
    key = content_key(languages, asked, config.decoder, config.seed, VERSION)
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


def _hub_prompt(config: DescriptionConfig, code: str, known: Known) -> str:
    facts = [f"- {f.attribute}: {f.value}" for f in known.facts]
    facts += [f"- text: {known.text}"] if known.text else []
    return config.hub_prompt.format(
        language={"en": "English", "zh": "Chinese"}.get(code, code),
        facts="\n".join(facts),
        tone=config.tone,
        length={"short": "one sentence", "long": "two or three sentences"}[config.length],
    )
