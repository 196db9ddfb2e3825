"""A person's next item after their history, on the amazon_games layout.

Reads `items.tsv` (item, title) and `histories.tsv.gz` (user, items in order, next item).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from shoplake.evaluate import next_item
from shoplake.evaluate.findings import Findings
from shoplake.evaluate.layouts.sequences import Sequences, learnable, read_sequences, training_rows
from shoplake.models.recommenders.config import OF_TITLES, Family
from shoplake.models.recommenders.content import title_vectors
from shoplake.models.recommenders.interactions import Recommender
from shoplake.models.recommenders.tuning import Validation

BASELINES = ["popularity", "item_knn", "als", "ease"]
NETWORKS = ["sasrec", "ncf", "gpt_titles"]
FAMILIES = ["popularity", "item_knn", "als", "ease", "session_knn", "content", *NETWORKS]
PARTS = ["item_knn", "ease", "session_knn", "content", "sasrec"]
K = 10


def run(data: Path, train: Path | None, *, seed: int) -> Findings:
    """Learn from histories, judge on the next item of each history of `data`.

    Raises:
        EvaluationError: a file is missing or is not of this layout, or the folders share no item.
    """
    judged = read_sequences(data)
    notes: list[str] = []
    seen, judged = training_rows(judged, train, notes)
    learnable(seen, str(train or data))
    past, truth = seen.without_last()
    keep = past.lengths > 0
    validation = Validation(seen.where(seen.age > 0), past, truth).part(keep.nonzero()[0])
    vectors = title_vectors(judged.titles, 128)

    def build(family: Family) -> Recommender:
        extra: dict[str, Any] = {"vectors": vectors} if family.name in OF_TITLES else {}
        return family.build(**extra)

    setup = next_item.Setup(
        task="sequences",
        seen=seen,
        validation=validation,
        histories=judged.histories,
        truth=judged.truth,
        families=next_item.families(*FAMILIES),
        baselines=BASELINES,
        parts=PARTS,
        k=K,
        main="ndcg",
        keep_seen=judged.repeats > 0.01,
        build=build,
        light=4,
        vectors=vectors,
    )
    return next_item.run(setup, _protocol(judged, seen, train, setup.keep_seen), notes, seed)


def _protocol(judged: Sequences, seen: Any, train: Path | None, keep_seen: bool) -> dict[str, Any]:
    count = seen.counts()
    return {
        "question": "the next item of each person, from the history before it",
        "learned on": f"{train or 'the histories of the judged folder, without the next items'}: "
        f"{len(seen):,} people, {len(seen.items):,} interactions",
        "settings": "chosen on the last item of each training history, from what precedes it",
        "candidates": f"all {judged.histories.catalogue:,} items"
        + (", those of the history too" if keep_seen else " that the history does not hold"),
        "ties": "neutral: the expectation over all orders of equal scores",
        "cut-off": K,
        "interval": "95% percentile bootstrap over people, 1,000 resamples; leads are paired",
        "units": f"{len(judged.truth):,} people, one true item each; "
        f"{int((count[judged.truth] == 0).sum()):,} true items nobody had in training",
        "light": "people with at most 4 items in the history",
    }
