"""Do complements name what else is in a later basket? Hit@10 on online_retail, beside popularity.

    python tests/bench/bench_neighbours.py [FOLDER]

Learned on everything before the last 30 days; each later basket gives one product, drawn at random,
and asks for the others. Ties of popularity do not occur among the ten.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from shoplake.evaluate.intervals import bootstrap_mean, paired_difference
from shoplake.evaluate.layouts.purchases import read_purchases
from shoplake.models.neighbours.kinds import neighbours
from shoplake.models.neighbours.settings import load_neighbours
from shoplake.models.recommenders.content import title_vectors

K = 10


def counted(baskets: csr_array, ids: np.ndarray, least: int) -> pd.DataFrame:
    """The counts that `features.neighbours.pair_counts` makes with Spark."""
    own = np.asarray(baskets.sum(axis=0)).ravel()
    both = (baskets.T @ baskets).tocoo()
    keep = (both.row != both.col) & (both.data >= least)
    a, b = both.row[keep], both.col[keep]
    return pd.DataFrame(
        {"together": "purchase", "product_id": ids[a], "neighbour_id": ids[b],
         "n": both.data[keep], "own": own[a], "theirs": own[b], "baskets": baskets.shape[0]}
    )  # fmt: skip


def main() -> None:
    """Print the table."""
    root = Path(os.environ.get("SHOPLAKE_DATA", Path(__file__).parents[3] / "shared" / "data"))
    lines = read_purchases(Path(sys.argv[1]) if len(sys.argv) > 1 else root / "online_retail")
    config = load_neighbours()
    cut = lines["at"].max().normalize() - pd.Timedelta(days=29)
    early, late = lines[lines["at"] < cut], lines[lines["at"] >= cut]
    item, ids = pd.factorize(early["item"], sort=True)
    basket, _ = pd.factorize(early["person"] + early["at"].astype(str))
    rows = pd.DataFrame({"basket": basket, "item": item}).drop_duplicates()
    rows = rows.sample(frac=1, random_state=0).groupby("basket").head(config.largest_basket)
    held = csr_array((np.ones(len(rows)), (rows["basket"], rows["item"])))
    titles = early.groupby("item")["title"].last().reindex(ids).tolist()
    products = pd.DataFrame({"product_id": ids, "name": titles, "category": None, "brand": None,
                             "attributes": None, "available": True})  # fmt: skip
    pairs = counted(held, np.asarray(ids), config.least_together)
    found = neighbours(products, pairs, title_vectors(titles, 96), config)
    lists = {k: g.groupby("product_id")["neighbour_id"].agg(list) for k, g in found.groupby("kind")}
    best = pd.Series(np.asarray(held.sum(axis=0)).ravel(), ids).nlargest(K + 1).index.tolist()
    random, hits = np.random.default_rng(0), {}
    known = late[late["item"].isin(ids)]
    for _, of in known.groupby(["person", "at"])["item"]:
        there = np.unique(of.to_numpy(dtype=str))
        if len(there) < 2:
            continue
        seed = str(random.choice(there))
        offers = {"popularity": [p for p in best if p != seed][:K]}
        offers |= {kind: list(row.get(seed, [])) for kind, row in lists.items()}
        filled = [*offers.get("complement", []), *(p for p in best if p != seed)]
        offers["complement, then popularity"] = list(dict.fromkeys(filled))[:K]
        for name, offered in offers.items():
            hits.setdefault(name, []).append(float(bool(set(offered[:K]) & set(there))))
    print(f"{len(hits['popularity']):,} baskets from {cut:%Y-%m-%d}; hit@{K}, 95% intervals")
    print(found.groupby("kind")["product_id"].agg(["size", "nunique"]).to_string())
    base = np.array(hits["popularity"])
    for name, values in hits.items():
        at = bootstrap_mean(np.array(values), seed=0)
        gap = paired_difference(np.array(values), base, seed=0)
        print(f"{name:<28} {at.value:.3f} ({at.low:.3f}-{at.high:.3f})  over popularity "
              f"{gap.value:+.3f} ({gap.low:+.3f} to {gap.high:+.3f})")  # fmt: skip


if __name__ == "__main__":
    main()
