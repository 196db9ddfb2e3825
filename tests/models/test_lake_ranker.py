"""The ranker over families, on histories as a lake serves them."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
from lake_people import ITEMS, PRODUCTS, VECTORS, WORLDS, arrays, family, scorer, seen
from scipy.sparse import csr_array

from shoplake.errors import ModelError
from shoplake.models.recommenders.lake_config import LakeFamily
from shoplake.models.recommenders.lake_model import LakeModel, load_lake_model, save_lake_model
from shoplake.models.recommenders.lake_ranker import LakeRanker, Moment
from shoplake.models.recommenders.near import speaking_for
from shoplake.models.recommenders.next_purchases import NextPurchasesConfig
from shoplake.models.recommenders.parts import Part
from shoplake.models.recommenders.seen_features import ItemFacts, SeenFeatures

PARTS = ("popularity", "item_knn")
CONFIG = NextPurchasesConfig(trees=20, leaves=4, least=5, truncation=8, each=6)
CATEGORY = np.repeat([0, 1], 4)
FACTS = ItemFacts(np.zeros(ITEMS, np.float32), np.zeros(ITEMS, np.float32), CATEGORY)


def parts() -> dict[str, Part]:
    return {name: Part.fitted(family(name), seen(WORLDS), VECTORS) for name in PARTS}


def moment(after: list[list[int]]) -> Moment:
    """People of the worlds, who then buy what `after` says, by item_index."""
    truth = np.zeros((len(WORLDS), ITEMS))
    for person, items in enumerate(after):
        truth[person, [item - 1 for item in items]] = 1
    return Moment(seen(WORLDS), FACTS, parts(), csr_array(truth))


def missing(row: list[int]) -> list[int]:
    """The one item of a row's world that it lacks."""
    world = range(1, 5) if row[0] < 5 else range(5, 9)
    return sorted(set(world) - set(row))


@pytest.fixture(scope="module")
def model() -> LakeModel:
    """People buy their first item again, and the one of their world that they lack."""
    after = [[row[0], *missing(row)] for row in WORLDS]
    made = LakeRanker.learned(CONFIG, [moment(after)])
    fitted = parts()
    said = LakeFamily("next_purchases", {n: family(n) for n in PARTS}, CONFIG, "all", 4)
    near = speaking_for(fitted["item_knn"], ITEMS, 3)
    return LakeModel(said, PRODUCTS[1:], CATEGORY, near, fitted, made)


def test_what_people_lack_comes_first_among_items_new_to_them(model: LakeModel) -> None:
    rows = WORLDS[:6]
    found = scorer(model).block(*arrays(rows))
    for person, row in enumerate(rows):
        new = [item for item in range(1, ITEMS + 1) if item not in row]
        assert new[int(found[person, new].argmax())] == missing(row)[0]


def test_what_people_buy_again_is_above_what_is_no_candidate(model: LakeModel) -> None:
    narrow = LakeRanker(1, model.ranker.every, model.ranker.fresh)  # type: ignore[union-attr]
    people = seen([[1, 2, 3]])
    scores = {name: part.scores(people) for name, part in model.parts.items()}
    found = narrow.rank(people, FACTS, scores)[0]
    # Its own three, and the fourth of its world; popularity proposes one of 5 and 6 (by item_index).
    assert found[[6, 7]].max() < found[[0, 1, 2, 3]].min()


def test_it_comes_back_from_its_folder_and_from_a_pickle(model: LakeModel, tmp_path: Path) -> None:
    back = load_lake_model(save_lake_model(tmp_path / "model", model))
    assert back.family == model.family
    mine = scorer(model).block(*arrays(WORLDS[:6]))
    np.testing.assert_array_equal(scorer(back).block(*arrays(WORLDS[:6])), mine)
    there = pickle.loads(pickle.dumps(scorer(back)))
    np.testing.assert_array_equal(there.block(*arrays(WORLDS[:6])), mine)


def test_nobody_who_bought_anything_is_an_error() -> None:
    with pytest.raises(ModelError, match="nobody with a history bought"):
        LakeRanker.learned(CONFIG, [moment([])])


def test_features_say_what_the_history_holds() -> None:
    found = SeenFeatures(seen([[5, 5, 6]]), FACTS)
    bought, new, other = found.of(np.zeros(3, np.int64), np.array([4, 6, 0]))
    # times and days of the item, then of its category
    assert bought[:4].tolist() == [2, 10, 3, 0]
    assert new[:4].tolist() == [0, 999, 3, 0]
    assert other[:4].tolist() == [0, 999, 0, 999]
    # items, purchases, items bought, days since the newest and the oldest, purchases an item
    assert bought[-6:].tolist() == [2, 3, 2, 0, 10, 1.5]
