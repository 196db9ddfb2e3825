"""Earlier questions: literals are read and never run, answers are found and lose personal data."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from shoplake.errors import SourceError
from shoplake.models.assistant.questions import PastAnswers, read_questions
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
