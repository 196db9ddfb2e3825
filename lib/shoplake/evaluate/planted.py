"""What became of the records that the built-in shop is known to have dirtied."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from shoplake.evaluate.cleaning import OUTCOMES, cleaning_quality

#: HTML, control characters, full-width letters, and UTF-8 that was read as Latin-1.
_DIRTY = r"&[a-z]+;|&#|<[a-zA-Z/]|[\x00-\x08\x0b\x0c\x0e-\x1f]|[！-～]|Ã.|â€"


@dataclass(frozen=True)
class _Entity:
    """How an entity's records are named in the truth, and where its text and its flag are."""

    natural: tuple[str, ...]
    text: str | None = None
    flag: str | None = None


_ENTITIES = {
    "events": _Entity(("event_id",)),
    "orders": _Entity(("order_id", "line_id"), flag="is_outlier"),
    "products": _Entity(("product_id", "updated_at"), text="name"),
    "people": _Entity(("person_id",)),
    "searches": _Entity(("search_id",), text="query"),
    "reviews": _Entity(("review_id",), text="text"),
    "messages": _Entity(("message_id",), text="text"),
    "feedback": _Entity(("feedback_id",)),
}
_SILVER = {"people": "silver.identities"}
#: The tables read, quarantines apart.
TABLES = (
    *(f"bronze.{entity}" for entity in _ENTITIES),
    *(_SILVER.get(entity, f"silver.{entity}") for entity in _ENTITIES),
    "silver.sessions",
)

#: Columns of a table by its name; of one that does not exist, no rows.
Columns = Callable[[str, Sequence[str]], pa.Table]


def planted_dirt(truth: pd.DataFrame, columns: Columns, held: Columns) -> pd.DataFrame:
    """Precision and recall of cleaning by entity, outcome and kind of dirt.

    A record whose every copy is in quarantine was quarantined; one with more copies in bronze than
    in silver and quarantine together was deduplicated; a silver row without a trace of dirt in its
    text was repaired. Nobody can tell repair from rows that were clean, so it has no precision.

    Args:
        truth: entity, natural_id, dirt, outcome of the files that have been ingested.
        columns: of the bronze and silver tables.
        held: of the quarantine of a silver table.

    Returns:
        As `cleaning.cleaning_quality`.
    """
    expected = truth[truth["outcome"].isin(OUTCOMES)]
    observed = [_bots(columns("silver.sessions", ("session_id", "is_bot")))]
    for entity, how in _ENTITIES.items():
        own = expected[expected["entity"] == entity]
        dirtied = own.loc[own["outcome"] == "repaired", "natural_id"]
        met = _outcomes(_records(entity, how, columns, held), dirtied)
        observed.append(met.assign(entity=entity))
    quality = cleaning_quality(expected, pd.concat(observed))
    quality.loc[quality["outcome"] == "repaired", "precision"] = float("nan")
    return quality


def _records(entity: str, how: _Entity, columns: Columns, held: Columns) -> pd.DataFrame:
    """By natural_id: copies sent, good and held, and whether any is flagged and all are clean."""
    table = _SILVER.get(entity, f"silver.{entity}")
    sent = columns(f"bronze.{entity}", ("_row_id", *how.natural))
    named = [pc.utf8_trim(sent[column], " ") for column in how.natural]
    natural = pc.binary_join_element_wise(*named, "/", null_handling="skip")
    copies = pa.table({"row_id": sent["_row_id"], "natural_id": natural})
    silver = columns(table, ("row_id", *filter(None, (how.text, how.flag))))
    good = {"row_id": silver["row_id"], "good": pa.repeat(True, len(silver))}
    if how.flag:
        good["flag"] = silver[how.flag]
    if how.text:
        good["dirty"] = pc.match_substring_regex(silver[how.text], _DIRTY)
    kept = held(table, ("row_id",))
    back = pa.table({"row_id": kept["row_id"], "held": pa.repeat(True, len(kept))})
    told = copies.join(pa.table(good), "row_id").join(back, "row_id")
    marks = [(name, "any") for name in ("flag", "dirty") if name in good]
    counts = [("row_id", "count"), ("good", "count"), ("held", "count")]
    found = told.group_by("natural_id").aggregate([*counts, *marks]).to_pandas()
    for name, _ in marks:
        found[name] = found[f"{name}_any"].eq(True)
    return found


def _outcomes(records: pd.DataFrame, dirtied: pd.Series[str]) -> pd.DataFrame:
    """natural_id and each outcome that a record's copies met together; repair of dirtied ones."""
    nothing = pd.Series(False, index=records.index)
    sent, good, held = (records[f"{name}_count"] for name in ("row_id", "good", "held"))
    clean = ~records.get("dirty", nothing)
    outcomes = {
        "quarantined": (held > 0) & (good == 0),
        "deduplicated": good + held < sent,
        "repaired": (good > 0) & clean & records["natural_id"].isin(dirtied),
        "flagged": records.get("flag", nothing),
    }
    met = [records.loc[rows, ["natural_id"]].assign(outcome=o) for o, rows in outcomes.items()]
    return pd.concat(met)


def _bots(sessions: pa.Table) -> pd.DataFrame:
    """The sessions told to be a robot's, by the id that the shop gave."""
    bots = sessions.filter(sessions["is_bot"])["session_id"].to_pylist()
    ids = [session.rpartition(":")[2] for session in bots]
    return pd.DataFrame({"natural_id": ids}).assign(entity="sessions", outcome="flagged")
