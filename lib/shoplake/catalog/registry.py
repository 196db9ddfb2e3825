"""Model versions of a registry, with what is known of their training."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from shoplake.runtime.settings import Settings

_SQLITE = "sqlite:///"
#: Points of a loss curve that a page shows.
_POINTS = 120


@dataclass(frozen=True)
class ModelVersion:
    """One version of one registered model.

    Attributes:
        aliases: e.g. champion.
        tags: as MLflow has them; ours begin with `shoplake.`, and `parents` is JSON.
        params: of its run.
        loss: (step, training loss), thinned.
    """

    name: str
    version: str
    created: datetime | None = None
    description: str = ""
    aliases: tuple[str, ...] = ()
    tags: dict[str, str] = field(default_factory=dict)
    params: dict[str, str] = field(default_factory=dict)
    loss: tuple[tuple[int, float], ...] = ()

    @property
    def parents(self) -> dict[str, Any]:
        """What `models.tracking.Parents` recorded."""
        found = json.loads(self.tags.get("parents") or "{}")
        return found if isinstance(found, dict) else {}


def versions(settings: Settings) -> tuple[ModelVersion, ...]:
    """All versions of all registered models by name, newest first.

    A registry in an SQLite file is read from its tables: the client takes seconds to load and
    would write to a database that an older release made. A server is asked through the client.
    """
    uri = settings.tracking_uri
    if not uri.startswith(_SQLITE):
        return _sorted(_from_client(uri))
    path = Path(uri.removeprefix(_SQLITE))
    if not path.is_file():
        return ()
    return _sorted(_from_sqlite(path))


def _sorted(found: list[ModelVersion]) -> tuple[ModelVersion, ...]:
    return tuple(sorted(found, key=lambda v: (v.name, -int(v.version))))


def _from_sqlite(path: Path) -> list[ModelVersion]:
    out = []
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as db:
        made = db.execute(
            "SELECT name, version, creation_time, description, run_id FROM model_versions "
            "WHERE coalesce(current_stage, '') <> 'Deleted_Internal'"
        ).fetchall()
        for name, version, created, description, run in made:
            mine = (name, version)
            out.append(
                ModelVersion(
                    name,
                    str(version),
                    _time(created),
                    description or "",
                    _column(db, "SELECT alias FROM registered_model_aliases", mine),
                    _pairs(db, "SELECT key, value FROM model_version_tags", mine),
                    dict(db.execute("SELECT key, value FROM params WHERE run_uuid = ?", (run,))),
                    _thin(
                        db.execute(
                            "SELECT step, value FROM metrics WHERE run_uuid = ? "
                            "AND key = 'train_loss' ORDER BY step",
                            (run,),
                        ).fetchall()
                    ),
                )
            )
    return out


def _column(db: sqlite3.Connection, sql: str, mine: tuple[str, int]) -> tuple[str, ...]:
    return tuple(sorted(r[0] for r in db.execute(f"{sql} WHERE name = ? AND version = ?", mine)))


def _pairs(db: sqlite3.Connection, sql: str, mine: tuple[str, int]) -> dict[str, str]:
    return dict(db.execute(f"{sql} WHERE name = ? AND version = ?", mine))


def _from_client(uri: str) -> list[ModelVersion]:
    from mlflow import MlflowClient

    from shoplake.models.tracking import every

    client = MlflowClient(uri, "databricks-uc" if uri == "databricks" else uri)
    out = []
    for listed in every(client.search_registered_models):
        # Unity Catalog's search leaves out aliases.
        model = client.get_registered_model(listed.name)
        for found in every(partial(client.search_model_versions, f"name='{model.name}'")):
            known = client.get_model_version(model.name, found.version)
            run = client.get_run(known.run_id).data if known.run_id else None
            loss = client.get_metric_history(known.run_id, "train_loss") if known.run_id else []
            out.append(
                ModelVersion(
                    known.name,
                    str(known.version),
                    _time(known.creation_timestamp),
                    known.description or "",
                    tuple(
                        sorted(a for a, v in model.aliases.items() if str(v) == str(known.version))
                    ),
                    dict(known.tags),
                    dict(run.params) if run else {},
                    _thin(sorted((m.step, m.value) for m in loss)),
                )
            )
    return out


def _time(milliseconds: int | None) -> datetime | None:
    return None if milliseconds is None else datetime.fromtimestamp(milliseconds / 1000, UTC)


def _thin(points: list[tuple[int, float]]) -> tuple[tuple[int, float], ...]:
    step = max(1, len(points) // _POINTS)
    return tuple((int(s), float(v)) for s, v in points[::step])
