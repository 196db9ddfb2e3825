"""Dirt as real files have it, planted at known rates with a truth row for every plant.

A row carries one kind of dirt at most. Truth: `entity`, `natural_id`, `dirt`, and the `outcome`
that is right: "quarantined", "deduplicated", "repaired", "flagged", or "kept" (late is not wrong).
"""

from __future__ import annotations

import dataclasses

import numpy as np

from shoplake.ingest.shop.catalogue import Catalogue
from shoplake.ingest.shop.config import DirtRates, ShopConfig, time_text
from shoplake.ingest.shop.files import Record, Row, Rows, happened
from shoplake.ingest.shop.people import natural_id
from shoplake.ingest.shop.planters import PLANTERS, WEAK

_KINDS = tuple(f.name for f in dataclasses.fields(DirtRates) if f.name != "bot_session")


def plant(rows: list[Row], entity: str, rates: DirtRates, rng: np.random.Generator) -> Rows:
    """The rows with dirt in them, and their truth.

    Args:
        rows: clean rows in the order they were made; the dirt of a row depends on its place in it,
            so rows appended later never change the dirt of earlier ones.
        rng: a stream used for nothing else.
    """
    weak = WEAK[entity]
    limits = np.cumsum([getattr(rates, kind) for kind in _KINDS])
    draws = rng.random((len(rows), 3))
    kinds = np.searchsorted(limits, draws[:, 0], side="right")
    dirty: list[Row] = []
    truth: list[Row] = []
    for row, index, (_, a, b) in zip(rows, kinds, draws, strict=True):
        planted = None
        if index < len(_KINDS):
            planted = PLANTERS[_KINDS[index]](row, weak, float(a), float(b))
        if planted is None:
            dirty.append(row)
            continue
        new_rows, dirt, outcome = planted
        dirty.extend(new_rows)
        record: Record = {
            "entity": entity,
            "natural_id": natural_key(row.record, entity),
            "dirt": dirt,
            "outcome": outcome,
        }
        # Truth is told when the dirt has arrived in full.
        truth.append(Row(row.day, row.second, record, new_rows[-1].arrives))
    return {entity: dirty, f"truth/{entity}": truth}


def bot_session(
    rng: np.random.Generator, config: ShopConfig, catalogue: Catalogue, number: int, day: int
) -> Rows:
    """A scraper's visit, none most of the time: one to five hundred views within a minute."""
    if rng.random() >= config.dirt.bot_session:
        return {}
    session = natural_id("s", config.seed, "bot", number, day)
    second, views = int(rng.integers(0, 86_000)), int(rng.integers(150, 500))
    items = rng.integers(len(catalogue.ids), size=views)
    rows: list[Row] = []
    for i, item in enumerate(items):
        at = second + i * 50 // views
        record: Record = {
            "event_id": natural_id("e", session, i), "session": session, "channel": "web",
            "action": "view", "sku": catalogue.ids[item], "country": "US", "at": time_text(day, at),
            "user_agent": "Mozilla/5.0 (X11; Linux x86_64) Chrome/131.0",
        }  # fmt: skip
        rows.append(happened(day, at, record))
    truth: Record = {
        "entity": "sessions", "natural_id": session, "dirt": "bot_session", "outcome": "flagged",
    }  # fmt: skip
    return {"events": rows, "truth/sessions": [happened(day, second, truth)]}


def natural_key(record: Record, entity: str) -> str:
    """The id truth names a row by: its key columns joined by "/"."""
    return "/".join(str(record[column]) for column in WEAK[entity].key)
