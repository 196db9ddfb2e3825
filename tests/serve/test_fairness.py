from __future__ import annotations

import numpy as np
import pytest

from shoplake.serve.fairness import FairExposure, fair_exposure, gap, shares
from shoplake.serve.selection import TopK
from shoplake.serve.settings import ServeError, ServeSettings

# Items 1 to 10 are of the big brand, 11 to 20 of the small one, which is due a third.
NAMES = np.array([None] + ["big"] * 10 + ["small"] * 10, dtype=object)
MERIT = np.array([0] + [2] * 10 + [1] * 10)


def lists(people: int = 60, pool: int = 20) -> TopK:
    """Everyone's best are of the big brand, by a little."""
    noise = np.random.default_rng(0).normal(0, 0.3, (people, 21))
    scores = (noise + np.where(np.arange(21) <= 10, 0.6, 0.0)).astype(np.float32)
    scores[:, 0] = -np.inf
    order = np.argsort(-scores, axis=1)[:, :pool]
    return TopK(order, np.take_along_axis(scores, order, 1))


def gap_of(found: TopK, fair: FairExposure) -> float:
    of = fair.groups[found.indices]
    return gap(shares(of, found.indices > 0, len(fair.target)), fair.target)


def test_a_group_is_due_its_share_of_what_was_earned() -> None:
    fair = fair_exposure(NAMES, MERIT, 0.5)
    assert fair.target.tolist() == pytest.approx([0, 2 / 3, 1 / 3])


@pytest.mark.parametrize("closed", [0.5, 1.0])
def test_the_asked_share_of_the_gap_is_closed(closed: float) -> None:
    fair, best = fair_exposure(NAMES, MERIT, closed), lists()
    before = gap_of(TopK(best.indices[:, :5], best.scores[:, :5]), fair)
    after = gap_of(fair.rerank(best, 5), fair)
    assert before > 0.2
    assert 1 - after / before == pytest.approx(closed, abs=0.1)


@pytest.mark.parametrize("apart", [0.0, 1e-6])
def test_a_part_of_the_gap_is_closed_where_candidates_are_tied_or_nearly(apart: float) -> None:
    # Everyone chose three things themselves; of the rest the model says next to nothing.
    fair, best = fair_exposure(NAMES, MERIT, 0.5), lists(200)
    flat = np.where(np.arange(20) < 3, 2.0, 0.0) - apart * np.arange(20)
    best = TopK(best.indices, np.broadcast_to(flat.astype(np.float32), (200, 20)))
    before = gap_of(TopK(best.indices[:, :5], best.scores[:, :5]), fair)
    after = gap_of(fair.rerank(best, 5), fair)
    assert 1 - after / before == pytest.approx(0.5, abs=0.1)


def test_nothing_to_close_changes_nothing() -> None:
    best = lists()
    found = fair_exposure(NAMES, MERIT, 0.0).rerank(best, 5)
    assert (found.indices == best.indices[:, :5]).all()


def test_a_list_holds_the_persons_candidates_once_each_with_their_scores() -> None:
    best = lists()
    found = fair_exposure(NAMES, MERIT, 1.0).rerank(best, 5)
    for row, (items, scores) in enumerate(zip(found.indices, found.scores, strict=True)):
        own = dict(zip(best.indices[row], best.scores[row], strict=True))
        assert len(set(items)) == 5
        assert [own[item] for item in items] == scores.tolist()


def test_padding_stays_at_the_end() -> None:
    best = lists(people=8)
    best.indices[0, 3:], best.scores[0, 3:] = 0, -np.inf
    found = fair_exposure(NAMES, MERIT, 1.0).rerank(best, 5)
    assert (found.indices[0] > 0).tolist() == [True, True, True, False, False]


def test_a_share_beyond_the_whole_gap_is_refused() -> None:
    with pytest.raises(ServeError, match="fair_exposure"):
        ServeSettings(fair_exposure=1.5)
