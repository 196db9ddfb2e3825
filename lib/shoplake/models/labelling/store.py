"""Pairs with and without labels, and the file that keeps what people say of them.

The file has the home_depot layout (search_term, product_title, relevance), so that the folder it
lies in can be searched, learnt from and evaluated like any other folder of judgements.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from shoplake.errors import SourceError
from shoplake.models.search.judgements import COLUMNS, HIGHEST, LOWEST
from shoplake.models.search.lexical import TermIndex
from shoplake.models.search.text import terms, words

_COLUMNS = ["query", "title", "relevance"]


def saved_labels(path: Path) -> pd.DataFrame:
    """query, title and relevance of the file; none if there is no file yet, or nothing in it.

    Raises:
        SourceError: it is no CSV file in UTF-8, has other columns, or a relevance that is no number
            from 1 to 3.
    """
    if not path.exists() or (path.is_file() and not path.stat().st_size):
        return pd.DataFrame(columns=_COLUMNS)
    try:
        rows = pd.read_csv(io.StringIO(_text(path)), dtype=str, keep_default_na=False)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, OSError) as error:
        raise SourceError(
            f"labels that cannot be read: {str(error).strip()}",
            where=str(path),
            remedy="mend the line, or name another file with --labels",
        ) from None
    if list(rows.columns) != list(COLUMNS):
        raise SourceError(
            "not a file of labels", where=str(path), remedy=f"its columns are {', '.join(COLUMNS)}"
        )
    rows.columns = pd.Index(_COLUMNS)
    rows["relevance"] = pd.to_numeric(rows["relevance"], errors="coerce")
    wrong = ~rows["relevance"].between(LOWEST, HIGHEST)
    if wrong.any():
        line = int(wrong.to_numpy().argmax()) + 2
        raise SourceError("a relevance that is not 1 to 3", where=f"{path}, about line {line}")
    return rows.drop_duplicates(["query", "title"], keep="last", ignore_index=True)


def _text(path: Path) -> str:
    raw = path.read_bytes()
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise SourceError(
            "the labels are not in UTF-8",
            where=f"{path}, line {line}",
            remedy="save the file as UTF-8; a spreadsheet calls it CSV UTF-8",
        ) from None


def save_label(path: Path, query: str, title: str, relevance: int) -> None:
    """Add one label; it is on disk when this returns."""
    path.parent.mkdir(parents=True, exist_ok=True)
    ended = _last_line_ended(path)
    with path.open("a", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        if ended is None:
            writer.writerow(COLUMNS)
        elif not ended:
            file.write("\n")
        writer.writerow([query, title, relevance])
        file.flush()
        os.fsync(file.fileno())


def _last_line_ended(path: Path) -> bool | None:
    """Whether a file ends with its last line's end, as an editor may leave it out; None: empty."""
    if not path.exists() or not path.stat().st_size:
        return None
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read() in b"\r\n"


def unlabelled(
    queries: Sequence[str],
    titles: Sequence[str],
    labelled: pd.DataFrame,
    *,
    per_query: int,
    seed: int,
    most: int = 400,
) -> pd.DataFrame:
    """Pairs that nobody labelled: each query's best titles by BM25; query and title.

    Args:
        queries: queries that people ask; of more than `most`, some are drawn.
        titles: the catalogue.
        labelled: query and title of pairs with a label.
        per_query: titles of a query.
        seed: of the draw.
        most: queries looked at.
    """
    known = set(zip(labelled["query"], labelled["title"], strict=True))
    asked = sorted(set(queries))
    kept = np.random.default_rng(seed).permutation(len(asked))[:most]
    asked = [asked[at] for at in sorted(kept)]
    held = sorted(set(titles))
    index = TermIndex([terms(words(title)) for title in held])
    found: list[tuple[str, str]] = []
    for start in range(0, len(asked), 128):
        block = asked[start : start + 128]
        scores = index.scores(index.queries([terms(words(query)) for query in block]))
        for query, row in zip(block, scores, strict=True):
            best = np.argsort(-row, kind="stable")[:per_query]
            pairs = [(query, held[at]) for at in best if row[at] > 0]
            found += [pair for pair in pairs if pair not in known]
    return pd.DataFrame(found, columns=_COLUMNS[:2])
