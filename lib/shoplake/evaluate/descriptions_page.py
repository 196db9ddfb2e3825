"""Samples of descriptions as one HTML page: the picture, each writer's text, claims marked."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from html import escape

from PIL import Image

from shoplake.evaluate.descriptions_texts import Written
from shoplake.models.descriptions.claims import Rules
from shoplake.models.descriptions.grounding import Grounder
from shoplake.models.descriptions.language import load_language
from shoplake.models.descriptions.pixels import Pixels

_SHOWN = 24
_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem;
  color: #1f2328; }
article { display: grid; grid-template-columns: 140px 1fr; gap: 1rem; padding: 1rem 0;
  border-top: 1px solid #d0d7de; }
img { width: 128px; height: 128px; object-fit: cover; border-radius: 8px; }
h2 { margin: 0; font-size: 1.1rem; } dl { margin: .3rem 0 0; } dt { color: #57606a;
  font-size: .8rem; margin-top: .4rem; } dd { margin: 0; }
mark { background: #dafbe1; } mark.none { background: #ffebe9; text-decoration: underline wavy
  #cf222e; } .none-at-all { color: #57606a; }
"""


def page(written: Sequence[Written]) -> str:
    """A page that needs no other file.

    Green: a claim with evidence among the facts; hovering shows it. Red and underlined: a claim
    without. The written description is what a person wrote, which no writer saw.
    """
    step = max(1, len(written) // _SHOWN)
    parts = [_sample(one) for one in written[::step][:_SHOWN]]
    return (
        "<!doctype html><html lang=en><meta charset=utf-8>"
        "<meta name=viewport content='width=device-width'>"
        f"<title>Descriptions of held-out classes</title><style>{_STYLE}</style>"
        "<h1>Descriptions of held-out classes</h1><p>Claims with evidence among the facts are "
        "<mark>green</mark>; claims without are <mark class=none>red</mark>: such a text is held. "
        f"{len(parts)} of {len(written)} classes, evenly spaced.</p>{''.join(parts)}</html>\n"
    )


def _sample(one: Written) -> str:
    facts = ", ".join(f"{f.attribute} {f.value} ({f.source})" for f in one.known.facts)
    rows = [f"<dt>facts</dt><dd>{escape(facts) or 'none'}</dd>"]
    for name, text in one.texts.items():
        rows.append(f"<dt>{escape(name)}</dt><dd>{marked(text, one)}</dd>")
    rows.append(f"<dt>written by a person</dt><dd>{marked(one.described.written, one)}</dd>")
    name = escape(one.described.product.name)
    return (
        f"<article>{_picture(one.described.picture, name)}<div><h2>{name}</h2>"
        f"<dl>{''.join(rows)}</dl></div></article>"
    )


def marked(text: str, one: Written) -> str:
    """A text as HTML with its claims marked by whether the class's facts support them."""
    if not text:
        return "<span class=none-at-all>(no text)</span>"
    checked = Grounder(load_language("en"), Rules()).check(text, one.known)
    found, at = "", 0
    for claim in checked.claims:
        start = text.find(claim.words, at)
        if start < 0:
            continue
        kind = "" if claim.evidence else " class=none"
        said = claim.evidence or f"no evidence: {claim.kind}"
        found += escape(text[at:start])
        found += f'<mark{kind} title="{escape(said)}">{escape(claim.words)}</mark>'
        at = start + len(claim.words)
    return found + escape(text[at:])


def _picture(pixels: Pixels | None, name: str) -> str:
    if pixels is None:
        return "<span class=none-at-all>no picture</span>"
    kept = io.BytesIO()
    Image.fromarray(pixels).save(kept, "JPEG", quality=85)
    data = base64.b64encode(kept.getvalue()).decode()
    return f'<img alt="{name}" src="data:image/jpeg;base64,{data}">'
