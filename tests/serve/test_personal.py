from __future__ import annotations

import numpy as np

from shoplake.serve.personal import PersonalFrequencyScorer
from shoplake.serve.topk import top_k


def test_own_purchases_by_count_then_recency_then_what_is_popular() -> None:
    scorer = PersonalFrequencyScorer(np.array([0, 9, 1, 2, 50, 60]))
    history, counts, days = (np.array([row]) for row in ([1, 2, 3, 4], [1, 3, 1, 0], [9, 30, 2, 1]))
    best = top_k(
        scorer.people(history, counts, days),
        scorer.items,
        5,
        history=history,
        adjustment=scorer.own_adjustment(counts, days),
        excluded=np.zeros_like(history),
        allowed=np.array([False, True, True, True, True, True]),
        people_block=8,
        item_block=8,
    )
    assert best.indices[0].tolist() == [2, 3, 1, 5, 4]
