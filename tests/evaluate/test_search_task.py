"""The search task: graded metrics equal a plain oracle, and both protocols run whole."""

import itertools
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from shoplake.evaluate.metrics import EvaluationError
from shoplake.evaluate.relevance_metrics import grade_metrics, retrieval_metrics
from shoplake.evaluate.tasks import search, tuning
from shoplake.models.search.config import load_search
from shoplake.models.search.judgements import Judgements


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("SHOPLAKE_CACHE", str(tmp_path / "cache"))


def ndcg(order: list[int], gains: dict[int, float]) -> float:
    """Of one order, by the book."""
    dcg = sum(gains.get(t, 0) / math.log2(i + 2) for i, t in enumerate(order[:10]))
    best = sorted(gains.values(), reverse=True)[:10]
    return dcg / sum(gain / math.log2(i + 2) for i, gain in enumerate(best))


def test_graded_ndcg_is_the_mean_over_all_orders_of_ties():
    titles = np.array([f"t{i}" for i in range(6)], dtype=object)
    rows = pd.DataFrame(
        {"query": ["q"] * 3, "title": ["t1", "t2", "t4"], "relevance": [3.0, 2.0, 1.0]}
    )
    judged = Judgements.of(rows, titles)
    scores = np.array([[5, 2, 2, 2, 1, 0]], dtype=np.float32)
    found = retrieval_metrics(scores, judged, slice(0, 1))
    gains = {1: 2.0, 2: 1.0, 4: 0.0}
    orders = [[0, *middle, 4, 5] for middle in itertools.permutations([1, 2, 3])]
    assert found["ndcg@10"][0] == pytest.approx(np.mean([ndcg(o, gains) for o in orders]))
    assert found["recall@10"][0] == 1


def test_a_query_without_a_relevant_title_does_not_count():
    rows = pd.DataFrame({"query": ["q"], "title": ["t"], "relevance": [2.33]})
    found = retrieval_metrics(np.ones((1, 1), np.float32), Judgements.of(rows), slice(0, 1))
    assert np.isnan(found["ndcg@10"][0])
    assert np.isnan(found["mrr@10"][0])


def test_errors_of_grades_and_their_lead():
    grades = np.array([1.0, 3.0, 2.0, 3.0])
    query = np.array([0, 0, 1, 1])
    found = grade_metrics(
        {"flat": np.full(4, 2.0), "right": grades}, grades, query, ["flat"], seed=0
    )
    assert found["flat"]["rmse"].value == pytest.approx(math.sqrt(3 / 4))
    assert found["right"]["rmse"].value == 0
    assert found["right"]["rmse"].lead[0] == pytest.approx(math.sqrt(3 / 4))
    assert found["right"]["f1"].value == 1
    assert "spearman" not in found["flat"]


def shop(folder, things, colours, seed):
    """Judgements in which a title answers a query when thing and colour are the query's."""
    draw = np.random.default_rng(seed)
    rows = []
    for thing, colour in itertools.product(things, colours):
        for _ in range(5):
            other, shade = draw.choice(things), draw.choice(colours)
            other = thing if draw.random() < 0.6 else other
            shade = colour if draw.random() < 0.6 else shade
            grade = 1 + (other == thing) * 1.33 + (shade == colour) * 0.67
            rows.append((f"{colour} {thing}", f"Acme {shade.title()} {other.title()}", grade))
    folder.mkdir()
    frame = pd.DataFrame(rows, columns=["search_term", "product_title", "relevance"])
    frame.to_csv(folder / "any_name.csv", index=False, encoding="latin-1")
    return folder


@pytest.fixture
def tiny():
    config = load_search()
    finetune = replace(config.finetune, steps=2, batch_size=8, topics=4)
    return replace(config, base="tiny", finetune=finetune, candidates=15, trees=20)


THINGS = ["lamp", "chair", "table", "mirror", "clock", "vase", "shelf", "stool"]


def test_both_protocols_on_a_folder_of_other_queries(tmp_path, tiny):
    train = shop(tmp_path / "train", THINGS, ["rust", *COLOURS[:10]], 1)
    data = shop(tmp_path / "data", THINGS, ["rust", "plum", "ivory"], 2)
    found = search.run(data, train, seed=0, settings=tiny)
    assert found.champion in found.figures
    assert "8 queries that are in both folders" in found.protocol["split"]
    assert {"ndcg@10", "mrr@10", "recall@10"} <= set(found.figures[found.champion])
    model = found.figures[search.RELEVANCE]["rmse"].value
    assert model < found.figures["relevance: mean grade"]["rmse"].value


def graded(folder, grade):
    """Judgements of 24 queries that all have one grade."""
    rows = [(f"{c} {t}", f"Acme {t.title()}", grade) for c in COLOURS[:3] for t in THINGS]
    folder.mkdir()
    frame = pd.DataFrame(rows, columns=["search_term", "product_title", "relevance"])
    frame.to_csv(folder / "rows.csv", index=False)
    return folder


@pytest.mark.parametrize("task", [search, tuning])
def test_nothing_is_fitted_where_nothing_can_be_found(tmp_path, task, monkeypatch):
    monkeypatch.setattr(search, "fit_search", None)
    monkeypatch.setattr(tuning, "tried", None)
    train = shop(tmp_path / "train", THINGS, ["gold", "teal", "navy"], 1)
    with pytest.raises(EvaluationError, match=r"(?s)no judged pair of grade 2\.5.*1\.5 to 1\.5"):
        task.run(graded(tmp_path / "data", 1.5), train, seed=0)


def test_a_ranker_that_does_not_lead_is_not_the_champion(tmp_path, tiny, monkeypatch):
    def reversed_order(model, block):
        pairs, scores = ranked(model, block)
        return pairs, -scores

    ranked = search.SearchModel.ranked
    monkeypatch.setattr(search.SearchModel, "ranked", reversed_order)
    train = shop(tmp_path / "train", THINGS, COLOURS[:6], 1)
    data = shop(tmp_path / "data", THINGS, COLOURS[6:9], 2)
    found = search.run(data, train, seed=0, settings=tiny)
    assert found.champion in search.BASELINES


def test_grades_are_predicted_in_folds_without_a_folder_to_learn_from(tmp_path, tiny):
    data = shop(tmp_path / "data", [*THINGS, "bench", "basket"], list(COLOURS), 3)
    found = search.run(data, None, seed=0, settings=tiny)
    assert "5-fold" in found.protocol["relevance"]
    model = found.figures[search.RELEVANCE]["rmse"].value
    assert model < found.figures["relevance: mean grade"]["rmse"].value


COLOURS = ["red", "blue", "green", "white", "black", "brown", "grey", "pink"]
COLOURS += ["gold", "teal", "navy", "ivory", "plum", "rust"]
