"""Whether a fine-tuned ranker's vectors make a lake's search better than those of the base model.

Both searches are judged on clicks for queries that neither the ranker nor any weights were learnt
from, by what was known of behaviour before them. What people did for other queries at that time,
the ranker may have seen, and each side's weights did.
"""

from __future__ import annotations

import pandas as pd

from shoplake.evaluate.click_weights import looked_at
from shoplake.evaluate.intervals import paired_difference
from shoplake.evaluate.search_past import Past, moments, some_clicked
from shoplake.evaluate.search_weights import LEAST_CLICKS, LEAST_QUERIES, Learnt, fitted
from shoplake.models.search.roles import is_held_out
from shoplake.serve.search import EXTRA, ShopSearch


def compare_encoders(
    search: ShopSearch, tuned: ShopSearch, shown: pd.DataFrame, sold: pd.DataFrame, *, seed: int
) -> Learnt:
    """Learn weights for the tuned search, and compare it with the one that is used.

    Args:
        search: of the lake's products as it is used, with its weights. Parts that it gives no
            weight to are left out of the tuned search too.
        tuned: the same products by the ranker's vectors.
        shown, sold: as `learn_weights` has them.
        seed: of the draws.
    """
    few = f"fewer than {LEAST_CLICKS} clicks to learn from or {LEAST_QUERIES} queries to judge on"
    weights = dict(tuned.weights)
    if not len(shown):
        return Learnt(weights, None, False, few)
    begin, judge = moments(shown)
    asked = some_clicked(shown[(shown["at"] >= begin) & shown["query"].map(is_held_out)], seed)
    queries = asked.loc[asked["clicked"] > 0, "query"].unique().tolist()
    unused = [name for name in EXTRA if not search.weights[name]]
    found = fitted(tuned, shown, sold, seed=seed, without=unused)
    if found is None or len(queries) < LEAST_QUERIES:
        return Learnt(weights, None, False, few)
    seen = looked_at(shown[shown["at"] < judge])
    (before,) = Past(search, queries, shown, sold).gains(asked, begin, seen, (search.weights,))
    (after,) = Past(tuned, queries, shown, sold).gains(asked, begin, seen, (found,))
    gain = paired_difference(after, before, seed=seed)
    reason = (
        f"DCG@10 of clicked products {after.mean():.3f}, by the base model {before.mean():.3f}: "
        f"{gain.value:+.3f} ({gain.low:+.3f} to {gain.high:+.3f}) on {len(queries):,} queries that"
        " nothing learnt from; weights "
        + ", ".join(f"{name} {weight:.2f}" for name, weight in found.items())
    )
    return Learnt(found, gain, gain.low > 0, reason)
