"""Personal data in texts of a catalogue: found, and masked wherever a table shows such a text."""

from __future__ import annotations

from shoplake.governance.personal import Span, find, mask
from shoplake.models.descriptions.facts import Known


def private_spans(text: str, known: Known) -> list[Span]:
    """Personal data of a text; a name within a brand or another value of a column is none."""
    values = [f.value.lower() for f in known.facts if f.source == "attribute"]
    return [
        span
        for span in find(text)
        if span.kind != "name" or not any(span.text.lower() in value for value in values)
    ]


def masked(text: str, known: Known, *, names: bool = False) -> str:
    """A text with `private_spans` masked by their kinds.

    Args:
        text: of a row.
        known: of the row's product.
        names: also names that a column has.
    """
    if names:
        return mask(text)
    parts, at = [], 0
    for span in private_spans(text, known):
        parts += [text[at : span.start], f"[{span.kind}]"]
        at = span.end
    return "".join((*parts, text[at:]))


def masked_value(name: str, value: str, known: Known, *, names: bool = False) -> str:
    """A value masked as a text would say it, "phone: 555 0199": its name may give it away."""
    said = masked(f"{name}: {value}", known, names=names)
    start = f"{name}: "
    return said[len(start) :] if said.startswith(start) else masked(value, known, names=names)
