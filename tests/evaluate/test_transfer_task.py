"""A model of titles moved to another shop, and the ratio that says what it keeps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_array

from shoplake.evaluate.intervals import paired_ratio
from shoplake.evaluate.metrics import EvaluationError
from shoplake.evaluate.tasks import transfer as task
from shoplake.evaluate.transfer import Domain, _bias, moved_between, pieces
from shoplake.models.recommenders.gpt_titles import GptTitles, GptTitlesConfig
from shoplake.models.recommenders.interactions import Interactions

KINDS = np.eye(6, dtype=np.float32)


def shop(name: str, items: int, people: int, seed: int) -> Domain:
    """Items of six kinds by turns; people go from a kind to the next, which titles alone tell."""
    draw = np.random.default_rng(seed)
    kind = draw.integers(6, size=(people, 1)) + np.arange(6)
    item = (kind % 6) + 6 * draw.integers(items // 6, size=kind.shape)
    rows = Interactions.of(item.tolist(), items)
    histories, last = rows.without_last()
    truth = csr_array((np.ones(people), (np.arange(people), last)), (people, items))
    titles = [str(i % 6) for i in range(items)]
    return Domain(name, titles, histories, histories, truth, False, "ndcg@10", "the next item")


def read(titles: Sequence[str]) -> np.ndarray:
    return KINDS[[int(t) for t in titles]]


@pytest.mark.slow
def test_what_titles_tell_is_kept_in_a_shop_never_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shoplake.evaluate.transfer.STEPS", 120)
    found = moved_between(shop("there", 60, 400, 1), shop("here", 120, 400, 2), read, 0)
    row = found.figures["moved"]
    assert row["ndcg@10"].lead is not None
    assert row["ndcg@10"].lead[1] > 0
    share = row["share kept of ndcg@10"]
    assert share.low is not None and share.high is not None  # noqa: PT018
    assert 0.7 < share.low <= share.value <= share.high < 1.4


def test_a_moved_model_takes_no_item_s_own_weight_along() -> None:
    config = GptTitlesConfig(dimension=8, layers=1, epochs=2, negatives=8)
    model = GptTitles(config, KINDS).fit(Interactions.of([[0, 1, 2]] * 40, 6))
    moved = model.moved(np.concatenate([KINDS, KINDS]))
    asked = Interactions.of([[0, 1]], 12)
    scores = moved.scores(asked)
    np.testing.assert_allclose(scores[:, :6], scores[:, 6:], rtol=1e-5)
    bias = np.where(np.arange(12) < 6, 0, 3).astype(np.float32)
    known = model.moved(np.concatenate([KINDS, KINDS]), bias).scores(asked)
    np.testing.assert_allclose(known - scores, bias[None], atol=1e-5)


def test_long_histories_are_cut_from_their_ends() -> None:
    rows = Interactions.of([[1, 2, 3, 4, 5], [], [6, 7]], 8)
    found = pieces(rows, 2)
    lists = [
        found.items[a:b].tolist() for a, b in zip(found.offsets, found.offsets[1:], strict=False)
    ]
    assert lists == [[1], [2, 3], [4, 5], [6, 7]]


def test_the_ratio_of_the_same_people_twice_as_good_is_two() -> None:
    values = np.random.default_rng(0).random(50)
    found = paired_ratio(2 * values, values, seed=0)
    assert (found.value, found.low, found.high) == pytest.approx((2, 2, 2))
    with pytest.raises(EvaluationError, match="no ratio"):
        paired_ratio(values, np.zeros(50), seed=0)


def test_without_a_folder_to_learn_on_there_is_nothing_to_move(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="nothing to move"):
        task.run(tmp_path, None, seed=0)


def test_histories_of_one_item_are_too_short_to_learn_from() -> None:
    here = shop("here", 60, 40, 1)
    short = replace(here, name="there", seen=Interactions.of([[1]] * 40, 60))
    for pair in ((short, here), (here, short)):
        with pytest.raises(EvaluationError, match="too few to learn from"):
            moved_between(*pair, read, 0)


def test_items_chosen_equally_often_give_no_slope_over_popularity() -> None:
    config = GptTitlesConfig(dimension=8, layers=1, epochs=1, negatives=8)
    even = Interactions.of([[0, 1, 2], [3, 4, 5]], 6)
    model = GptTitles(config, KINDS).fit(even)
    assert not _bias(model, even, Interactions.of([[0, 0, 1]], 12)).any()
