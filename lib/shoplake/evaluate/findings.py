"""What an evaluation task found: every figure by model and metric, beside its protocol."""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shoplake.evaluate.intervals import bootstrap_mean, paired_difference
from shoplake.evaluate.metrics import EvaluationError, Values

#: Metrics of an order of candidates; more is better.
_RANKING = re.compile(r"(?:capped_)?(?:recall|ndcg|mrr|precision|hit)@")
#: What pandas raises of a file that is damaged or of another kind.
UNREADABLE = (ValueError, OSError, EOFError, zlib.error)


@dataclass(frozen=True)
class Figure:
    """A metric's value with its 95% interval, and its lead over the strongest baseline if paired.

    Attributes:
        value: the mean over units (people, sessions, queries).
        low, high: ends of the interval; None where there is none.
        lead: (difference, low, high) against the strongest baseline, same units.
        over: which baseline that is, where it was told.
    """

    value: float
    low: float | None = None
    high: float | None = None
    lead: tuple[float, float, float] | None = None
    over: str | None = None


@dataclass
class Findings:
    """The outcome of `shoplake evaluate`.

    Attributes:
        task: sessions, sequences, purchases, ads or search.
        protocol: the protocol card: split, candidates, ties, cut-off, interval, units, counts.
        figures: model -> metric ("recall@10") -> Figure. Baselines come first.
        baselines: the models of `figures` that are baselines.
        champion: the model recommended for use.
        main: the metric that decides.
        notes: what a reader must know to read the figures right.
        seconds: model -> seconds for fitting and ranking.
        page: samples for people to look at, as HTML; "" where the task has none.
    """

    task: str
    protocol: dict[str, Any]
    figures: dict[str, dict[str, Figure]]
    baselines: list[str]
    champion: str
    main: str
    notes: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    page: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Plain enough for JSON: `metrics` by model and metric name, `intervals` likewise.

        A number that is not finite, of which JSON has none, is null.
        """
        intervals = {
            model: {m: _finite(f.low, f.high) for m, f in row.items() if f.low is not None}
            for model, row in self.figures.items()
        }
        leads = {
            model: {
                m: dict(zip(("difference", "low", "high"), _finite(*f.lead), strict=True))
                | ({"over": f.over} if f.over else {})
                for m, f in row.items()
                if f.lead is not None
            }
            for model, row in self.figures.items()
        }
        return {
            "task": self.task,
            "champion": self.champion,
            "main_metric": self.main,
            "baselines": self.baselines,
            "metrics": {
                model: {m: _finite(f.value)[0] for m, f in row.items()}
                for model, row in self.figures.items()
            },
            "intervals": intervals,
            "lead_over_best_baseline": {model: row for model, row in leads.items() if row},
            "protocol": self.protocol,
            "notes": self.notes,
            "seconds": self.seconds,
        }


def _finite(*numbers: float | None) -> list[float | None]:
    return [number if number is not None and np.isfinite(number) else None for number in numbers]


def compared(
    values: Mapping[str, Mapping[str, Values]],
    baselines: list[str],
    main: str,
    *,
    seed: int = 0,
    resamples: int = 1000,
    group: NDArray[np.int64] | None = None,
) -> dict[str, dict[str, Figure]]:
    """Figures with intervals from per-unit values, each paired with the strongest baseline.

    Args:
        values: model -> metric -> [units], the same units in the same order for every model; NaN
            where the metric does not apply to a unit, and then for every model.
        baselines: which models are baselines. Of a ranking metric the strongest by that metric is
            the one compared with (what foretells repeats may know nothing of new items), of others
            the strongest by `main`.
        main: the metric that decides.
        seed: of the resamples.
        resamples: how many.
        group: [units] what each unit belongs to, if several belong together: groups are drawn.

    Raises:
        EvaluationError: a baseline has no values, or units differ between models.
    """
    missing = [name for name in baselines if name not in values]
    if missing:
        raise EvaluationError(f"no values for baseline {', '.join(missing)}")

    def strongest(metric: str) -> str | None:
        def mean(name: str) -> float:
            found = values[name].get(metric, np.empty(0))
            found = found[found == found]
            return float(found.mean()) if len(found) else -np.inf

        return max(baselines, key=mean) if baselines else None

    figures: dict[str, dict[str, Figure]] = {}
    for model, row in values.items():
        figures[model] = {}
        for metric, found in row.items():
            there = found == found
            kept = found[there]
            if not len(kept):
                continue
            draw: dict[str, Any] = {
                "seed": seed,
                "resamples": resamples,
                "group": None if group is None else group[there],
            }
            at = bootstrap_mean(kept, **draw)
            lead = None
            best = strongest(metric if _RANKING.match(metric) else main)
            if best is not None and model not in baselines and metric in values[best]:
                other = values[best][metric]
                gap = paired_difference(kept, other[other == other], **draw)
                lead = (gap.value, gap.low, gap.high)
            over = best if lead is not None else None
            figures[model][metric] = Figure(at.value, at.low, at.high, lead, over)
    return figures


def recommended(
    figures: Mapping[str, Mapping[str, Figure]], baselines: list[str], main: str, model: str
) -> str:
    """The model, if it leads the strongest baseline beyond its interval; else that baseline."""
    lead = figures[model][main].lead
    if lead is None or lead[1] > 0:
        return model
    return max(baselines, key=lambda name: figures[name][main].value)


def required(folder: Path, *names: str) -> list[Path]:
    """The named files of a data folder.

    Raises:
        EvaluationError: the folder or one of the files is not there.
    """
    if not folder.is_dir():
        raise EvaluationError(
            "no such data folder", where=str(folder), remedy="give the folder that holds the files"
        )
    paths = [folder / name for name in names]
    for path in paths:
        if not path.exists():
            held = ", ".join(sorted(p.name for p in folder.iterdir())[:8]) or "nothing"
            raise EvaluationError(
                f"'{path.name}' is missing",
                where=f"{folder} (it holds {held})",
                remedy=f"this task reads {', '.join(names)}",
            )
    return paths
