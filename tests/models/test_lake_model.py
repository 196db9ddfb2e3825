"""A family learns from histories as a lake serves them, and comes back from disk as it was."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
from lake_people import CONFIGS, ITEMS, OF_MODEL, PRODUCTS, arrays, learned, scorer, seen

from shoplake.errors import ModelError
from shoplake.models.loaded import load_model
from shoplake.models.recommenders.config import FAMILIES
from shoplake.models.recommenders.lake_config import load_lake_family
from shoplake.models.recommenders.lake_model import load_lake_model, save_lake_model
from shoplake.models.recommenders.seen import Seen

ASKED = arrays([[1, 2], [5, 5, 6], [7]])


def test_every_family_is_tried() -> None:
    assert set(CONFIGS) == set(FAMILIES)


@pytest.mark.parametrize("name", list(CONFIGS))
def test_a_family_comes_back_from_its_folder_with_the_same_scores(
    name: str, tmp_path: Path
) -> None:
    model = learned(name)
    back = load_model(save_lake_model(tmp_path / "model", model))
    assert back.family == model.family  # type: ignore[union-attr]
    mine, theirs = (scorer(m).block(*ASKED) for m in (model, back))  # type: ignore[arg-type]
    np.testing.assert_array_equal(mine, theirs)
    assert mine.shape == (3, ITEMS + 1)
    assert np.isfinite(mine).all()
    assert np.ptp(mine[:, 1:]) > 0


def test_a_private_model_says_what_it_spent_after_its_folder_too(tmp_path: Path) -> None:
    back = load_lake_model(save_lake_model(tmp_path / "model", learned("private"))).spent()
    assert float(back["shoplake.epsilon"]) > 0
    assert back["shoplake.delta"] == "1e-05"
    assert "RDP" in back["shoplake.accountant"]
    assert not learned("ease").spent()


@pytest.mark.parametrize("name", ["ease", "sasrec", "session_knn"])
def test_a_scorer_travels_to_another_process(name: str) -> None:
    here = scorer(learned(name))
    there = pickle.loads(pickle.dumps(here))
    np.testing.assert_array_equal(here.block(*ASKED), there.block(*ASKED))


def test_a_history_is_read_oldest_first_with_days_and_counts() -> None:
    read = seen([[5, 5, 6], [], [1]])
    assert read.touched().items.tolist() == [4, 5, 0]
    assert read.touched().days.tolist() == [10, 0, 0]  # type: ignore[union-attr]
    assert read.bought().items.tolist() == [4, 4, 5, 0]
    assert read.bought().offsets.tolist() == [0, 3, 3, 4]


def test_what_was_only_looked_at_is_touched_but_not_bought() -> None:
    history, counts, days = arrays([[1, 2]])
    counts[0, 0] = 0
    read = Seen.of(history, counts, days, OF_MODEL, ITEMS)
    assert read.touched().items.tolist() == [0, 1]
    assert read.bought().items.tolist() == [0]


def test_items_are_found_by_their_product_and_unknown_ones_come_last() -> None:
    model = learned("ease")
    as_learned = scorer(model).block(*arrays([[1, 2]]))[0]
    moved = ["", "s:new", *PRODUCTS[1:]]
    found = scorer(model, moved).block(*arrays([[2, 3]]))[0]
    np.testing.assert_array_equal(found[2:], as_learned[1:])
    assert found[1] < found[2:].min()
    assert found.argmin() in (0, 1)


def test_who_has_nothing_that_the_model_knows_gets_what_is_popular() -> None:
    found = scorer(learned("ease"), [*PRODUCTS, "s:new"]).block(*arrays([[9], [], [1]]))
    for person in (0, 1):
        assert np.argsort(-found[person, 1:9]).tolist() == list(range(7, -1, -1))
    assert found[2, 1:5].max() > found[2, 5:9].max()


def test_blocks_do_not_change_scores() -> None:
    rows = [[1, 2], [5, 6], [7, 8], [3]] * 200
    whole = scorer(learned("als")).block(*arrays(rows))
    np.testing.assert_allclose(whole[:4], whole[-4:], rtol=1e-5)


def test_items_that_speak_for_another_are_of_its_world() -> None:
    near = scorer(learned("ease")).near
    assert set(near[1]) <= {0, 2, 3, 4}
    assert near[1].any()
    assert not scorer(learned("popularity")).near.any()
    assert not scorer(learned("personal")).near.any()


def test_a_folder_without_a_model_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no model of a family"):
        load_lake_model(tmp_path)


def test_settings_of_a_lake_come_from_the_files() -> None:
    alone, ranked = load_lake_family("item_knn", 50), load_lake_family("next_purchases", 50)
    assert alone.parts["item_knn"].config.window == 0
    assert (alone.decides_on, alone.ranker) == ("new", None)
    assert next(iter(ranked.parts)) == "recent_popularity"
    assert ranked.parts["recent_popularity"].config.recent
    assert ranked.ranker is not None


def test_a_file_of_ones_own_is_taken_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "item_knn.yml"
    file.write_text("window: 7\ndecides_on: all\n")
    found = load_lake_family(str(file), 50)
    assert (found.parts["item_knn"].config.window, found.decides_on) == (7, "all")
