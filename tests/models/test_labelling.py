"""Cheap labels: votes become one opinion, choices are spread, wrong labels are found."""

import numpy as np
import pandas as pd
import pytest

from shoplake.errors import SourceError
from shoplake.models.labelling.choose import worth_labelling
from shoplake.models.labelling.label_model import fit_label_model
from shoplake.models.labelling.store import save_label, saved_labels, unlabelled
from shoplake.models.labelling.votes import FUNCTIONS, NONE, votes
from shoplake.models.labelling.wrong import likely_wrong, out_of_fold


def test_the_label_model_believes_the_voter_that_is_right():
    draw = np.random.default_rng(0)
    truth = draw.integers(0, 3, 900)

    def voter(right):
        return np.where(draw.random(900) < right, truth, draw.integers(0, 3, 900))

    said = np.stack([voter(0.95), voter(0.6), voter(0.3), voter(0.3)], axis=1)
    said[draw.random(said.shape) < 0.2] = NONE
    model = fit_label_model(said)
    believed = model.accuracy()
    assert believed[0] > believed[1] > max(believed[2:])
    share = np.stack([(said == c).sum(axis=1) for c in range(3)], axis=1)
    majority = (share.argmax(axis=1) == truth).mean()
    assert (model.probabilities(said).argmax(axis=1) == truth).mean() > majority


def test_rules_say_what_a_person_would():
    columns = ["matched", "measures", "measures_matched", "last", "last_in_head", "first_matched"]
    columns += ["brand", "query_terms", "pairs_matched", "missed_most", "base", "bm25_of_best"]
    whole = dict.fromkeys([*columns, "letters"], 1.0)
    other = dict.fromkeys([*columns, "letters"], 0.0) | {"measures": 1.0, "query_terms": 2.0}
    said = votes(pd.DataFrame([whole, other]))
    names = list(FUNCTIONS)
    for rule in ("all words in the title", "measures agree or conflict"):
        assert said[:, names.index(rule)].tolist() == [2, 0]
    assert said[1, names.index("neighbouring words agree")] == NONE


def test_choices_are_distinct_and_not_all_of_one_query():
    draw = np.random.default_rng(1)
    rows, pool = draw.normal(size=(60, 3)), draw.normal(size=(200, 3))
    query = np.repeat(np.arange(20), 10)
    chosen, unsure = worth_labelling(rows, rows[:, 0], pool, query, 12, seed=0)
    assert len(set(chosen.tolist())) == 12
    assert len(set(query[chosen].tolist())) > 6
    assert unsure[chosen].mean() > unsure.mean()


def test_choices_without_labels_are_spread_over_the_features():
    pool = np.repeat(np.eye(4), 50, axis=0)
    empty = np.zeros((0, 4))
    chosen, _ = worth_labelling(empty, np.zeros(0), pool, np.arange(200), 4, seed=0)
    assert len({int(pool[i].argmax()) for i in chosen}) == 4


def test_labels_made_wrong_are_doubted_first():
    draw = np.random.default_rng(2)
    rows = draw.normal(size=(600, 2))
    truth = np.digitize(rows[:, 0], [-0.5, 0.5])
    planted = draw.permutation(600)[:40]
    dirty = truth.copy()
    dirty[planted] = (dirty[planted] + 1) % 3
    group = np.repeat(np.arange(120), 5)
    found = likely_wrong(dirty, out_of_fold(rows, dirty, group, seed=0))[:40]
    assert np.isin(found, planted).mean() > 0.7


def test_a_label_is_kept_at_once_and_the_last_word_counts(tmp_path):
    path = tmp_path / "new" / "labels.csv"
    assert not len(saved_labels(path))
    save_label(path, 'a "quoted", query', "Title", 1)
    save_label(path, 'a "quoted", query', "Title", 3)
    assert saved_labels(path).values.tolist() == [['a "quoted", query', "Title", 3.0]]
    path.write_text("search_term,product_title,relevance\nq,t,7\n")
    with pytest.raises(SourceError, match="not 1 to 3"):
        saved_labels(path)


def test_pairs_without_a_label_are_those_that_words_find():
    labelled = pd.DataFrame({"query": ["red lamp"], "title": ["Red Lamp"], "relevance": [3.0]})
    titles = ["Red Lamp", "Blue Lamp", "Garden Hose"]
    found = unlabelled(["red lamp"], titles, labelled, per_query=3, seed=0)
    assert found.values.tolist() == [["red lamp", "Blue Lamp"]]


HEADER = "search_term,product_title,relevance\n"


def test_a_label_after_a_line_without_an_end_is_on_a_line_of_its_own(tmp_path):
    path = tmp_path / "labels.csv"
    path.write_text(f"{HEADER}rug,Rug,3")
    save_label(path, "lamp", "Red Lamp", 1)
    assert saved_labels(path).values.tolist() == [["rug", "Rug", 3.0], ["lamp", "Red Lamp", 1.0]]


def test_an_empty_file_has_no_label_and_gets_its_columns(tmp_path):
    path = tmp_path / "labels.csv"
    path.touch()
    assert not len(saved_labels(path))
    save_label(path, "lamp", "Red Lamp", 1)
    assert saved_labels(path).values.tolist() == [["lamp", "Red Lamp", 1.0]]


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (f"{HEADER}a,b,3\na,b,c,3\n".encode(), "cannot be read.*line 3"),
        (f"{HEADER}café,b,3\n".encode("latin-1"), r"(?s)not in UTF-8.*labels\.csv, line 2"),
        (None, "cannot be read.*directory"),
    ],
)
def test_labels_that_cannot_be_read_are_said_to_be_so(tmp_path, raw, said):
    path = tmp_path / "labels.csv"
    if raw is None:
        path.mkdir()
    else:
        path.write_bytes(raw)
    with pytest.raises(SourceError, match=said):
        saved_labels(path)
