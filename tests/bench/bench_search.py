"""Search: texts encoded a second beside sentence-transformers, and query latency over 50,000 titles.

Run: .venv/bin/python tests/bench/bench_search.py [--titles 50000] [--texts 2000] [--queries 300]
[--only encode|ranker|lake]. Beside the time that a query takes is the time that a processor worked
on it: on a machine that others use, the first says little.
With SHOPLAKE_DATA (or ../shared/data) the texts are home_depot's; else made up.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from shoplake.models.base import load_base
from shoplake.models.search.config import load_search
from shoplake.models.search.encoder import TextEncoder
from shoplake.models.search.index import SearchIndex
from shoplake.models.search.judgements import Judgements, read_judgements
from shoplake.models.search.model import SearchModel
from shoplake.serve.search import ShopSearch


def main() -> None:
    """All benchmarks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--titles", type=int, default=50_000)
    parser.add_argument("--texts", type=int, default=2_000)
    parser.add_argument("--queries", type=int, default=300)
    parser.add_argument("--learn", type=int, default=400, help="judged queries the ranker sees")
    parser.add_argument("--only", choices=("encode", "ranker", "lake"))
    args = parser.parse_args()
    rows = judged()
    if args.only in (None, "encode"):
        encoding(rows["title"].drop_duplicates().tolist()[: args.texts])
    if args.only in (None, "ranker"):
        latency(rows, args.titles, args.queries, args.learn)
    if args.only in (None, "lake"):
        lake_latency(rows, args.titles, args.queries)


def judged() -> pd.DataFrame:
    """home_depot's judgements, or made-up ones of the same form."""
    shared = Path(__file__).resolve().parents[3] / "shared" / "data"
    folder = Path(os.environ.get("SHOPLAKE_DATA", shared)) / "home_depot"
    if folder.is_dir():
        return read_judgements(folder)
    draw = np.random.default_rng(0)
    words = np.array([f"{a}{b}{c}" for a in "bdfgklmnprst" for b in "aeiou" for c in "lmnrst"])
    titles = [" ".join(draw.choice(words, 12)) for _ in range(40_000)]
    queries = [" ".join(draw.choice(t.split(), 3)) for t in titles]
    grades = draw.choice([1.0, 2.33, 3.0], len(titles))
    return pd.DataFrame({"query": queries, "title": titles, "relevance": grades})


def encoding(texts: list[str]) -> None:
    """Texts a second, ours and sentence-transformers', on the same weights and token limit."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.models import Pooling, Transformer

    config = load_search()
    base = load_base(config.base)
    module = Transformer(base.source, max_seq_length=config.max_tokens)
    theirs = SentenceTransformer(
        modules=[module, Pooling(base.width, pooling_mode="mean")], device="cpu"
    )
    ours = TextEncoder(base, max_tokens=config.max_tokens)
    ours.encode(texts[:64])
    theirs.encode(texts[:64], normalize_embeddings=True)
    rounds = []
    for _ in range(3):  # Alternating, so that a busy machine slows both.
        start = time.perf_counter()
        reference = theirs.encode(texts, normalize_embeddings=True)
        middle = time.perf_counter()
        found = ours.encode(texts)
        end = time.perf_counter()
        rounds.append((len(texts) / (middle - start), len(texts) / (end - middle)))
    theirs_rate, ours_rate = np.median(np.array(rounds), axis=0)
    apart = np.abs(found - reference).max()
    cosine = 1 - (found * reference).sum(axis=1).min()
    print(
        f"encode: sentence-transformers {theirs_rate:,.0f} texts/s, ours {ours_rate:,.0f} texts/s "
        f"({ours_rate / theirs_rate:.2f} times); largest difference of a component {apart:.1e}, "
        f"of a cosine to itself {cosine:.1e}"
    )


def latency(rows: pd.DataFrame, titles: int, queries: int, learn: int) -> None:
    """Milliseconds from a query's text to its ranked titles, warm, one query at a time."""
    catalogue = many(rows, titles)
    asked = rows["query"].drop_duplicates().sample(frac=1, random_state=0).tolist()
    chosen = rows[rows["query"].isin(asked[:learn])]
    judgements = Judgements.of(chosen, catalogue)
    config = load_search()
    index = SearchIndex(
        catalogue.tolist(), TextEncoder.load(config.base, max_tokens=config.max_tokens)
    )
    model = SearchModel(index, judgements, config)
    model.fit(index.read(judgements.queries.tolist()), lambda _: None)

    def ask(query: str) -> None:
        block = next(model.blocks(index.read([query])))
        _, scores = model.ranked(block)
        np.argsort(-scores)[:10]

    said = f"words + letters + meaning + ranker on {config.candidates} candidates"
    timed(f"query over {len(catalogue):,} titles, {said}", ask, asked[learn : learn + queries + 10])


def lake_latency(rows: pd.DataFrame, titles: int, queries: int) -> None:
    """The same of the products of a lake, whose score is a sum."""
    catalogue = many(rows, titles)
    products = pd.DataFrame({"product_id": catalogue, "name": catalogue, "text": ""})
    products = products.assign(price=1.0, people=0.0, available=True)
    config = load_search()
    encoder = TextEncoder.load(config.base, max_tokens=2 * config.max_tokens)
    search = ShopSearch(products, None, encoder)
    asked = rows["query"].drop_duplicates().sample(frac=1, random_state=0).tolist()
    said = f"query over {len(catalogue):,} products of a lake"
    timed(said, lambda query: search.answer(query, 10), asked[: queries + 10])


def many(rows: pd.DataFrame, titles: int) -> NDArray[np.object_]:
    """The judged titles, and so many that are nearly the same that there are `titles`."""
    known = np.unique(rows["title"].to_numpy(dtype=object))
    extra = [f"{title} {i}" for i, title in enumerate(known[: max(0, titles - len(known))])]
    return np.unique(np.concatenate([known, np.array(extra, dtype=object)]))


def timed(said: str, ask: Callable[[str], object], queries: list[str]) -> None:
    """Ask one by one; the first ten warm up."""
    wall, busy = [], []
    for query in queries:
        start, worked = time.perf_counter(), time.process_time()
        ask(query)
        wall.append((time.perf_counter() - start) * 1000)
        busy.append((time.process_time() - worked) * 1000)
    half, most = np.percentile(wall[10:], [50, 99])
    own, own_most = np.percentile(busy[10:], [50, 99])
    print(
        f"{said}: p50 {half:.0f} ms, p99 {most:.0f} ms; processor time p50 {own:.0f} ms, "
        f"p99 {own_most:.0f} ms; load {os.getloadavg()[0]:.1f}"
    )


if __name__ == "__main__":
    main()
