"""Earlier questions and their answers, found by words (BM25) and meaning (MiniLM) together."""

from __future__ import annotations

import ast
import gzip
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from shoplake.errors import SourceError
from shoplake.models.search.encoder import TextEncoder
from shoplake.models.search.lexical import TermIndex
from shoplake.models.search.text import terms, words

Floats = NDArray[np.float32]
_MOST_LETTERS = 2000
#: Letters of a line: a literal longer than this is not a question.
_LONGEST_LINE = 200_000
#: What to do about a file that cannot be read to its end.
UNREADABLE = "the file is cut off, damaged or not in UTF-8: fetch it again"
#: What words add to a cosine in the fused score, 0 to 1; `evaluate --task questions` measures it.
WORDS_SHARE = 0.2


def read_questions(folder: Path) -> pd.DataFrame:
    """Questions of the product_questions layout: one Python literal (a dict) a line.

    Lines are read as literals (`ast.literal_eval`), never run.

    Returns:
        line (from 1), product, asked_at (seconds since 1970, NaN where unknown), question, answer.

    Raises:
        SourceError: no such file, it cannot be read to its end, or a line is not such a dict.
    """
    files = sorted(
        [*folder.glob("*.jsonish.gz"), *folder.glob("*.jsonish"), *folder.glob("qa*.json.gz")]
    )
    if not files:
        raise SourceError(
            "no questions here", where=str(folder), remedy="it should hold a file *.jsonish.gz"
        )
    rows = []
    for path in files:
        number = 0
        try:
            with _opened(path) as file:
                for number, line in enumerate(file, 1):
                    if line.strip():
                        rows.append(_row(line, f"{path}:{number}", number))
        except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
            raise SourceError(
                f"cannot be read: {str(error) or type(error).__name__}",
                where=f"{path}, after line {number}",
                remedy=UNREADABLE,
            ) from None
    return pd.DataFrame(rows)


def _opened(path: Path) -> IO[str]:
    packed = path.suffix == ".gz"
    return gzip.open(path, "rt", encoding="utf-8") if packed else path.open(encoding="utf-8")


def _row(line: str, where: str, number: int) -> dict[str, object]:
    try:
        if len(line) > _LONGEST_LINE:
            raise ValueError("too long")
        found = ast.literal_eval(line.strip())
        question, answer = str(found["question"]), str(found["answer"])
        time = found.get("unixTime")
        return {
            "line": number,
            "product": str(found["asin"]),
            "asked_at": float(time) if isinstance(time, int | float) else np.nan,
            "question": question[:_MOST_LETTERS],
            "answer": answer[:_MOST_LETTERS],
        }
    except (
        ValueError,
        SyntaxError,
        TypeError,
        KeyError,
        AttributeError,
        MemoryError,
        RecursionError,
    ) as error:
        raise SourceError(
            f"not a question: {type(error).__name__}",
            where=where,
            remedy="each line is a Python dict with question, answer and asin",
        ) from None


class AnswerIndex:
    """Texts to be found by a question: BM25 of stems, and cosine of vectors."""

    def __init__(self, texts: Sequence[str], encoder: TextEncoder) -> None:
        self._terms = TermIndex([terms(words(text)) for text in texts])
        self._encoder = encoder
        self.vectors = encoder.encode_kept(list(texts))

    def words(self, questions: Sequence[str]) -> Floats:
        """BM25 as a share of the best any text reaches for the question [Q, T]."""
        scores = self._terms.scores(self._terms.queries([terms(words(q)) for q in questions]))
        return scores / np.maximum(scores.max(axis=1, keepdims=True), 1e-6)

    def meaning(self, questions: Sequence[str]) -> Floats:
        """Cosine [Q, T]."""
        vectors = self._encoder.encode(list(questions))
        return np.asarray(vectors @ self.vectors.T, dtype=np.float32)


def fused(by_words: Floats, by_meaning: Floats, share: float = WORDS_SHARE) -> Floats:
    """Words and meaning in one score, 0 to 1."""
    return share * by_words + (1 - share) * np.maximum(by_meaning, 0)


@dataclass(frozen=True)
class Past:
    """An earlier answer: its line in the file, the answer without personal data, and a score."""

    line: int
    answer: str
    score: float


class PastAnswers:
    """Finds the answer of the earlier question that a question is most like.

    Attributes:
        source: what is cited.
        index: over the earlier questions.
    """

    def __init__(self, rows: pd.DataFrame, encoder: TextEncoder, source: str) -> None:
        self._rows = rows.reset_index(drop=True)
        self.index = AnswerIndex(self._rows["question"].tolist(), encoder)
        self.source = source

    def best(self, question: str) -> Past | None:
        """The nearest one; None when there is none at all."""
        if not len(self._rows):
            return None
        from shoplake.governance.personal.detect import mask

        cosine = self.index.meaning([question])
        at = int(fused(self.index.words([question]), cosine)[0].argmax())
        row = self._rows.iloc[at]
        return Past(int(row["line"]), mask(str(row["answer"])), float(cosine[0, at]))
