"""Fine-tuning and votes: resumed runs are equal, and no query is told its own judgements."""

import gzip
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from shoplake.errors import ModelError, SourceError
from shoplake.models.search.bi_encoder import BiEncoderTraining
from shoplake.models.search.config import FinetuneConfig, load_search
from shoplake.models.search.encoder import TextEncoder, budgeted
from shoplake.models.search.index import SearchIndex
from shoplake.models.search.judgements import Judgements, read_judgements
from shoplake.models.search.lexical import TermIndex
from shoplake.models.search.neighbours import JudgedQueries
from shoplake.models.search.text import terms, words

THINGS = ["lamp", "chair", "table", "mirror", "rug", "clock", "vase", "shelf"]


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("SHOPLAKE_CACHE", str(tmp_path / "cache"))


@pytest.fixture(scope="module")
def judged():
    rows = [
        (
            f"{colour} {thing}",
            f"Nice {colour.title()} {other.title()}",
            3.0 if thing == other else 1.0,
        )
        for colour in ("red", "blue")
        for thing in THINGS
        for other in THINGS[:4]
    ]
    return Judgements.of(pd.DataFrame(rows, columns=["query", "title", "relevance"]))


def config(steps: int) -> FinetuneConfig:
    return FinetuneConfig(steps, 8, 1e-3, 0.01, 0.1, 4, 2, 0.5, 3, 0)


def trained(judged: Judgements, steps: int, checkpoint: Path | None, stop: int | None = None):
    """A tiny encoder after `steps`, or stopped after the checkpoint at `stop`."""
    encoder = TextEncoder.load("tiny", max_tokens=16)
    texts = judged.titles.tolist()
    mined = np.tile(np.arange(len(texts)), (len(judged.queries), 1))
    topics = np.arange(len(judged.queries)) % 4
    training = BiEncoderTraining(
        encoder, judged, judged.queries.tolist(), texts, mined, topics, config(steps)
    )

    def tell(text: str) -> None:
        if stop is not None and text.startswith(f"step {stop + 3} "):
            raise KeyboardInterrupt

    try:
        training.run(checkpoint, tell)
    except KeyboardInterrupt:
        return None
    return encoder.encode(texts)


def test_a_run_that_was_killed_goes_on_to_the_same_weights(judged, tmp_path):
    checkpoint = tmp_path / "killed.checkpoint"
    assert trained(judged, 9, checkpoint, stop=3) is None
    assert torch.load(checkpoint, weights_only=True)["step"] == 3
    whole = trained(judged, 9, None)
    assert np.array_equal(trained(judged, 9, checkpoint), whole)


def test_fine_tuning_brings_queries_near_their_titles(judged):
    def right(steps: int) -> float:
        encoder = TextEncoder.load("tiny", max_tokens=16)
        texts = judged.titles.tolist()
        mined = np.tile(np.arange(len(texts)), (len(judged.queries), 1))
        topics = np.zeros(len(judged.queries), dtype=int)
        BiEncoderTraining(
            encoder, judged, judged.queries.tolist(), texts, mined, topics, config(steps)
        ).run(None, lambda _: None)
        titles, queries = encoder.encode(texts), encoder.encode(judged.queries.tolist())
        good = judged.relevance > 2
        cosines = (queries[judged.query] * titles[judged.title]).sum(axis=1)
        return float(cosines[good].mean() - cosines[~good].mean())

    assert right(40) > right(0) + 0.05


def test_batches_keep_to_their_token_budget_and_hold_each_text_once():
    lengths = [3, 9, 4, 4, 20, 5, 1]
    found = list(budgeted(lengths, 12))
    assert sorted(np.concatenate(found).tolist()) == list(range(7))
    for batch in found:
        assert len(batch) == 1 or max(lengths[i] for i in batch) * len(batch) <= 12


def test_vectors_are_the_same_whatever_they_are_batched_with():
    encoder = TextEncoder.load("tiny", max_tokens=16)
    texts = ["red lamp", "a very long name of a lamp", "x"]
    together = encoder.encode(texts)
    alone = np.vstack([encoder.encode([text]) for text in texts])
    assert np.abs(together - alone).max() < 5e-3  # bfloat16 where the CPU has it
    assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)


def test_a_query_has_no_vote_of_its_own(judged):
    vectors = np.eye(len(judged.queries), dtype=np.float32) * 0.1 + 0.9
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    known = JudgedQueries(judged, vectors, neighbours=1, least=0.5)
    alone = known.votes(vectors)
    others = known.votes(vectors, itself=np.arange(len(vectors)))
    assert alone.nearest[0] == pytest.approx(1, abs=1e-6)
    assert others.nearest[0] < 0.9999
    assert (
        alone.gain.toarray()[0].argmax()
        == judged.title[judged.query == 0][judged.relevance[judged.query == 0].argmax()]
    )


def test_whether_a_title_was_ever_judged_makes_no_difference_without_a_neighbour(judged):
    rows = pd.DataFrame({"query": ["a"], "title": ["judged"], "relevance": [3.0]})
    one = Judgements.of(rows, np.array(["fresh", "judged"], dtype=object))
    known = JudgedQueries(one, np.array([[1.0, 0.0]], np.float32), neighbours=5, least=0.6)
    votes = known.votes(np.array([[0.0, 1.0]], np.float32))
    for matrix in (votes.seen, votes.gain, votes.relevant):
        assert matrix.toarray().tolist() == [[0.0, 0.0]]


def test_a_query_is_not_read_by_the_encoder_that_learnt_it():
    base = TextEncoder.load("tiny", max_tokens=16)
    index = SearchIndex(["Red Lamp", "Blue Chair", "Green Rug"], base)
    other = TextEncoder.load("tiny", max_tokens=16)
    index.tune([base, other])
    read = index.read(["red lamp", "blue chair", "rug"], np.array([0, 1, -1]))
    assert read.shares.tolist() == [[0, 1], [1, 0], [0.5, 0.5]]
    width = base.base.width
    assert not read.tuned[0, :width].any()
    assert not read.tuned[1, width:].any()


def test_bm25_of_a_pair_is_that_of_the_whole_catalogue():
    titles = [terms(words(t)) for t in ["Red Lamp", "Red Red Chair", "Blue Chair"]]
    index = TermIndex(titles)
    asked = index.queries([["red"], ["chair", "unknown"]])
    found = index.scores(asked)
    assert (found > 0).tolist() == [[True, True, False], [False, True, True]]
    assert found[1, 2] > found[1, 1]  # the shorter title
    assert np.allclose(found, (asked @ index.rows.T).toarray())


@pytest.mark.parametrize("name", ["j.csv", "other.csv.gz"])
def test_judgements_are_found_by_their_columns(tmp_path, name):
    rows = pd.DataFrame(
        {
            "id": [1],
            "product_uid": [7],
            "product_title": ["Lamp 30å¡ é"],
            "search_term": [" lamp  e "],
            "relevance": [2.33],
        }
    )
    rows.to_csv(tmp_path / name, index=False, encoding="latin-1")
    (tmp_path / "notes.csv").write_text("a,b\n1,2\n")
    found = read_judgements(tmp_path)
    assert found.to_dict("records") == [
        {"query": "lamp e", "title": "Lamp 30° é", "relevance": 2.33}
    ]


def test_the_shipped_settings_can_be_read():
    assert load_search().candidates > 10


GOOD = "search_term,product_title,relevance\nlamp,Red Lamp,3\nlamp,Rug,1\n"


@pytest.mark.parametrize("name", ["rows.CSV", "ROWS.Csv.GZ", "rows.TSV"])
def test_the_letters_of_a_suffix_may_be_large(tmp_path, name):
    raw = GOOD.replace(",", "\t" if "tsv" in name.lower() else ",").encode()
    (tmp_path / name).write_bytes(gzip.compress(raw) if "gz" in name.lower() else raw)
    assert len(read_judgements(tmp_path)) == 2


def test_an_empty_file_beside_judgements_is_none_of_them(tmp_path):
    (tmp_path / "a.csv").touch()
    (tmp_path / "rows.csv").write_text(GOOD)
    assert len(read_judgements(tmp_path)) == 2


@pytest.mark.parametrize("damage", ["flipped", "cut"])
def test_a_damaged_file_is_named(tmp_path, damage):
    raw = bytearray(gzip.compress((GOOD + "mat,Door Mat 17,2\n" * 999).encode()))
    raw[20:60] = b"\xff" * 40
    made = raw if damage == "flipped" else gzip.compress(GOOD.encode())[:-12]
    (tmp_path / "rows.csv.gz").write_bytes(made)
    with pytest.raises(SourceError, match=r"not a CSV file.*\n.*rows\.csv\.gz"):
        read_judgements(tmp_path)


@pytest.mark.parametrize("grade", ["inf", "90", "0", "good", ""])
def test_a_grade_outside_the_layouts_scale_is_refused_with_its_line(tmp_path, grade):
    (tmp_path / "rows.csv").write_text(f"{GOOD}mat,Door Mat,{grade}\n")
    with pytest.raises(SourceError, match=rf"relevance of '{grade}.*\n.*rows\.csv, about line 4"):
        read_judgements(tmp_path)


def test_queries_without_a_related_title_teach_no_encoder(judged):
    poor = replace(judged, relevance=np.full(len(judged), 1.5))
    with pytest.raises(ModelError, match="no judged pair of grade 2 or more"):
        trained(poor, 3, None)
