"""From a folder of judgements, or clicks, to a judged and registered ranker."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from shoplake.errors import ModelError
from shoplake.evaluate.tuning_job import (
    clicks_as_grades,
    folder_pairs,
    judge_ranker,
    unlabelled,
)
from shoplake.models.relevance.artifact import load_ranker
from shoplake.models.relevance.settings import load_relevance
from shoplake.models.relevance.tracking import RankerRegistry
from shoplake.models.relevance.training import finetune
from shoplake.models.tracking import Parents

THINGS = ["lamp", "chair", "table", "mirror"]
COLOURS = ["red", "blue", "green", "pink", "grey"]


def test_clicks_beyond_what_a_position_gets_anyway_are_grades():
    shown = [("lamp", "Lamp", 1, 1), ("lamp", "Chair", 2, 0)] * 10
    shown += [("chair", "Lamp", 1, 0), ("chair", "Chair", 2, 1)] * 10
    rows = clicks_as_grades(pd.DataFrame(shown, columns=["query", "title", "position", "clicked"]))
    grade = {(r.query, r.title): r.relevance for r in rows.itertuples(index=False)}
    assert grade["lamp", "Lamp"] == grade["chair", "Chair"] > 2.8
    assert grade["lamp", "Chair"] == grade["chair", "Lamp"] == 1


def test_a_folder_becomes_a_version_that_grades_alike(tmp_path):
    rows = [
        (f"{c} {t}", f"Nice {c.title()} {o.title()}", 3.0 if t == o else 1.0)
        for c in COLOURS
        for t in THINGS
        for o in THINGS
    ]
    (tmp_path / "judged").mkdir()
    columns = ["search_term", "product_title", "relevance"]
    pd.DataFrame(rows, columns=columns).to_csv(tmp_path / "judged" / "rows.csv", index=False)
    config = replace(load_relevance(), base="tiny", steps=2, batch_size=4)
    pairs = folder_pairs(tmp_path / "judged", config)
    assert not set(pairs.learn["query"]) & set(pairs.asked["query"])
    run_dir = tmp_path / "run"
    made = finetune(config, pairs.written(run_dir), str(run_dir), lambda _: None)
    ranker = load_ranker(Path(made.folder))
    verdict = judge_ranker(ranker, pairs, config)
    assert {"ndcg@10.BM25", "rmse.fine-tuned"} <= set(verdict.metrics)
    registry = RankerRegistry(f"sqlite:///{tmp_path}/mlflow.db", "shoplake", "relevance")
    version = registry.register_ranker(
        Path(made.folder),
        config,
        Parents({}, {}, "revision", "by query"),
        fingerprint=pairs.fingerprint,
        metrics=verdict.metrics,
    )
    assert registry.find(pairs.fingerprint) == version
    again = registry.ranker(version)
    asked = (pairs.asked["query"].tolist(), pairs.asked["title"].tolist())
    assert np.allclose(again.grades(*asked), ranker.grades(*asked), atol=1e-6)


def test_too_few_queries_are_refused(tmp_path):
    rows = "search_term,product_title,relevance\nlamp,Lamp,3\n"
    (tmp_path / "rows.csv").write_text(rows)
    with pytest.raises(ModelError, match="1 judged queries are too few"):
        folder_pairs(tmp_path, load_relevance())


def test_a_lakes_texts_are_current_descriptions_and_reviews(spark):
    tables = {
        "silver.products": spark.createDataFrame(
            [("A warm lamp.", True), ("An old lamp.", False), (None, True)],
            "description string, is_current boolean",
        ),
        "silver.reviews": spark.createDataFrame(
            [("Good", "It shines."), (None, "很好的台灯"), (None, None)],
            "title string, text string",
        ),
    }
    assert sorted(unlabelled(tables.__getitem__)) == [
        "A warm lamp.",
        "Good It shines.",
        "很好的台灯",
    ]
