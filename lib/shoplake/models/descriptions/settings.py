"""Settings of product descriptions, conf/models/descriptions.yml."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from shoplake.errors import SettingsError
from shoplake.models.config import model_file
from shoplake.runtime.typed import load_yaml

Tone = Literal["plain", "warm"]
Length = Literal["short", "long"]


@dataclass(frozen=True)
class DecoderConfig:
    """The small GPT that writes, and how it is learnt.

    Attributes:
        layers, width, heads: of the transformer.
        steps: optimiser steps.
        batch_size: texts a step.
        learning_rate: peak rate; warm-up, then a cosine to a twentieth.
        dropout: share of values left out in learning; made-up pairs are endless and need none.
        pairs: pairs of facts and text made of the languages' sentences.
        candidates: texts drawn for a product, of which the best that passes the check is kept.
        temperature: of the draws; the first candidate takes the likeliest word each time.
        most_tokens: longest text.
    """

    layers: int
    width: int
    heads: int
    steps: int
    batch_size: int
    learning_rate: float
    dropout: float
    pairs: int
    candidates: int
    temperature: float
    most_tokens: int


@dataclass(frozen=True)
class DescriptionConfig:
    """How descriptions are written and when they are held.

    Attributes:
        languages: of conf/languages; a description each.
        tone: plain or warm sentences.
        length: short: the thing itself and two facts; long: every fact.
        fallback: what replaces a text that fails the check: a template's sentence, or nothing.
        banned: phrases that no description may have, besides the language's own.
        brands: names that only their own products may mention, besides the catalogue's brands, and
            that no value of another product may have.
        encoder: of pictures: pretrained `efficientnet-lite0`, or `small`, learnt from scratch.
        pixels: side of a picture as the encoder reads it.
        confidence: least calibrated probability at which a picture is evidence.
        conflict: from this probability on a picture that contradicts a column holds the row.
        fewest_pictures: of products whose attributes are known, to learn reading pictures from.
        read: attributes that a picture can show.
        hub: a Hugging Face image-text or causal model that writes instead of the decoder; "" none.
        hub_prompt: its prompt, with {facts} and, if it likes, {language}, {tone} and {length}.
        decoder: the embedded writer.
        roles: category -> column -> what the column means there.
        seed: of everything that is drawn.
    """

    languages: tuple[str, ...]
    tone: Tone
    length: Length
    fallback: Literal["template", "hold"]
    banned: tuple[str, ...]
    brands: tuple[str, ...]
    encoder: Literal["efficientnet-lite0", "small"]
    pixels: int
    confidence: float
    conflict: float
    fewest_pictures: int
    read: tuple[str, ...]
    hub: str
    hub_prompt: str
    decoder: DecoderConfig
    roles: dict[str, dict[str, str]]
    seed: int

    def __post_init__(self) -> None:
        where = "conf/models/descriptions.yml"
        if not self.languages:
            raise SettingsError("no language", where=where, remedy="set `languages: [en]`")
        for name in ("confidence", "conflict"):
            if not 0.5 <= getattr(self, name) <= 1:
                raise SettingsError(
                    f"{name} is {getattr(self, name)}",
                    where=where,
                    remedy="set it between 0.5 and 1",
                )
        if self.pixels < 32:
            raise SettingsError(f"pixels is {self.pixels}", where=where, remedy="set 32 or more")
        if self.hub:
            self._check_prompt(where)
        for name in ("steps", "candidates", "most_tokens", "batch_size", "pairs"):
            if getattr(self.decoder, name) < 1:
                raise SettingsError(
                    f"decoder: {name} is {getattr(self.decoder, name)}",
                    where=where,
                    remedy="set it to 1 or more",
                )

    def _check_prompt(self, where: str) -> None:
        named = {"language": "", "facts": "\0", "tone": "", "length": ""}
        try:
            has_facts = "\0" in self.hub_prompt.format(**named)
        except (KeyError, ValueError, IndexError) as error:
            raise SettingsError(
                f"hub_prompt cannot be filled in: {error}",
                where=where,
                remedy=f"use {', '.join(f'{{{name}}}' for name in named)}; a brace itself is {{{{",
            ) from None
        if not has_facts:
            raise SettingsError(
                "hub_prompt gives the model no facts", where=where, remedy="put {facts} into it"
            )


def load_descriptions(file: str = "descriptions") -> DescriptionConfig:
    """conf/models/<file>.yml."""
    return load_yaml(model_file(file), DescriptionConfig)
