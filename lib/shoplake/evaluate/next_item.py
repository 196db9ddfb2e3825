"""The next item of a history: families tuned, fitted, blended and judged by one protocol."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from shoplake.evaluate.findings import Findings, compared, recommended
from shoplake.evaluate.metrics import Values
from shoplake.evaluate.one_truth import one_truth_metrics
from shoplake.evaluate.spread import spread, top_items
from shoplake.evaluate.timing import timed
from shoplake.models.recommenders.config import Family, load_family
from shoplake.models.recommenders.hybrid import Hybrid, load_hybrid
from shoplake.models.recommenders.interactions import Interactions, Recommender
from shoplake.models.recommenders.tuning import Validation, tuned
from shoplake.runtime.console import tell


@dataclass(frozen=True)
class Setup:
    """What a task settles before the families compete.

    Attributes:
        task: its name.
        seen: what the final models learn from.
        validation: a part of it with its own past, for settings and the ranker.
        histories, truth: what is judged: rows, and the one next item of each [P].
        families: name -> family, in the order of the table.
        baselines: names of families.
        parts: families the hybrid draws from.
        k: cut-off.
        main: the deciding metric, without cut-off.
        keep_seen: whether items of the history are candidates.
        build: a family's model.
        light: a history up to this long is reported separately.
        group: [P] what each judged row belongs to, if several belong together: intervals are over
            groups.
        vectors: [C, d] of titles, for the diversity of lists; None where there are no titles.
    """

    task: str
    seen: Interactions
    validation: Validation
    histories: Interactions
    truth: np.ndarray
    families: dict[str, Family]
    baselines: list[str]
    parts: list[str]
    k: int
    main: str
    keep_seen: bool
    build: Callable[[Family], Recommender]
    light: int
    group: np.ndarray | None = None
    vectors: np.ndarray | None = None
    tuning_rows: int = 3000
    block: int = 400


def run(setup: Setup, protocol: dict[str, Any], notes: list[str], seed: int) -> Findings:
    """Tune and fit on the validation's past, learn the ranker, fit on all, judge."""
    seconds: dict[str, float] = {}
    size = min(setup.tuning_rows, len(setup.validation.truth) // 3)
    few, rest = setup.validation.sample(size, seed)
    models, chosen = {}, {}
    for name, family in setup.families.items():
        with timed(seconds, name):
            best, models[name], value = tuned(
                family, few, lambda m, v: _measure(m, v, setup), setup.build
            )
        chosen[name] = best
        tell(setup.task, f"{name}: settings in {seconds[name]:.0f} s, {value:.4f} on validation")
    hybrid = Hybrid(
        load_hybrid(), {name: models[name] for name in setup.parts}, keep_seen=setup.keep_seen
    )
    with timed(seconds, "hybrid"):
        hybrid.learn(rest, seed)
    tell(setup.task, f"hybrid: ranker of {hybrid.trees} trees in {seconds['hybrid']:.0f} s")
    for name, family in chosen.items():
        with timed(seconds, name):
            # A network goes on from what it learned; everything else is fitted anew.
            again = models[name] if name == "sasrec" else setup.build(family)
            models[name] = again.fit(setup.seen)
    hybrid.parts = {name: models[name] for name in setup.parts}
    hybrid.fit(setup.seen)
    tell(setup.task, f"all fitted on the whole training part; judging {len(setup.truth):,}")
    values, shown = _judge(setup, models, hybrid, seconds)
    main = f"{setup.main}@{setup.k}"
    figures = compared(values, setup.baselines, main, seed=seed, group=setup.group)
    count = setup.seen.counts()
    for name, top in shown.items():
        figures[name] |= spread(top, count, setup.histories.items, setup.vectors)
    champion = recommended(figures, setup.baselines, main, "hybrid")
    if champion != "hybrid":
        notes.append("the hybrid does not lead the strongest baseline beyond its interval here")
    settings = {name: family.settings for name, family in chosen.items()}
    return Findings(
        setup.task,
        {**protocol, "chosen settings": settings},
        figures,
        setup.baselines,
        champion,
        main,
        notes,
        seconds,
    )


def _measure(model: Recommender, validation: Validation, setup: Setup) -> float:
    total = 0.0
    for rows, block in validation.histories.blocks(setup.block):
        scores = _masked(model.scores(block), block, setup.keep_seen)
        total += one_truth_metrics(scores, validation.truth[rows], setup.k)[setup.main].sum()
    return total / max(len(validation.truth), 1)


def _masked(scores: np.ndarray, block: Interactions, keep_seen: bool) -> np.ndarray:
    if not keep_seen:
        scores[block.rows, block.items] = -np.inf
    return scores


def _judge(
    setup: Setup, models: dict[str, Recommender], hybrid: Hybrid, seconds: dict[str, float]
) -> tuple[dict[str, dict[str, Values]], dict[str, np.ndarray]]:
    """Per-row metrics and the top k of every model."""
    values: dict[str, dict[str, list[Values]]] = {name: {} for name in [*models, "hybrid"]}
    shown: dict[str, list[np.ndarray]] = {name: [] for name in values}
    light = setup.histories.lengths <= setup.light
    tenth = max(1, len(setup.truth) // 10)
    for rows, block in setup.histories.blocks(setup.block):
        every = {}
        for name, model in models.items():
            with timed(seconds, name):
                every[name] = _masked(model.scores(block), block, setup.keep_seen)
        with timed(seconds, "hybrid"):
            parts = {name: every[name] for name in setup.parts}
            every["hybrid"] = hybrid.rank(parts, block)
        for name, scores in every.items():
            found = one_truth_metrics(scores, setup.truth[rows], setup.k)
            for metric, at in found.items():
                values[name].setdefault(f"{metric}@{setup.k}", []).append(at)
            shown[name].append(top_items(scores, setup.k))
        if rows.stop // tenth > rows.start // tenth:
            tell(setup.task, f"judged {rows.stop:,} of {len(setup.truth):,}")
    joined = {
        name: {metric: np.concatenate(parts) for metric, parts in row.items()}
        for name, row in values.items()
    }
    main = f"{setup.main}@{setup.k}"
    cold = setup.seen.counts()[setup.truth] == 0
    for row in joined.values():
        row[f"{main} light"] = np.where(light, row[main], np.nan)
        if cold.any():
            row[f"{main} cold items"] = np.where(cold, row[main], np.nan)
    return joined, {name: np.concatenate(tops) for name, tops in shown.items()}


def families(*names: str) -> dict[str, Family]:
    """Families as conf/models says."""
    return {name: load_family(name) for name in names}
