"""Texts that may become a description, and which of them says the most."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from shoplake.models.descriptions.claims import Checked
from shoplake.models.descriptions.language import SLOT, Language
from shoplake.models.descriptions.settings import DescriptionConfig
from shoplake.models.descriptions.wording import Slots, realise, template, wanted

#: Version of sentences, decoding and check: part of a description's model version.
VERSION = 3


@dataclass(frozen=True)
class Candidate:
    """A text that may become a product's description.

    Attributes:
        writer: decoder, hub or template.
        version: of the writer.
        text: what it wrote.
        checked: what it claims, and what speaks against it.
    """

    writer: str
    version: str
    text: str
    checked: Checked


def from_template(
    slots: Slots, language: Language, config: DescriptionConfig, check: Callable[[str], Checked]
) -> Candidate:
    """The template's text and its check.

    If it fails, the product's own words are left out, then attributes whose sentence fails by
    itself: one bad column does not keep a product without a description.
    """
    text = template(slots, language, tone=config.tone, length=config.length)
    checked = check(text)
    if checked.reasons:
        fewer = {k: v for k, v in slots.items() if k != "text"}
        if "text" not in slots:
            fewer = _sound(slots, language, config, check)
        if len(fewer) < len(slots):
            return from_template(fewer, language, config, check)
    return Candidate("template", f"template {VERSION}", text, checked)


def _sound(
    slots: Slots, language: Language, config: DescriptionConfig, check: Callable[[str], Checked]
) -> Slots:
    """The slots without those whose own sentence fails by itself."""
    found = dict(slots)
    for slot in [s for s in slots if not s.startswith("value")]:
        own = {slot, slot.replace("key", "value")} if slot.startswith("key") else {slot}
        sentences = [s for s in language.sentences[config.tone] if set(SLOT.findall(s)) == own]
        if any(not check(realise(s, slots, language)).passed for s in sentences):
            found = {k: v for k, v in found.items() if k not in own}
    return found


def says_all(candidates: Sequence[Candidate], slots: Slots, length: str) -> bool:
    """Whether one passes that no other could say more than."""
    asked = _asked(slots, length)
    return any(c.checked.passed and asked <= _said(c.checked) for c in candidates)


def share(checked: Checked, slots: Slots, length: str) -> float:
    """Share of the facts that should be said and are."""
    asked = _asked(slots, length)
    return len(asked & _said(checked)) / max(len(asked), 1)


def _asked(slots: Slots, length: str) -> set[str]:
    said = wanted(slots, length)
    return {s for s in said if s != "text" and not s.startswith(("key", "value"))}


def _said(checked: Checked) -> set[str]:
    return {claim.kind for claim in checked.claims if claim.evidence}
