"""Earlier questions: literals are read and never run, answers are found and lose personal data."""

from __future__ import annotations

import gzip
from pathlib import Path

import pandas as pd
import pytest

from shoplake.errors import SourceError
from shoplake.models.assistant.questions import PastAnswers, read_questions
from shoplake.models.assistant.utterances import read_utterances
from shoplake.models.search.encoder import TextEncoder

GOOD = "{'asin': 'B1', 'question': 'does it fit?', 'answer': 'Yes.', 'unixTime': 5}"


def test_a_line_is_a_literal(tmp_path: Path) -> None:
    (tmp_path / "qa.jsonish").write_text(f"{GOOD}\n\n{GOOD.replace('5', 'None')}\n")
    rows = read_questions(tmp_path)
    assert rows["line"].tolist() == [1, 3]
    assert rows.iloc[0][["product", "asked_at", "question", "answer"]].tolist() == [
        "B1",
        5.0,
        "does it fit?",
        "Yes.",
    ]
    assert pd.isna(rows["asked_at"][1])


@pytest.mark.parametrize(
    "line",
    [
        "__import__('pathlib').Path('run').touch()",
        "{'question': 'x'}",
        "['question']",
        "{'question': 'x', 'answer': (",
        "[" * 5000,
    ],
)
def test_anything_else_is_refused_with_its_line(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "qa.jsonish").write_text(f"{GOOD}\n{line}\n")
    with pytest.raises(SourceError, match=r"qa\.jsonish:2"):
        read_questions(tmp_path)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("damage", [b"", b"\0\0", None], ids=["cut off", "damaged", "not utf-8"])
def test_a_file_that_cannot_be_read_to_its_end_is_refused(
    damage: bytes | None, tmp_path: Path
) -> None:
    packed = gzip.compress((GOOD + "\n").encode() * 50)
    if damage is None:
        packed = gzip.compress(f"{GOOD}\n".encode() + b"\xff\xfe\n")
    else:
        packed = packed[:-9] + damage
    (tmp_path / "qa.jsonish.gz").write_bytes(packed)
    with pytest.raises(SourceError, match=r"qa\.jsonish\.gz, after line"):
        read_questions(tmp_path)


@pytest.mark.parametrize("left", [0, 9, 40], ids=["empty", "little", "most"])
def test_utterances_that_are_cut_off_are_refused(left: int, tmp_path: Path) -> None:
    packed = gzip.compress(b"utterance,intent\n" + b"where is it,track\n" * 30)
    (tmp_path / "utterances.csv.gz").write_bytes(packed[:left])
    with pytest.raises(SourceError, match="cannot be read"):
        read_utterances(tmp_path)


def test_the_nearest_question_answers_without_personal_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOPLAKE_CACHE", str(tmp_path))
    rows = pd.DataFrame(
        {
            "line": [7, 9],
            "question": ["is the hose included?", "how loud is the motor?"],
            "answer": ["Yes, write to ann@a.example.", "Quiet."],
        }
    )
    past = PastAnswers(rows, TextEncoder.load("tiny", max_tokens=16), "questions")
    found = past.best("hose included?")
    assert found is not None
    assert found.line == 7
    assert "ann@a.example" not in found.answer
    assert past.best("how loud is the motor?").score == pytest.approx(1, abs=1e-3)
