"""A model without item vectors is served as one with them: same lists, own reasons."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from shoplake.evaluate.baselines import Model
from shoplake.evaluate.retraining.offline import item_scores
from shoplake.models.recommenders.als import Als, AlsConfig
from shoplake.models.recommenders.config import Family
from shoplake.models.recommenders.interactions import Interactions
from shoplake.models.recommenders.lake_scorer import FamilyScorer
from shoplake.models.recommenders.parts import Part
from shoplake.models.recommenders.seen_features import ItemFacts
from shoplake.serve.batch import recommend_block
from shoplake.serve.fairness import POOL, fair_exposure, gap, shares
from shoplake.serve.histories import Histories
from shoplake.serve.live import SessionBlocks, with_session
from shoplake.serve.reasons import GENERAL, POPULAR, reasons_by_near
from shoplake.serve.scorer import columns_of, score_block
from shoplake.serve.settings import ServeSettings

SIZE = 30
DRAW = np.random.default_rng(0)
CONFIG = AlsConfig(factors=4, iterations=3)
ROWS = [sorted(DRAW.permutation(SIZE)[:5].tolist()) for _ in range(40)]


def scorer() -> FamilyScorer:
    model = Als(CONFIG).fit(Interactions.of(ROWS, SIZE))
    facts = ItemFacts(np.zeros(SIZE, np.float32), np.zeros(SIZE, np.float32), np.zeros(SIZE, int))
    near = np.zeros((SIZE + 1, 2), dtype=np.int64)
    return FamilyScorer(
        {"als": Part(Family("als", CONFIG, {}), model)}, None, facts, np.arange(-1, SIZE), near
    )


def histories(people: int) -> Histories:
    items = np.stack([DRAW.permutation(SIZE)[:6] + 1 for _ in range(people)])
    return Histories(items, DRAW.integers(0, 3, items.shape), DRAW.integers(0, 60, items.shape))


@dataclass
class Vectors:
    """The same ALS, by vectors: whoever asks is folded in, and items are its own."""

    base: FamilyScorer

    @property
    def items(self) -> np.ndarray:
        own = self.base.parts["als"].model.items  # type: ignore[attr-defined]
        return np.concatenate([np.zeros_like(own[:1]), own])

    def people(self, history: np.ndarray, counts: np.ndarray, days: np.ndarray) -> np.ndarray:
        scores = self.base.block(history, counts, days)[:, 1:]
        return np.linalg.lstsq(self.items[1:], scores.T, rcond=None)[0].T.astype(np.float32)

    def own_adjustment(self, counts: np.ndarray, days: np.ndarray) -> np.ndarray:
        return np.zeros(counts.shape, dtype=np.float32)


def test_als_gives_the_same_lists_by_blocks_as_by_vectors() -> None:
    block, asked = scorer(), histories(20)
    allowed = DRAW.random(SIZE + 1) > 0.3
    settings = ServeSettings(k=5, exclude_recent_days=30, history_length=6, people_block=32)
    ours = recommend_block(block, asked, allowed, settings)
    theirs = recommend_block(Vectors(block), asked, allowed, settings)
    np.testing.assert_array_equal(ours.indices, theirs.indices)
    np.testing.assert_allclose(ours.scores, theirs.scores, atol=1e-4)
    assert allowed[ours.indices[ours.indices > 0]].all()
    excluded = asked.excluded(settings)
    assert not (ours.indices[:, :, None] == np.where(excluded, excluded, -1)[:, None]).any()


def test_too_few_candidates_end_in_padding() -> None:
    allowed = np.zeros(SIZE + 1, dtype=np.bool_)
    allowed[[3, 7]] = True
    found = recommend_block(scorer(), histories(2), allowed, ServeSettings(k=4, people_block=4))
    assert (np.sort(found.indices[:, :2]) == [3, 7]).all()
    assert (found.indices[:, 2:] == 0).all()
    assert np.isneginf(found.scores[:, 2:]).all()


def test_who_is_scored_beside_a_person_changes_nothing() -> None:
    block, asked = scorer(), histories(10)
    settings = ServeSettings(k=5, people_block=16, history_length=6)
    allowed = np.ones(SIZE + 1, dtype=np.bool_)
    together = recommend_block(block, asked, allowed, settings)
    for person in range(10):
        alone = recommend_block(block, asked[person : person + 1], allowed, settings)
        np.testing.assert_array_equal(alone.scores[0], together.scores[person])


def test_judged_is_what_is_served() -> None:
    block, asked = scorer(), histories(12)
    judged = Model(block, asked).score(slice(0, 12))
    everything = np.ones(SIZE + 1, dtype=np.bool_)
    settings = ServeSettings(k=SIZE, people_block=12, history_length=6)
    served = recommend_block(block, asked, everything, settings)
    np.testing.assert_array_equal(np.take_along_axis(judged, served.indices, 1), served.scores)
    at = np.array([3, 3, 11]), np.array([1, 9, 30])
    np.testing.assert_array_equal(item_scores(block, asked, *at), judged[at].astype(np.float64))


def test_both_kinds_of_scorers_give_a_score_for_every_item() -> None:
    block, asked = scorer(), histories(3)
    arrays = asked.items, asked.counts, asked.days
    assert columns_of(block) == columns_of(Vectors(block)) == SIZE + 1
    ours, theirs = score_block(block, *arrays), score_block(Vectors(block), *arrays)
    np.testing.assert_allclose(ours[:, 1:], theirs[:, 1:], atol=1e-4)


def test_the_session_of_today_counts_once_more() -> None:
    block = scorer()
    history, counts = np.array([[4, 9, 2]]), np.ones((1, 3), dtype=np.int64)
    days = np.array([[0, 0, 7]])
    live = with_session(block, 1, 0.25)
    assert isinstance(live, SessionBlocks)
    whole = block.block(history, counts, days)
    now = block.block(np.array([[4, 0, 0]]), np.array([[1, 0, 0]]), days * 0)
    np.testing.assert_allclose(
        live.block(history, counts, days), 0.75 * whole + 0.25 * now, rtol=1e-6
    )


NAMES = np.array(["", "kettle", "teapot", "lamp", "sofa"], dtype=object)
NEAR = np.array([[0, 0], [2, 3], [1, 0], [0, 0], [3, 1]])


def why(recommended: list[int], history: list[int], counts: list[int], near=NEAR) -> list[str]:  # type: ignore[no-untyped-def]
    rows = (np.array([values], dtype=np.int64) for values in (recommended, history, counts))
    return reasons_by_near(*rows, near, NAMES)[0].tolist()


def test_the_strongest_item_of_the_history_is_named() -> None:
    assert why([1, 4], [3, 2], [1, 1]) == ["goes with teapot", "goes with lamp"]


def test_own_items_come_before_that_and_nothing_is_made_up() -> None:
    said = why([2, 1, 3, 0], [2, 1, 0], [3, 0, 0])
    assert said == ["you bought this 3 times", "you looked at this", GENERAL, ""]


def test_a_model_that_ranks_by_popularity_says_so() -> None:
    assert why([1], [2], [1], np.zeros_like(NEAR)) == [POPULAR]


def test_lists_longer_than_the_pool_are_made_fair_too() -> None:
    size, k = 300, POOL + 10
    model = Als(CONFIG).fit(
        Interactions.of([DRAW.permutation(size)[:20].tolist() for _ in range(80)], size)
    )
    facts = ItemFacts(np.zeros(size, np.float32), np.zeros(size, np.float32), np.zeros(size, int))
    columns, near = np.arange(-1, size), np.zeros((size + 1, 2), dtype=np.int64)
    parts = {"als": Part(Family("als", CONFIG, {}), model)}
    block = FamilyScorer(parts, None, facts, columns, near)
    items = np.stack([DRAW.permutation(size)[:6] + 1 for _ in range(16)])
    asked = Histories(items, np.ones_like(items), np.ones_like(items))
    allowed = np.ones(size + 1, dtype=np.bool_)
    names = np.array([None] + ["big"] * 150 + ["small"] * 150, dtype=object)
    fair = fair_exposure(names, np.array([0] + [9] * 150 + [1] * 150), 1.0)
    settings = ServeSettings(k=k, people_block=16, history_length=6)
    lists = [recommend_block(block, asked, allowed, settings, f).indices for f in (None, fair)]
    plain, moved = (
        gap(shares(fair.groups[i], i > 0, len(fair.target)), fair.target) for i in lists
    )
    assert lists[1].shape == (16, k)
    assert moved < 0.5 * plain
