"""A model that reads titles, learned in one shop and judged in another that it has never seen.

The model is the GPT over titles (`models.recommenders.gpt_titles`): it knows an item by what a
sentence encoder makes of its title, so it can be moved to a catalogue of other items, as UniSRec is
(Hou et al., "Towards universal sequence representation learning for recommender systems", KDD
2022). It is judged by the protocol of the shop it is moved to, beside the same model learned there.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from shoplake.evaluate.findings import Figure, Findings, compared, recommended
from shoplake.evaluate.intervals import paired_ratio
from shoplake.evaluate.layouts.purchases import read_purchases
from shoplake.evaluate.layouts.sequences import learnable, read_sequences
from shoplake.evaluate.metrics import EvaluationError, Values, ranking_metrics
from shoplake.evaluate.shop import cuts, known_titles, shop_of
from shoplake.evaluate.timing import timed
from shoplake.models.recommenders.config import load_family
from shoplake.models.recommenders.content import Content, ContentConfig
from shoplake.models.recommenders.gpt_titles import GptTitles
from shoplake.models.recommenders.interactions import Floats, Interactions, Recommender
from shoplake.models.recommenders.next_purchases import without
from shoplake.models.recommenders.popularity import Popularity, PopularityConfig
from shoplake.runtime.console import tell

K, HORIZON, BLOCK = 10, 30, 400
#: People drawn to be judged, and optimiser steps: small shops go through more epochs.
PEOPLE, STEPS = 5000, 600
MOVED, INFORMED, HERE = "moved", "moved, popularity known", "learned here"
BASELINES = ["popularity", "titles as they are"]


@dataclass(frozen=True)
class Domain:
    """A folder as a model of titles sees it.

    Attributes:
        name: the folder's.
        titles: [C] by item index; "" for an item sold for the first time in the days that are
            judged, which is no candidate.
        seen: what may be learned from, a row a person; nothing that is judged is in it.
        histories: [P] of those who are judged.
        truth: [P, C] non-zero where the item is a true one.
        keep_seen: whether items of the history are candidates.
        main: the metric that decides.
        question: what is judged.
        notes: what a reader must know of the folder.
    """

    name: str
    titles: list[str]
    seen: Interactions
    histories: Interactions
    truth: csr_array
    keep_seen: bool
    main: str
    question: str
    notes: tuple[str, ...] = ()


def read_domain(folder: Path) -> Domain:
    """A folder of the amazon_games, online_retail or dunnhumby layout.

    Raises:
        EvaluationError: it is of none of them, or too short.
    """
    if (folder / "histories.tsv.gz").exists():
        found = read_sequences(folder)
        rows = np.arange(len(found.truth))
        truth = csr_array(
            (np.ones(len(rows)), (rows, found.truth)), (len(rows), found.histories.catalogue)
        )
        asked = "the next item of each person"
        own = found.repeats > 0.01
        histories = found.histories
        return Domain(
            *(folder.name, found.titles, histories, histories, truth, own, f"ndcg@{K}", asked)
        )
    notes: list[str] = []
    shop = shop_of(read_purchases(folder, notes), None, [], HORIZON)
    cut, _ = cuts(shop)
    seen = shop.purchases.between(-(10**6), cut).latest().interactions(cut)
    after = shop.purchases.between(cut, shop.end).truth()
    people = np.flatnonzero((seen.lengths > 0) & (np.diff(after.indptr) > 0))
    if len(people) < 20:
        raise EvaluationError(
            f"only {len(people)} people bought both before and within the last {HORIZON} days",
            where=str(folder),
            remedy="give a folder with more people, or a longer period",
        )
    truth = csr_array(after[people])
    asked = f"all items each person buys in the {HORIZON} days from {shop.date(cut)}"
    return Domain(
        *(folder.name, known_titles(shop, cut), seen, seen.take(people), truth, True),
        *(f"recall@{K}", asked),
        tuple(notes),
    )


def moved_between(
    source: Domain, target: Domain, read: Callable[[Sequence[str]], Floats], seed: int
) -> Findings:
    """The model of the source judged on the target, beside the one learned on the target.

    Args:
        source, target: of `read_domain`.
        read: titles to unit vectors [C, d]; of both shops by the same reader.
        seed: of the people drawn, of weights and of intervals.

    Raises:
        EvaluationError: too few histories of a domain hold two items.
    """
    for domain in (source, target):
        learnable(domain.seen, domain.name)
    seconds: dict[str, float] = {}
    with timed(seconds, "titles"):
        there, here = read(source.titles), read(target.titles)
    tell("transfer", f"{len(there) + len(here):,} titles read in {seconds['titles']:.0f} s")
    with timed(seconds, MOVED):
        model = learned(source.seen, there, seed)
    tell("transfer", f"learned on {source.name} in {seconds[MOVED]:.0f} s")
    models: dict[str, Recommender] = {
        "popularity": Popularity(PopularityConfig()).fit(target.seen),
        "titles as they are": Content(ContentConfig(), here),
        MOVED: model.moved(here),
        INFORMED: model.moved(here, _bias(model, source.seen, target.seen)),
    }
    with timed(seconds, HERE):
        models[HERE] = learned(target.seen, here, seed)
    tell("transfer", f"learned on {target.name} in {seconds[HERE]:.0f} s")
    order = np.random.default_rng(seed).permutation(len(target.histories))
    people = np.sort(order[:PEOPLE])
    values = judged(models, target, people)
    figures = compared(values, BASELINES, target.main, seed=seed)
    for name in (MOVED, INFORMED):
        for metric, found in values[name].items():
            pairs = found, values[HERE][metric]
            kept = ~np.isnan(found)
            if pairs[1][kept].any():
                share = paired_ratio(pairs[0][kept], pairs[1][kept], seed=seed)
                figures[name][f"share kept of {metric}"] = Figure(
                    share.value, share.low, share.high
                )
    common = np.isin([t for t in target.titles if t], [t for t in source.titles if t]).mean()
    notes = [
        f"{common:.1%} of the titles of {target.name} are titles of {source.name} too",
        *source.notes,
        *target.notes,
    ]
    return Findings(
        "transfer",
        _protocol(source, target, people),
        figures,
        BASELINES,
        recommended(figures, BASELINES, target.main, HERE),
        target.main,
        notes,
        seconds,
    )


def learned(seen: Interactions, vectors: Floats, seed: int) -> GptTitles:
    """The GPT over titles as conf/models/gpt_titles.yml says, but for about `STEPS` steps.

    Args:
        seen: histories; longer ones than the model reads are cut into pieces that it does.
        vectors: [C, d] of the titles.
        seed: of weights, order and negatives.
    """
    config = load_family("gpt_titles").config
    found = pieces(seen, config.length + 1)
    rows = min(int((found.lengths > 1).sum()), config.rows)
    epochs = math.ceil(STEPS * config.batch / max(rows, 1))
    family = load_family("gpt_titles").replaced(epochs=epochs, seed=config.seed + seed)
    model = family.build(vectors=vectors).fit(found)
    assert isinstance(model, GptTitles)
    return model


def pieces(seen: Interactions, length: int) -> Interactions:
    """Rows of at most `length`, cut from each row's end; empty rows are left out."""
    ends = [range(stop, start, -length) for start, stop in pairwise(seen.offsets.tolist())]
    offsets = np.array(sorted({0, *(end for row in ends for end in row)}), dtype=np.int64)
    return Interactions(seen.items, offsets, seen.catalogue)


def judged(
    models: dict[str, Recommender], target: Domain, people: np.ndarray
) -> dict[str, dict[str, Values]]:
    """Metrics of each model for these people; NaN where nothing new was bought."""
    values: dict[str, dict[str, list[Values]]] = {name: {} for name in models}
    histories, truth = target.histories.take(people), csr_array(target.truth[people])
    later = _later(target)
    for rows, block in histories.blocks(BLOCK):
        wanted = csr_array(truth[rows])
        own = np.zeros(wanted.shape, dtype=np.bool_)
        own[block.rows, block.items] = True
        fresh = csr_array(np.where(own, 0, wanted.toarray()))
        for name, model in models.items():
            scores = without(np.asarray(model.scores(block), dtype=np.float32), later)
            masked = np.where(own, np.float32(-np.inf), scores)
            asked = {"": (scores, wanted), " new": (masked, fresh)}
            for suffix, (given, true) in (
                asked.items() if target.keep_seen else [("", (masked, wanted))]
            ):
                found = ranking_metrics(given, true, K)
                for metric in ("recall", "ndcg"):
                    values[name].setdefault(f"{metric}@{K}{suffix}", []).append(found[metric])
        tell("transfer", f"judged {rows.stop:,} of {len(people):,} people")
    return {
        name: {metric: np.concatenate(parts) for metric, parts in row.items()}
        for name, row in values.items()
    }


def _later(domain: Domain) -> NDArray[np.bool_]:
    """[C] items of which nothing was known before the days that are judged."""
    return (domain.seen.counts() == 0) & np.array([title == "" for title in domain.titles])


def _bias(model: GptTitles, there: Interactions, here: Interactions) -> Floats:
    """[C] what the source's biases would be for items as often chosen as the target's."""
    learned_bias = model.network.bias.detach().numpy()
    often = np.log1p(there.counts())
    # Items chosen equally often say nothing of a slope.
    slope = np.polyfit(often, learned_bias, 1)[0] if np.ptp(often) else 0.0
    return (slope * np.log1p(here.counts())).astype(np.float32)


def _protocol(source: Domain, target: Domain, people: np.ndarray) -> dict[str, str]:
    every = f"all {(~_later(target)).sum():,} items of {target.name}"
    return {
        "question": target.question,
        MOVED: f"learned on {source.name} ({len(source.seen):,} people, {len(source.titles):,} "
        f"items, {len(source.seen.items):,} interactions before what would be judged there), knows "
        "nothing of the shop but its titles",
        INFORMED: f"and how often each item was chosen: biases by {source.name}'s slope over "
        "log popularity",
        HERE: f"the same network and settings, learned on {target.name} ({len(target.seen):,} "
        f"people, {len(target.seen.items):,} interactions)",
        "titles as they are": "cosine of the encoder's vectors to the decayed history; nothing "
        "learned",
        "candidates": every + ("" if target.keep_seen else " that the history does not hold"),
        "ties": "neutral: the expectation over all orders of equal scores",
        "cut-off": str(K),
        "interval": "95% percentile bootstrap over people, 1,000 resamples; leads and shares are "
        "paired",
        "units": f"{len(people):,} people of {len(target.histories):,}",
    }
