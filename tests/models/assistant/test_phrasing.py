"""Utterances of one phrasing stay together, and splits take whole groups."""

from __future__ import annotations

import numpy as np

from shoplake.models.assistant.phrasing import held_out, phrasings

ASKED = {
    "track": ["where is my parcel", "what is the ETA of the delivery van"],
    "pay": ["which cards are accepted", "may I transfer money by bank"],
    "news": ["the letter with offers"],
}
FRAMES = ("{}", "please tell me {}", "can you tell me {}?", "i want to know {}")


def rows() -> tuple[list[str], list[str]]:
    said = [(f.format(t), i) for i, texts in ASKED.items() for t in texts for f in FRAMES]
    texts, intents = zip(*said, strict=True)
    return list(texts), list(intents)


def test_a_frame_does_not_make_another_phrasing() -> None:
    texts, intents = rows()
    groups = phrasings(texts, intents).reshape(-1, len(FRAMES))
    assert (groups == groups[:, :1]).all()
    assert len(set(groups[:, 0])) == 5


def test_whole_groups_are_held_out_and_every_intent_keeps_one() -> None:
    texts, intents = rows()
    groups = phrasings(texts, intents)
    out = held_out(groups, intents, 0.4, seed=1)
    assert out.any()
    assert not set(groups[out]) & set(groups[~out])
    assert set(np.array(intents)[~out]) == set(ASKED)
