"""The customer_service layout: `utterances.csv.gz` with columns utterance and intent."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from shoplake.errors import SourceError


def read_utterances(folder: Path) -> pd.DataFrame:
    """Utterances with their intents; rows without either, and repeats, are left out.

    Returns:
        utterance (white space made single) and intent (lower case).

    Raises:
        SourceError: no such file, or columns are missing.
    """
    files = [
        p for name in ("utterances.csv.gz", "utterances.csv") if (p := folder / name).is_file()
    ]
    if not files:
        raise SourceError(
            "no utterances here", where=str(folder), remedy="it should hold utterances.csv.gz"
        )
    rows = pd.read_csv(files[0], encoding="utf-8-sig", dtype=str)
    missing = {"utterance", "intent"} - set(rows.columns)
    if missing:
        raise SourceError(f"no column {', '.join(sorted(missing))}", where=str(files[0]))
    rows = rows[["utterance", "intent"]].dropna()
    rows["utterance"] = rows["utterance"].str.split().str.join(" ")
    rows["intent"] = rows["intent"].str.strip().str.lower()
    rows = rows[(rows["utterance"] != "") & (rows["intent"] != "")]
    return rows.drop_duplicates().reset_index(drop=True)
