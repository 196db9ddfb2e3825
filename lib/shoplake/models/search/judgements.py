"""Graded judgements of a search engine, read from a folder of the home_depot layout."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from shoplake.errors import SourceError
from shoplake.models.search.text import repaired

COLUMNS = ("search_term", "product_title", "relevance")
#: The grades of the layout, from irrelevant to perfect.
LOWEST, HIGHEST = 1, 3
#: A judged title of this grade or better counts as a find (issue and benchmark's convention).
RELEVANT = 2.5
_SUFFIXES = (".csv", ".csv.gz", ".tsv", ".tsv.gz")


@dataclass(frozen=True)
class Judgements:
    """Judged pairs by index, sorted by query, then title.

    Attributes:
        queries: distinct queries, sorted; [Q].
        titles: distinct titles, sorted; [T].
        query: index into `queries` of each judgement [N].
        title: index into `titles` of each judgement [N].
        relevance: grade of each judgement, 1 (irrelevant) to 3 (perfect) [N].
    """

    queries: NDArray[np.object_]
    titles: NDArray[np.object_]
    query: NDArray[np.int64]
    title: NDArray[np.int64]
    relevance: NDArray[np.float64]

    @classmethod
    def of(cls, rows: pd.DataFrame, titles: NDArray[np.object_] | None = None) -> Judgements:
        """From columns query, title and relevance; a pair judged twice has its mean grade.

        Args:
            rows: judged pairs.
            titles: the catalogue, sorted and distinct, if it holds more than the judged titles.
        """
        rows = rows.groupby(["query", "title"], as_index=False, sort=True)["relevance"].mean()
        queries = np.unique(rows["query"].to_numpy(dtype=object))
        known = np.unique(rows["title"].to_numpy(dtype=object)) if titles is None else titles
        return cls(
            queries,
            known,
            np.searchsorted(queries, rows["query"].to_numpy(dtype=object)),
            np.searchsorted(known, rows["title"].to_numpy(dtype=object)),
            rows["relevance"].to_numpy(dtype=np.float64),
        )

    def __len__(self) -> int:
        return len(self.relevance)

    def only(self, keep: NDArray[np.bool_]) -> Judgements:
        """The judgements of some queries; titles stay as they are.

        Args:
            keep: which queries [Q].
        """
        renumbered = np.cumsum(keep) - 1
        rows = keep[self.query]
        return Judgements(
            self.queries[keep],
            self.titles,
            renumbered[self.query[rows]],
            self.title[rows],
            self.relevance[rows],
        )


def read_judgements(folder: Path) -> pd.DataFrame:
    """Columns query, title and relevance of every judgement file in `folder`.

    Any CSV or TSV, gzipped or not, with the columns search_term, product_title and relevance is
    taken; the text is UTF-8 if it can be, else latin-1.

    Raises:
        SourceError: no folder, no such file, one that cannot be read, or a grade that is no number
            from 1 to 3.
    """
    if not folder.is_dir():
        raise SourceError("no such folder", where=str(folder))
    paths = sorted(p for p in folder.iterdir() if p.name.lower().endswith(_SUFFIXES))
    frames = [rows for path in paths if (rows := _read(path)) is not None]
    if not frames:
        held = ", ".join(p.name for p in sorted(folder.iterdir())[:8]) or "nothing"
        raise SourceError(
            f"no judgements: no CSV file with the columns {', '.join(COLUMNS)}",
            where=f"{folder} (it holds {held})",
        )
    return pd.concat(frames, ignore_index=True)


def _read(path: Path) -> pd.DataFrame | None:
    separator = "\t" if ".tsv" in path.name.lower() else ","
    for encoding in ("utf-8-sig", "latin-1"):
        try:
            head = pd.read_csv(path, sep=separator, encoding=encoding, nrows=0)
            if not set(COLUMNS) <= set(head.columns):
                return None
            rows = pd.read_csv(
                path,
                sep=separator,
                encoding=encoding,
                usecols=list(COLUMNS),
                dtype={"search_term": str, "product_title": str},
                keep_default_na=False,
            )
        except UnicodeDecodeError:
            continue
        except pd.errors.EmptyDataError:  # It has no columns, so not those of judgements.
            return None
        except (pd.errors.ParserError, EOFError, OSError, zlib.error) as error:
            raise SourceError(
                f"not a CSV file: {error}", where=str(path), remedy="mend it, or take it away"
            ) from None
        break
    grades = pd.to_numeric(rows["relevance"], errors="coerce")
    wrong = ~grades.between(LOWEST, HIGHEST)
    if wrong.any():
        at = int(wrong.to_numpy().argmax())
        raise SourceError(
            f"a relevance of '{rows['relevance'].iloc[at]}'",
            where=f"{path}, about line {at + 2}",
            remedy=f"grades go from {LOWEST} (irrelevant) to {HIGHEST} (perfect): bring them there",
        )
    return pd.DataFrame(
        {
            "query": rows["search_term"].map(_spaced),
            "title": rows["product_title"].map(repaired),
            "relevance": grades.astype(float),
        }
    )


def _spaced(text: str) -> str:
    return " ".join(text.split())
