"""The next item of a session, on the diginetica layout.

Reads `train.tsv.gz` (sessions in order of time) and `test.tsv.gz` (prefixes and next items).
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np

from shoplake.evaluate import next_item
from shoplake.evaluate.findings import Findings
from shoplake.evaluate.layouts.sessions import read_sessions
from shoplake.evaluate.metrics import EvaluationError
from shoplake.models.recommenders.interactions import Interactions
from shoplake.models.recommenders.tuning import Validation

BASELINES = ["popularity", "item_knn", "vsknn"]
PARTS = ["item_knn", "vsknn", "stan", "sasrec"]
K = 20
_VALIDATION_SHARE, _VALIDATION_SESSIONS, _LEAST = 0.08, 8000, 200


def run(data: Path, train: Path | None, *, seed: int) -> Findings:
    """Learn from the training sessions, judge on the next item of each prefix of `data`.

    Raises:
        EvaluationError: a file is missing or is not of this layout, or the folders share no item.
    """
    found = read_sessions(data, train)
    validation = latest(found.seen)
    families = next_item.families("popularity", "item_knn", "session_knn", "sasrec")
    knn = families.pop("session_knn")
    plain = knn.replaced(distance_decay=0.0, session_decay=0.0, idf=1.0, position_decay=3.0)
    sasrec = families.pop("sasrec")
    families |= {
        "vsknn": plain.untuned(),
        "stan": knn,
        "sasrec": sasrec.replaced(epochs=2, update_epochs=1),
    }
    session = sessions_of(found.prefixes, found.truth)
    setup = next_item.Setup(
        task="sessions",
        seen=found.seen,
        validation=validation,
        histories=found.prefixes,
        truth=found.truth,
        families=families,
        baselines=BASELINES,
        parts=PARTS,
        k=K,
        main="recall",
        keep_seen=True,
        build=lambda family: family.build(),
        light=1,
        group=session,
    )
    cold = int((found.seen.counts()[found.truth] == 0).sum())
    protocol = {
        "question": "the next item of each session, from the items before it",
        "learned on": f"{(train or data) / 'train.tsv.gz'}: {len(found.seen):,} sessions, "
        f"{len(found.seen.items):,} interactions",
        "settings": f"chosen on the latest {len(validation.truth):,} "
        "prefixes of training sessions, from the sessions before them",
        "candidates": f"all {found.seen.catalogue:,} items, those of the session too",
        "ties": "neutral: the expectation over all orders of equal scores",
        "cut-off": f"{K}; recall@{K} of one true item is what papers call P@{K}",
        "interval": "95% percentile bootstrap over sessions, 1,000 resamples; leads are paired",
        "units": f"{len(found.truth):,} prefixes of {int(session[-1]) + 1:,} sessions, one true "
        f"item each; {cold:,} true items that no training session holds",
        "light": "prefixes of one item",
    }
    return next_item.run(setup, protocol, [], seed)


def latest(seen: Interactions) -> Validation:
    """All prefixes of the latest training sessions; the past is what precedes these sessions.

    Raises:
        EvaluationError: there are too few sessions.
    """
    size = min(int(len(seen) * _VALIDATION_SHARE), _VALIDATION_SESSIONS)
    # Of few or short sessions it takes a larger part, up to a third.
    told = np.cumsum(np.maximum(seen.lengths[::-1] - 1, 0))
    size = min(max(size, int(np.searchsorted(told, _LEAST)) + 1), len(seen) // 3)
    last = seen.block(len(seen) - size, len(seen))
    histories, truth = prefixes(last)
    if len(truth) < _LEAST:
        raise EvaluationError(
            f"{len(seen):,} training sessions are too few",
            where=f"{len(truth)} prefixes to choose settings on",
            remedy="give a training folder with some hundreds of sessions, or more",
        )
    return Validation(seen.block(0, len(seen) - size), histories, truth)


def sessions_of(prefixes: Interactions, truth: np.ndarray) -> np.ndarray:
    """The session of each prefix [P], from 0.

    Files of this layout name no session. Its prefixes follow one another, the longest first or
    last: a prefix with the item that followed it is its neighbour.
    """
    ends = prefixes.offsets.tolist()
    lists = [prefixes.items[a:b].tolist() for a, b in pairwise(ends)]
    whole = [[*row, item] for row, item in zip(lists, truth.tolist(), strict=True)]
    same = [lists[i - 1] == whole[i] or whole[i - 1] == lists[i] for i in range(1, len(lists))]
    return np.cumsum([0, *(not joined for joined in same)])


def prefixes(sessions: Interactions) -> tuple[Interactions, np.ndarray]:
    """Every prefix of every session, and the item after it."""
    ends = np.flatnonzero(np.arange(len(sessions.items)) > sessions.offsets[sessions.rows])
    starts = sessions.offsets[sessions.rows[ends]]
    lengths = ends - starts
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    at = np.repeat(starts - offsets[:-1], lengths) + np.arange(offsets[-1])
    return Interactions(sessions.items[at], offsets, sessions.catalogue), sessions.items[ends]
