from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

from shoplake.errors import ModelError
from shoplake.models.artifact import LoadedTwoTower, load_artifact
from shoplake.models.inputs import Catalogue, TrainInputs, read_catalogue
from shoplake.models.objective import Objective, whole_catalogue
from shoplake.models.scorer import TwoTowerScorer

HISTORY = np.array([[3, 7, 1, 0], [9, 2, 0, 0], [0, 0, 0, 0]])
COUNTS = np.array([[2, 1, 0, 0], [4, 1, 0, 0], [0, 0, 0, 0]])
DAYS = np.array([[1, 20, 3, 0], [0, 90, 0, 0], [0, 0, 0, 0]])


@pytest.fixture(scope="module")
def model(trained: Path) -> LoadedTwoTower:
    return load_artifact(trained)


@pytest.fixture(scope="module")
def catalogue(inputs: TrainInputs) -> Catalogue:
    return read_catalogue(inputs)


@pytest.fixture(scope="module")
def scorer(model: LoadedTwoTower, catalogue: Catalogue) -> TwoTowerScorer:
    return model.scorer(catalogue.texts, *catalogue.popularity[0].numpy().T)


def scores(scorer: TwoTowerScorer) -> np.ndarray:
    result = scorer.people(HISTORY, COUNTS, DAYS) @ scorer.items.T
    rows, places = np.nonzero(HISTORY)
    result[rows, HISTORY[rows, places]] += scorer.own_adjustment(COUNTS, DAYS)[rows, places]
    return result


def test_served_scores_are_those_that_training_saw(
    scorer: TwoTowerScorer, model: LoadedTwoTower, catalogue: Catalogue
) -> None:
    tokenizer = model._tokenizer
    from shoplake.models.inputs import read_texts

    texts = read_texts(model.model.item_tower, tokenizer, catalogue.texts, 24)
    size = len(catalogue.texts) - 1
    served = scores(scorer)[:2, 1:]
    expected = torch.from_numpy(served).log_softmax(1)
    for target in (3, 11):
        batch = {
            "history": torch.from_numpy(HISTORY[:2]),
            "history_counts": torch.from_numpy(COUNTS[:2]),
            "history_days": torch.from_numpy(DAYS[:2]),
            "target_index": torch.tensor([target, target]),
            "snapshot": torch.tensor([0, 0]),
            "label": torch.ones(2),
            "weight": torch.ones(2),
        }
        rivals = whole_catalogue(size, torch.device("cpu"))
        loss = Objective(model.model, 0.0)(batch, texts, catalogue.popularity, rivals).softmax
        assert float(loss) == pytest.approx(-float(expected[:, target - 1].mean()), abs=1e-4)


def test_a_person_without_history_gets_finite_scores(scorer: TwoTowerScorer) -> None:
    assert np.isfinite(scores(scorer)[2]).all()


def test_padding_does_not_matter(scorer: TwoTowerScorer) -> None:
    wide = [np.pad(values, ((0, 0), (0, 5))) for values in (HISTORY, COUNTS, DAYS)]
    np.testing.assert_allclose(
        scorer.people(*wide), scorer.people(HISTORY, COUNTS, DAYS), rtol=1e-4, atol=1e-5
    )


def test_an_item_bought_more_often_gains_more(scorer: TwoTowerScorer) -> None:
    more, less = scorer.own_adjustment(np.array([[5], [1]]), np.array([[9], [9]]))[:, 0]
    assert more > less


def test_an_unseen_item_is_scored_by_its_text(model: LoadedTwoTower, catalogue: Catalogue) -> None:
    vectors = model.item_matrix([*catalogue.texts, "teal thing", "teal thing"])
    np.testing.assert_array_equal(vectors[-1], vectors[-2])
    np.testing.assert_allclose(np.linalg.norm(vectors[-1]), 1.0, rtol=1e-5)


def test_a_scorer_pickles_without_bert(scorer: TwoTowerScorer) -> None:
    data = pickle.dumps(scorer)
    assert b"encoder" not in data
    np.testing.assert_array_equal(scores(pickle.loads(data)), scores(scorer))


def test_probability_rises_with_the_score(scorer: TwoTowerScorer) -> None:
    low, high = scorer.probability(np.array([-2.0, 2.0], dtype=np.float32))
    assert 0 <= low < high <= 1


def test_a_folder_without_a_model_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no two-tower model here"):
        load_artifact(tmp_path)
