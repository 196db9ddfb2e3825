"""Topics are kept whole, and what is judged on was learnt nowhere."""

import numpy as np
import pandas as pd
import pytest

from shoplake.errors import ShoplakeError
from shoplake.evaluate import tuning_trial
from shoplake.evaluate.metrics import EvaluationError
from shoplake.evaluate.tasks import generalisation
from shoplake.evaluate.topics import kept_topics
from shoplake.evaluate.tuning import Reranking
from shoplake.models.search.judgements import Judgements

KINDS = [
    *("lamp", "chair", "mirror", "drill", "paint", "faucet", "carpet"),
    *("ladder", "fence", "grill", "sink", "bulb"),
]
COLOURS = [
    *("red", "blue", "green", "pink", "grey", "gold", "black", "white"),
    *("beige", "teal", "ivory", "plum", "rust", "lime", "navy", "mint"),
]


def rows():
    """192 queries of twelve kinds; a title of the kind and colour is a 3, other kinds' are 1."""
    found = []
    for k, kind in enumerate(KINDS):
        for colour in COLOURS:
            query = f"{colour} {kind}"
            # Nothing fits a query for rust.
            best = 1.0 if colour == "rust" else 3.0
            for one, grade in ((kind, best), (KINDS[k - 1], 1.0)):
                title = f"{colour.title()} {one.title()} {one}ware {one}maker {one}kit"
                found.append((query, title, grade))
    return pd.DataFrame(found, columns=["query", "title", "relevance"])


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "judged"
    path.mkdir()
    columns = {"query": "search_term", "title": "product_title"}
    rows().rename(columns=columns).to_csv(path / "rows.csv", index=False)
    return path


def test_topics_hold_a_share_of_the_queries_and_are_the_same_again():
    topics = kept_topics(rows(), 0.3, seed=1)
    assert 0.3 <= len(topics.queries) / 192 < 0.7
    assert topics == kept_topics(rows(), 0.3, seed=1)
    assert topics.said


def test_queries_of_one_kind_are_of_one_topic():
    topics = kept_topics(rows(), 0.3, seed=1)
    split = {q.split()[1] for q in topics.queries} & {
        q.split()[1] for q in rows()["query"] if q not in topics.queries
    }
    assert len(split) <= 2


def test_few_queries_have_no_topics():
    with pytest.raises(EvaluationError, match="too few for 12 topics"):
        kept_topics(rows().head(20), 0.3, seed=1)


def test_what_is_judged_on_was_learnt_nowhere(folder):
    parts = generalisation._parts(folder, None, 40, 1)
    asked, here, elsewhere = (
        set(part["query"]) for part in (parts.asked, parts.here, parts.elsewhere)
    )
    assert not asked & here
    assert not (asked | here) & elsewhere
    assert len(here) == len(elsewhere)


def test_another_shop_is_elsewhere_and_its_common_queries_are_left_out(folder, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    said = rows().assign(query=lambda r: r["query"].str.replace("red", "RED").str.replace("b", "B"))
    said.loc[said["query"].str.startswith("g"), "query"] += " cheap"
    columns = {"query": "search_term", "title": "product_title"}
    said.rename(columns=columns).to_csv(other / "rows.csv", index=False)
    parts = generalisation._parts(folder, other, 40, 1)
    assert set(parts.elsewhere["query"]) == {q for q in said["query"] if q.endswith("cheap")}


def test_three_rankers_are_judged_on_the_same_queries(folder, monkeypatch):
    load = tuning_trial.load_relevance
    from dataclasses import replace

    monkeypatch.setattr(
        tuning_trial, "load_relevance", lambda p: replace(load(p), base="tiny", batch_size=4)
    )
    found = generalisation.run(folder, None, seed=1, steps=2, queries=40)
    names = {generalisation.ELSEWHERE, generalisation.ADAPTED, generalisation.HERE}
    assert names < set(found.figures)
    assert all(np.isfinite(found.figures[name]["ndcg@10"].value) for name in names)
    assert sum("paired over queries" in note for note in found.notes) == 2


def test_a_shop_of_other_titles_is_learnt_from(folder, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    # After all titles of the judged shop, and none of them.
    elsewhere = rows().assign(
        query=lambda r: "zinc " + r["query"], title=lambda r: "Zinc " + r["title"]
    )
    columns = {"query": "search_term", "title": "product_title"}
    elsewhere.rename(columns=columns).to_csv(other / "rows.csv", index=False)
    parts = generalisation._parts(folder, other, 40, 1)
    titles = np.unique(np.array(parts.texts, dtype=object))
    ranking = Reranking(Judgements.of(parts.elsewhere), Judgements.of(parts.asked, titles))
    said = ranking.words()
    truth = ranking.asked.relevance
    assert np.corrcoef(said.grades, truth)[0, 1] > 0.3
    mean = np.sqrt(np.mean((parts.elsewhere["relevance"].mean() - truth) ** 2))
    assert np.sqrt(np.mean((said.grades - truth) ** 2)) < mean


def test_an_unknown_method_is_refused(folder):
    with pytest.raises(ShoplakeError, match="no method 'magic'"):
        generalisation.run(folder, None, seed=1, methods="magic")
