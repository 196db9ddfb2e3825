"""The customer_service layout: `utterances.csv.gz` with columns utterance and intent."""

from __future__ import annotations

import zlib
from pathlib import Path

import pandas as pd

from shoplake.errors import SourceError
from shoplake.models.assistant.questions import UNREADABLE


def read_utterances(folder: Path) -> pd.DataFrame:
    """Utterances with their intents; rows without either, and repeats, are left out.

    Returns:
        utterance (white space made single) and intent (lower case).

    Raises:
        SourceError: no such file, it cannot be read as CSV to its end, or columns are missing.
    """
    files = [
        p for name in ("utterances.csv.gz", "utterances.csv") if (p := folder / name).is_file()
    ]
    if not files:
        raise SourceError(
            "no utterances here", where=str(folder), remedy="it should hold utterances.csv.gz"
        )
    try:
        rows = pd.read_csv(files[0], encoding="utf-8-sig", dtype=str)
    except (OSError, EOFError, zlib.error, ValueError) as error:  # ValueError: pandas' and Unicode
        raise SourceError(
            f"cannot be read: {str(error) or type(error).__name__}",
            where=str(files[0]),
            remedy=UNREADABLE,
        ) from None
    missing = {"utterance", "intent"} - set(rows.columns)
    if missing:
        raise SourceError(f"no column {', '.join(sorted(missing))}", where=str(files[0]))
    rows = rows[["utterance", "intent"]].dropna()
    rows["utterance"] = rows["utterance"].str.split().str.join(" ")
    rows["intent"] = rows["intent"].str.strip().str.lower()
    rows = rows[(rows["utterance"] != "") & (rows["intent"] != "")]
    return rows.drop_duplicates().reset_index(drop=True)
