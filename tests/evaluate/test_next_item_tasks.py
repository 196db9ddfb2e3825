"""The tasks `sequences` and `sessions`, whole, on small folders of their layouts."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from shoplake.evaluate.findings import Findings
from shoplake.evaluate.layouts.sequences import read_sequences, training_rows
from shoplake.evaluate.metrics import EvaluationError
from shoplake.evaluate.tasks import sequences, sessions
from shoplake.models.recommenders.interactions import Interactions

ITEMS = 200


def walk(draw: np.random.Generator, length: int) -> list[int]:
    """From a random item on, each next one is 1 to 3 further, without a repeat."""
    steps = draw.integers(1, 4, length)
    return [int(item) for item in (draw.integers(ITEMS) + np.cumsum(steps)) % ITEMS]


def zipped(path: Path, lines: list[str]) -> None:
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")


def sequences_folder(folder: Path, seed: int, people: int = 900) -> Path:
    folder.mkdir(parents=True)
    draw = np.random.default_rng(seed)
    titles = [f"{i}\tgame number{i} of world{i // 6}" for i in range(ITEMS)]
    (folder / "items.tsv").write_text("\n".join(["item_id:token\ttitle:token_seq", *titles]))
    rows = [walk(draw, 7) for _ in range(people)]
    lines = [f"{p}\t{' '.join(map(str, row[:-1]))}\t{row[-1]}" for p, row in enumerate(rows)]
    head = "user_id:token\titem_id_list:token_seq\titem_id:token"
    zipped(folder / "histories.tsv.gz", [head, *lines])
    return folder


@pytest.fixture(scope="module")
def sequence_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return sequences_folder(tmp_path_factory.mktemp("seq") / "data", 1)


@pytest.fixture(scope="module")
def session_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sessions")
    draw = np.random.default_rng(2)
    rows = [walk(draw, int(draw.integers(2, 6))) for _ in range(1500)]
    zipped(folder / "train.tsv.gz", ["session", *(" ".join(map(str, row)) for row in rows)])
    judged = [walk(draw, 4) for _ in range(200)]
    lines = [f"{' '.join(map(str, row[:-1]))}\t{row[-1]}" for row in judged]
    zipped(folder / "test.tsv.gz", ["prefix\tnext_item", *lines])
    return folder


def check(found: Findings, main: str) -> None:
    hybrid = found.figures["hybrid"][main]
    assert hybrid.low is not None
    assert hybrid.low > found.figures["popularity"][main].value
    best = max(row[main].value for row in found.figures.values())
    assert hybrid.value > 0.9 * best
    assert 0 < found.figures["hybrid"][f"coverage@{main.split('@')[1]}"].value <= 1


@pytest.mark.slow
def test_sequences_judges_every_family_and_a_hybrid_near_the_best(sequence_data: Path) -> None:
    found = sequences.run(sequence_data, None, seed=0)
    check(found, "ndcg@10")
    assert {"item_knn", "als", "ease", "session_knn", "content", "sasrec"} <= set(found.figures)
    assert "900 people" in found.protocol["units"]


def test_sessions_judges_every_family_and_a_hybrid_near_the_best(session_data: Path) -> None:
    found = sessions.run(session_data, None, seed=0)
    check(found, "recall@20")
    assert "200 prefixes" in found.protocol["units"]


def test_a_training_folder_lends_next_items_of_other_people_only(
    sequence_data: Path, tmp_path: Path
) -> None:
    judged = read_sequences(sequence_data)
    own, _ = training_rows(judged, None, [])
    assert own.lengths.tolist() == [6] * 900
    notes: list[str] = []
    same, _ = training_rows(judged, sequence_data, notes)
    assert same.lengths.tolist() == [6] * 900
    assert "were not learned from" in notes[0]
    others, _ = training_rows(judged, sequences_folder(tmp_path / "other", 5, 10), notes)
    assert others.lengths.tolist() == [7] * 10


def test_other_catalogues_are_matched_by_title_or_refused(tmp_path: Path) -> None:
    judged = read_sequences(sequences_folder(tmp_path / "a", 1, 30))
    other = sequences_folder(tmp_path / "b", 2, 30)
    lines = (other / "items.tsv").read_text().splitlines()
    titles = [line.split("\t")[1] for line in lines[1:]]
    turned = [f"{i}\t{title}" for i, title in enumerate(titles[1:] + titles[:1])]
    (other / "items.tsv").write_text("\n".join([lines[0], *turned]))
    notes: list[str] = []
    rows, _ = training_rows(judged, other, notes)
    raw = read_sequences(other)
    assert rows.items[0] == (raw.histories.items[0] + 1) % ITEMS
    assert "matched by title" in notes[0]
    (other / "items.tsv").write_text(
        "\n".join([lines[0], *(f"{i}\tshoe {i}" for i in range(ITEMS))])
    )
    with pytest.raises(EvaluationError, match="no item in common"):
        training_rows(judged, other, [])


def test_a_folder_without_its_files_says_what_it_holds(tmp_path: Path, session_data: Path) -> None:
    with pytest.raises(EvaluationError, match=r"'items\.tsv' is missing"):
        sequences.run(session_data, None, seed=0)
    with pytest.raises(EvaluationError, match="no such data folder"):
        sessions.run(tmp_path / "nowhere", None, seed=0)


def test_prefixes_end_before_the_item_that_followed() -> None:
    found, truth = sessions.prefixes(Interactions.of([[5, 6, 7], [1, 2]], catalogue=8))
    assert [found.block(i, i + 1).items.tolist() for i in range(3)] == [[5], [5, 6], [1]]
    assert truth.tolist() == [6, 7, 2]
