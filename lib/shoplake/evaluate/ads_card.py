"""How good the models behind the ads are, in all and by group of people, for their model card.

No version of these models is kept: they are learnt anew with each `gold.ad_scores`. A version is so
the day that the scores are of, and its card says what was measured when they were made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from shoplake.evaluate.clustered import Floats, Scored, resampled
from shoplake.evaluate.segments import OF, SMALLEST, by_name
from shoplake.models.ads.impressions import SAME, Judged, Response

#: What the catalogue calls them, conf/cards/ads.yml.
MODEL = "ads"
#: What the groups are by.
GROUPS = ("country", "platform")
SPLIT = "by time: the last 30% of the days choose, calibrate and judge"
_AUC, _SAVED, _RATIO = "auc", "log-loss saved", "said/observed"
_RESAMPLES = 100
_PROTOCOL = (
    "What was shown to people who agreed to advertising; learnt on the first 70% of the days,"
    " judged on the last 30%, where the better model was also chosen, and calibrated: of each half"
    " of the people by the other half's responses;"
    f" log-loss saved is a share of that of `{SAME}`; 95% bootstrap intervals over people,"
    f" {_RESAMPLES} resamples"
)


def version_of(as_of: datetime) -> str:
    """The version that made the scores of an instant."""
    return f"{as_of:%Y%m%d}"


def card_rows(
    responses: Mapping[str, Response], facts: pd.DataFrame, as_of: datetime
) -> Iterator[tuple[Any, ...]]:
    """Rows of governance.model_metrics.

    A group's task is named as `segments.by_segment` names it; groups of fewer than 10 people, or
    where all or none responded, are left out.

    Args:
        responses: outcome -> models.
        facts: country and platform of each person, in the order of their codes.
        as_of: the instant of the scores.
    """
    for outcome, response in responses.items():
        judged = response.judged
        yield from _rows(outcome, response, judged, judged.said, as_of)
        chosen = {name: judged.said[name] for name in (response.name, SAME)}
        for kind in GROUPS:
            groups = by_name(kind, facts[kind].iloc[judged.person])
            for group, inside in groups.items():
                if len(np.unique(judged.person[inside])) >= SMALLEST:
                    yield from _rows(
                        f"{outcome}{OF}{group}", response, judged, chosen, as_of, inside
                    )


def _rows(
    task: str,
    response: Response,
    judged: Judged,
    said: Mapping[str, Floats],
    as_of: datetime,
    inside: NDArray[np.bool_] | None = None,
) -> Iterator[tuple[Any, ...]]:
    rows = slice(None) if inside is None else inside
    person, happened = judged.person[rows], judged.happened[rows]
    if happened.all() or not happened.any():
        return
    scored = {name: Scored(happened, p[rows]) for name, p in said.items()}
    figures = resampled(
        {name: _measure(one, scored[SAME]) for name, one in scored.items()},
        *(person, [SAME], _AUC),
        seed=0,
        resamples=_RESAMPLES,
    )
    people = len(np.unique(person))
    for name, row in figures.items():
        scorer = MODEL if name == response.name else name
        for metric, figure in row.items():
            if metric == _RATIO and scorer != MODEL:
                continue
            low, high = figure.low, figure.high
            about = (MODEL, version_of(as_of), task, metric, scorer)
            yield (*about, figure.value, low, high, people, _PROTOCOL)


def _measure(one: Scored, same: Scored) -> Callable[[Floats], dict[str, float]]:
    def measure(weight: Floats) -> dict[str, float]:
        found = one.measures(weight)
        saved = 1 - found["log_loss"] / max(same.measures(weight)["log_loss"], 1e-12)
        return {_AUC: found["auc"], _SAVED: saved, _RATIO: found["said/observed"]}

    return measure
