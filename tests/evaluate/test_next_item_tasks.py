"""The tasks `sequences` and `sessions`, whole, on small folders of their layouts."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from shoplake.evaluate.findings import Findings
from shoplake.evaluate.layouts.sequences import read_sequences, training_rows
from shoplake.evaluate.layouts.sessions import read_sessions
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
    for row in found.figures.values():
        assert 0 < row[f"coverage@{main.split('@')[1]}"].value <= 1


def sessions_folder(folder: Path, rows: list[list[str]], judged: list[list[str]]) -> Path:
    folder.mkdir()
    zipped(folder / "train.tsv.gz", ["session", *map(" ".join, rows)])
    lines = [f"{' '.join(row[:-1])}\t{row[-1]}" for row in judged]
    zipped(folder / "test.tsv.gz", ["prefix\tnext_item", *lines])
    return folder


def test_ids_of_items_may_be_any_text(tmp_path: Path) -> None:
    rows, judged = [["a7", "b", "c"], ["b", "z"]], [["b", "a7"], ["new", "b"]]
    found = read_sessions(sessions_folder(tmp_path / "text", rows, judged), None)
    assert found.seen.items.tolist() == [0, 1, 2, 1, 4]
    assert found.prefixes.items.tolist() == [1, 3]
    assert found.truth.tolist() == [0, 1]
    padded = read_sessions(sessions_folder(tmp_path / "n", [["07", "10"]], [["7", "9"]]), None)
    assert padded.seen.items[0] == padded.prefixes.items[0] == 0


def test_of_few_sessions_a_larger_part_chooses_settings() -> None:
    rows = [[n % 50, (n + 1) % 50] for n in range(900)]
    found = sessions.latest(Interactions.of(rows, catalogue=50))
    assert (len(found.past), len(found.truth)) == (700, 200)
    many = sessions.latest(Interactions.of(rows * 10, catalogue=50))
    assert len(many.truth) == 720
    with pytest.raises(EvaluationError, match="599 training sessions are too few"):
        sessions.latest(Interactions.of(rows[:599], catalogue=50))


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


def rewritten(folder: Path, rows: list[list[int]], people: list[str] | None = None) -> Path:
    """The folder's items with other histories; each row's last item is the next one."""
    people = people or [str(p) for p in range(len(rows))]
    lines = [
        f"{p}\t{' '.join(map(str, row[:-1]))}\t{row[-1]}"
        for p, row in zip(people, rows, strict=True)
    ]
    zipped(folder / "histories.tsv.gz", ["user\thistory\tnext", *lines])
    return folder


def test_a_later_period_of_the_same_people_does_not_tell_what_is_judged(tmp_path: Path) -> None:
    draw = np.random.default_rng(3)
    rows = [walk(draw, 8) for _ in range(50)]
    later = rewritten(sequences_folder(tmp_path / "later", 1, 1), rows, ["x"] * 50)
    cut = [row[:5] for row in rows]
    judged = read_sequences(rewritten(sequences_folder(tmp_path / "now", 1, 1), cut))
    notes: list[str] = []
    seen, _ = training_rows(judged, later, notes)
    assert [seen.block(p, p + 1).items.tolist() for p in range(50)] == [row[:4] for row in rows]
    assert notes[0].startswith("50 rows of the training folder begin with a history")


def test_a_history_of_one_item_stops_the_rows_of_that_person_alone(tmp_path: Path) -> None:
    judged = rewritten(sequences_folder(tmp_path / "now", 1, 1), [[5, 6]], ["ann"])
    rows = [[5, 6, 7], [5, 6, 7], [5, 9]]
    train = rewritten(sequences_folder(tmp_path / "later", 1, 1), rows, ["ann", "bob", "eve"])
    seen, _ = training_rows(read_sequences(judged), train, [])
    # Ann's row is cut, and so is Eve's, whose history is the same; one item teaches nothing.
    assert seen.items.tolist() == [5, 6, 7]


@pytest.mark.parametrize("length", [0, 1])
def test_histories_too_short_to_learn_from_are_refused(tmp_path: Path, length: int) -> None:
    draw = np.random.default_rng(3)
    folder = sequences_folder(tmp_path / "data", 1, 1)
    rewritten(folder, [walk(draw, length + 1) for _ in range(60)])
    with pytest.raises(EvaluationError, match="0 of 60 histories hold two items"):
        sequences.run(folder, None, seed=0)


def test_files_that_end_midway_are_errors(tmp_path: Path) -> None:
    data = sequences_folder(tmp_path / "data", 1, 60)
    path = data / "histories.tsv.gz"
    path.write_bytes(path.read_bytes()[:-50])
    with pytest.raises(EvaluationError, match="cannot be read"):
        read_sequences(data)
    zipped(tmp_path / "test.tsv.gz", ["prefix\tnext_item", "1\t2"])
    zipped(tmp_path / "train.tsv.gz", ["session", *("1 2 3" for _ in range(99))])
    (tmp_path / "train.tsv.gz").write_bytes((tmp_path / "train.tsv.gz").read_bytes()[:-12])
    with pytest.raises(EvaluationError, match="cannot be read"):
        sessions.run(tmp_path, None, seed=0)


@pytest.mark.parametrize("longest_first", [True, False])
def test_prefixes_of_a_session_belong_together(longest_first: bool) -> None:
    found, truth = sessions.prefixes(Interactions.of([[5, 6, 7, 5], [5, 6], [1, 2]], catalogue=8))
    order = np.array([2, 1, 0, 3, 4] if longest_first else [0, 1, 2, 3, 4])
    of = sessions.sessions_of(found.take(order), truth[order])
    assert of.tolist() == [0, 0, 0, 1, 2]
