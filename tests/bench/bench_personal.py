"""Personal data: precision and recall on planted letters, hits and speed on real texts.

    python tests/bench/bench_personal.py [--samples N]

The planted letters are the built-in shop's, of a seed that nothing was tuned on. Nobody has marked
the real texts: hits per 10,000 texts are printed, and with --samples some to look at by eye.
"""

from __future__ import annotations

import argparse
import ast
import csv
import gzip
import io
import os
import random
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from shoplake.evaluate.personal import SPAN, found_spans, span_quality
from shoplake.governance.personal import KINDS, Span, find
from shoplake.ingest.shop import load_shop_config
from shoplake.ingest.shop.letters import INTENTS, write_message
from shoplake.ingest.shop.people import draw_person
from shoplake.refine.text import normalise

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("SHOPLAKE_DATA", ROOT.parent / "shared" / "data"))
#: Folder, files, encoding and columns of text.
SOURCES = {
    "clothing reviews": ("clothing_reviews/*.csv.gz", "utf-8-sig", ("Title", "Review Text")),
    "customer service": ("customer_service/*.csv.gz", "utf-8-sig", ("utterance",)),
    "Chinese reviews": ("zh_reviews/*.csv.gz", "utf-8-sig", ("review",)),
    "search terms": ("home_depot/*.csv.gz", "mac_roman", ("search_term",)),
    "product titles": ("home_depot/*.csv.gz", "mac_roman", ("product_title",)),
    "retail descriptions": ("online_retail/*.csv.gz", "utf-8", ("Description",)),
}


def real_texts() -> Iterator[tuple[str, list[str]]]:
    """Name and distinct normalised texts of every real source that is there."""
    for name, (pattern, encoding, columns) in SOURCES.items():
        texts: set[str] = set()
        for path in sorted(DATA.glob(pattern)):
            rows = csv.DictReader(io.StringIO(gzip.decompress(path.read_bytes()).decode(encoding)))
            texts.update(row[c] for row in rows for c in columns if row[c])
        yield name, sorted({normalise(t) for t in texts})
    texts = set()
    for path in sorted(DATA.glob("product_questions/*.gz")):
        for line in gzip.decompress(path.read_bytes()).decode().splitlines():
            record = ast.literal_eval(line)
            texts.update((record["question"], record["answer"]))
    yield "product questions", sorted({normalise(t) for t in texts})


def measure_real(samples: int) -> None:
    """Print hits per 10,000 texts by kind, and texts a second."""
    print(f"{'texts':<22}{'number':>8}{'texts/s':>9}  hits per 10,000 texts")
    for name, texts in real_texts():
        if not texts:
            continue
        hits: dict[str, list[tuple[Span, str]]] = defaultdict(list)
        started = time.perf_counter()
        for text in texts:
            for span in find(text):
                hits[span.kind].append((span, text))
        seconds = time.perf_counter() - started
        rates = ", ".join(f"{k} {1e4 * len(hits[k]) / len(texts):.1f}" for k in KINDS if hits[k])
        print(f"{name:<22}{len(texts):>8,}{len(texts) / seconds:>9,.0f}  {rates or 'none'}")
        for kind in KINDS:
            for span, text in random.Random(1).sample(hits[kind], min(samples, len(hits[kind]))):
                around = text[max(0, span.start - 40) : span.end + 40]
                print(f"    {kind}: <{span.text}> in ...{around}...")


def measure_planted(seed: int, letters: int, samples: int) -> None:
    """Print precision and recall by kind on the built-in shop's letters."""
    texts, truth = planted_letters(seed, letters)
    found = found_spans(texts)
    print(f"{letters:,} letters of the built-in shop, seed {seed}")
    print(span_quality(truth, found).to_string(index=False, float_format="%.3f"))
    words = dict(zip(texts["text_id"], texts["text"], strict=True))
    both = truth.merge(found, how="outer", on=SPAN, indicator=True)
    for row in both[both["_merge"] != "both"].head(samples).itertuples():
        here = "missed" if row._5 == "left_only" else "false"
        text = words[row.text_id]
        print(f"    {here} {row.kind}: <{text[row.start : row.end]}> in {text}")


def planted_letters(seed: int, letters: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """text_id and text of letters; text_id, kind, start and end of what is planted in them."""
    config = load_shop_config(seed=seed)
    texts, spans = [], []
    for n in range(letters):
        rng = np.random.default_rng([seed, n])
        intent, person = str(rng.choice(INTENTS)), draw_person(config, n)
        extra = np.random.default_rng([seed, n, 1])
        letter = write_message(rng, person, intent, "sage green retro oak mug", f"O{n:016x}", extra)
        texts.append((n, letter.text))
        spans += [(n, *span) for span in letter.spans]
    return pd.DataFrame(texts, columns=["text_id", "text"]), pd.DataFrame(spans, columns=SPAN)


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, default=0, help="hits of a kind to print")
    parser.add_argument("--seed", type=int, default=20261124)
    args = parser.parse_args()
    measure_planted(args.seed, 5000, args.samples)
    measure_real(args.samples)


if __name__ == "__main__":
    main()
