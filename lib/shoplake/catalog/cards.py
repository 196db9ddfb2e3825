"""Model cards: what a version is for, what it came from, and how good it is beside baselines.

Sections follow Mitchell et al. (2019), "Model Cards for Model Reporting".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from shoplake.catalog.facts import rows_of
from shoplake.catalog.registry import ModelVersion, versions
from shoplake.runtime.settings import Settings
from shoplake.runtime.typed import load_yaml

#: In the order in which a version goes through them.
#: Between a task and a segment of people, see `evaluate.segments`.
_OF = " | "
_STAGES = ("baselines", "offline", "canary")


@dataclass(frozen=True)
class Purpose:
    """`conf/cards/<model>.yml`: what nobody can read off a run."""

    title: str
    summary: str
    intended_use: tuple[str, ...]
    not_for: tuple[str, ...]
    limits: tuple[str, ...]
    people: tuple[str, ...] = ()


@dataclass(frozen=True)
class Score:
    """One scorer's value with its 95% interval, where there is one."""

    scorer: str
    value: float
    low: float | None
    high: float | None
    is_model: bool


@dataclass(frozen=True)
class Metric:
    """One task and metric: the model first, then the baselines, best first."""

    task: str
    metric: str
    people: int
    protocol: str
    scores: tuple[Score, ...]


@dataclass(frozen=True)
class Segment:
    """How well one group of people is served: the model, and the best of the baselines there."""

    task: str
    kind: str
    name: str
    metric: str
    people: int
    model: Score
    baseline: Score | None


@dataclass(frozen=True)
class Parent:
    """A table of the training data, pinned."""

    table: str
    version: int | None
    contract: str


@dataclass(frozen=True)
class Step:
    """A decision about a version, as governance.model_decisions has it."""

    stage: str
    as_of: datetime
    decision: str
    reason: str


@dataclass(frozen=True)
class Card:
    """One model version.

    Attributes:
        steps: what was decided about it, oldest first.
        segments: quality by segment of people.
        erased: the erasure request that blocks it, if any (`models.tracking.Registry.erased`).
    """

    model: ModelVersion
    purpose: Purpose | None
    parents: tuple[Parent, ...]
    split: str
    revision: str
    verdict: str
    metrics: tuple[Metric, ...]
    erased: str | None = None
    steps: tuple[Step, ...] = ()
    segments: tuple[Segment, ...] = ()

    @property
    def is_champion(self) -> bool:
        """The version that is served."""
        return "champion" in self.model.aliases

    @property
    def privacy(self) -> dict[str, str]:
        """epsilon, delta and accountant of a version trained with differential privacy."""
        names = ("epsilon", "delta", "accountant")
        tags = {name: self.model.tags.get(f"shoplake.{name}") for name in names}
        return {name: said for name, said in tags.items() if said is not None}

    @property
    def slug(self) -> str:
        """Its page's name."""
        return f"{self.model.name}-{self.model.version}"

    @property
    def tasks(self) -> dict[str, tuple[Metric, ...]]:
        """Metrics by task."""
        names = dict.fromkeys(m.task for m in self.metrics)
        return {t: tuple(m for m in self.metrics if m.task == t) for t in names}


def cards(settings: Settings, folder: Path) -> tuple[Card, ...]:
    """A card for every version in the registry or in the governance tables, newest first.

    Args:
        settings: of a lake of folders.
        folder: of `<model>.yml` files.
    """
    scores = rows_of(settings, "governance.model_metrics")
    data = rows_of(settings, "governance.model_data")
    decided = rows_of(settings, "governance.model_decisions")
    known = {(v.name, v.version): v for v in versions(settings)}
    for row in (*scores, *data):
        key = row["model_name"], row["model_version"]
        known.setdefault(key, ModelVersion(*key))
    out = []
    for (name, version), model in known.items():
        mine = [r for r in scores if (r["model_name"], r["model_version"]) == (name, version)]
        rows = [r for r in data if (r["model_name"], r["model_version"]) == (name, version)]
        path, measured = folder / f"{name}.yml", _metrics(mine, name)
        said = model.parents
        parents = {t: Parent(t, v, "") for t, v in (said.get("tables") or {}).items()}
        for r in rows:
            parents[r["table_name"]] = Parent(
                r["table_name"], r["table_version"], r["contract_version"]
            )
        out.append(
            Card(
                model=model,
                purpose=load_yaml(path, Purpose) if path.is_file() else None,
                parents=tuple(sorted(parents.values(), key=lambda p: p.table)),
                split=rows[0]["split"] if rows else str(said.get("split", "")),
                revision=rows[0]["git_revision"] if rows else str(said.get("git_revision", "")),
                verdict=model.tags.get("shoplake.verdict", ""),
                metrics=tuple(m for m in measured if _OF not in m.task),
                erased=model.tags.get("shoplake.erased"),
                steps=_steps(decided, name, version),
                segments=tuple(_segment(m) for m in measured if _OF in m.task),
            )
        )
    return tuple(sorted(out, key=lambda c: (c.model.name, -int(c.model.version))))


def _steps(rows: Sequence[dict[str, Any]], name: str, version: str) -> tuple[Step, ...]:
    mine = [r for r in rows if (r["model_name"], r["model_version"]) == (name, version)]
    mine = [r for r in mine if r["stage"] != "trigger"]
    mine.sort(key=lambda r: (r["as_of"], _STAGES.index(r["stage"])))
    return tuple(Step(r["stage"], r["as_of"], r["decision"], r["reason"]) for r in mine)


def _metrics(rows: Sequence[dict[str, object]], model: str) -> list[Metric]:
    grouped: dict[tuple[str, str], list[dict[str, object]]] = {}
    for row in rows:
        grouped.setdefault((str(row["task"]), str(row["metric"])), []).append(row)
    return [
        Metric(
            task=task,
            metric=metric,
            people=int(found[0]["people"]),  # type: ignore[call-overload]
            protocol=str(found[0]["protocol"]),
            scores=tuple(sorted((_score(r, model) for r in found), key=_order)),
        )
        for (task, metric), found in sorted(grouped.items())
    ]


def _segment(metric: Metric) -> Segment:
    task, _, segment = metric.task.partition(_OF)
    kind, _, name = segment.partition(": ")
    model, *others = metric.scores
    # A version that was judged beside the one in service has that among its scorers.
    baselines = [s for s in others if not s.scorer.startswith("champion")]
    best = baselines[0] if baselines else None
    return Segment(task, kind, name, metric.metric, metric.people, model, best)


def _score(row: dict[str, object], model: str) -> Score:
    return Score(
        str(row["scorer"]),
        float(row["value"]),  # type: ignore[arg-type]
        row["low"],  # type: ignore[arg-type]
        row["high"],  # type: ignore[arg-type]
        row["scorer"] == model,
    )


def _order(score: Score) -> tuple[bool, float, str]:
    return (not score.is_model, -score.value, score.scorer)
