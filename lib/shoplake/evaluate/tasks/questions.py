"""Answers to product questions: found among all answers, and given from earlier questions."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from shoplake.evaluate.clustered import resampled
from shoplake.evaluate.findings import Figure, Findings, recommended
from shoplake.evaluate.metrics import EvaluationError, Values
from shoplake.evaluate.questions import answer_f1, best_without, retrieval_values, weighed
from shoplake.evaluate.timing import timed
from shoplake.governance.personal.detect import mask
from shoplake.models.assistant.intents import auroc
from shoplake.models.assistant.questions import (
    WORDS_SHARE,
    AnswerIndex,
    PastAnswers,
    fused,
    read_questions,
)
from shoplake.models.assistant.settings import AssistantConfig, load_assistant
from shoplake.models.search.encoder import TextEncoder

ANY, WORDS, MEANING, BOTH = "any answer", "BM25", "MiniLM", "BM25 + MiniLM"
BASELINES = [ANY, WORDS, MEANING]
HELD_OUT = 0.3
_LATEST = 0.2
_JUDGED = 600
_TIMED = 200
_LEAST = 20
Floats = NDArray[np.float32]


def run(
    data: Path, train: Path | None, *, seed: int, settings: AssistantConfig | None = None
) -> Findings:
    """Judge on the questions of `data`.

    Args:
        data: folder of questions.
        train: earlier questions, whose answers compete as well and are the past of `data`;
            without it, the past is the older part of `data`.
        seed: of the split and the intervals.
        settings: of the assistant (default: conf/models/assistant.yml).

    Raises:
        SourceError: a folder is not of the layout.
        EvaluationError: too few questions.
        ModelError: there is no base model.
    """
    config = replace(settings or load_assistant(), seed=seed)
    encoder = TextEncoder.load(config.base, max_tokens=2 * config.max_tokens)
    rows = read_questions(data).assign(judged=True)
    if train is not None:
        rows = pd.concat([read_questions(train).assign(judged=False), rows], ignore_index=True)
    else:
        products = np.unique(rows["product"].astype(str))
        drawn = np.random.default_rng(seed).permutation(products)[: round(HELD_OUT * len(products))]
        rows["judged"] = rows["product"].isin(set(drawn))
    if rows["judged"].sum() < _LEAST:
        raise EvaluationError("too few questions to judge on", where=str(data))
    seconds: dict[str, float] = {}
    with timed(seconds, "find among all answers"):
        figures, notes = _retrieval(rows, encoder, seed)
    with timed(seconds, "answer from the past"):
        for name, row in _past(rows, encoder, config, seed, train is not None).items():
            figures[name] |= row
    return Findings(
        task="questions",
        protocol=_protocol(rows, config, train is not None),
        figures=figures,
        baselines=BASELINES,
        champion=recommended(figures, BASELINES, "mrr@10", BOTH),
        main="mrr@10",
        notes=notes,
        seconds=seconds,
    )


def _retrieval(
    rows: pd.DataFrame, encoder: TextEncoder, seed: int
) -> tuple[dict[str, dict[str, Figure]], list[str]]:
    judged = rows[rows["judged"]].reset_index(drop=True)
    answers, at = np.unique(rows["answer"].to_numpy(dtype=object), return_inverse=True)
    own = at[rows["judged"].to_numpy()]
    index = AnswerIndex(answers.tolist(), encoder)
    asked = judged["question"].tolist()
    by_words, by_meaning = index.words(asked), index.meaning(asked)
    beside = _of_same_product(judged, rows, at, len(answers))
    values: dict[str, dict[str, Values]] = {}
    scores = {
        ANY: np.zeros_like(by_words),
        WORDS: by_words,
        MEANING: by_meaning,
        BOTH: fused(by_words, by_meaning),
    }
    notes = []
    for name, score in scores.items():
        values[name] = retrieval_values(score, own)
        near = retrieval_values(np.where(beside, score, -np.inf).astype(np.float32), own)
        values[name]["of_product_recall@1"] = near["recall@1"]
        there, gone = best_without(score, own)
        notes.append(
            f"{name}: whether anybody gave the answer is told from the best score with AUROC "
            f"{auroc(there, gone):.3f}"
        )
    measures = {name: weighed(row) for name, row in values.items()}
    group = judged["product"].to_numpy(dtype=object)
    return resampled(measures, group, BASELINES, "mrr@10", seed=seed), notes[1:]


def _of_same_product(
    judged: pd.DataFrame, rows: pd.DataFrame, at: NDArray[np.int64], answers: int
) -> NDArray[np.bool_]:
    """Which answers were given about the question's product [Q, A]."""
    given: dict[str, list[int]] = {}
    for product, answer in zip(rows["product"], at, strict=True):
        given.setdefault(product, []).append(int(answer))
    found = np.zeros((len(judged), answers), dtype=bool)
    for row, product in enumerate(judged["product"]):
        found[row, given[product]] = True
    return found


def _past(
    rows: pd.DataFrame, encoder: TextEncoder, config: AssistantConfig, seed: int, given: bool
) -> dict[str, dict[str, Figure]]:
    """What the assistant would show: the answer of the most similar earlier question."""
    old, new = _by_time(rows, given)
    if len(new) < _LEAST or not len(old):
        return {}
    random = np.random.default_rng(seed)
    new = new.iloc[random.permutation(len(new))[:_JUDGED]].reset_index(drop=True)
    past = PastAnswers(old, encoder, "product_questions")
    index = past.index
    asked = new["question"].tolist()
    by_words, by_meaning = index.words(asked), index.meaning(asked)
    picks = {
        ANY: random.integers(len(old), size=len(new)),
        WORDS: by_words.argmax(axis=1),
        MEANING: by_meaning.argmax(axis=1),
        BOTH: fused(by_words, by_meaning).argmax(axis=1),
    }
    answers = old["answer"].tolist()
    best = by_meaning[np.arange(len(new)), picks[BOTH]]
    values: dict[str, dict[str, Values]] = {}
    for name, pick in picks.items():
        pairs = zip(pick, new["answer"], strict=True)
        same = np.array([answer_f1(answers[i], own) for i, own in pairs])
        shown = np.where(best >= config.least_answer, same, np.nan)
        values[name] = {"answer_f1": same, "shown_answer_f1": shown}
    measures = {name: weighed(row) for name, row in values.items()}
    group = new["product"].to_numpy(dtype=object)
    figures = resampled(measures, group, BASELINES, "answer_f1", seed=seed)
    figures[BOTH] |= {"shown": Figure(float((best >= config.least_answer).mean()))}
    figures[BOTH] |= _served(past, old, asked)
    return figures


def _by_time(rows: pd.DataFrame, given: bool) -> tuple[pd.DataFrame, pd.DataFrame]:
    if given:
        return rows[~rows["judged"]].reset_index(drop=True), rows[rows["judged"]]
    dated = rows.dropna(subset=["asked_at"])
    cut = dated["asked_at"].quantile(1 - _LATEST)
    return dated[dated["asked_at"] < cut].reset_index(drop=True), dated[dated["asked_at"] >= cut]


def _served(past: PastAnswers, old: pd.DataFrame, asked: list[str]) -> dict[str, Figure]:
    """Whether each answer is the cited line's, and how long one question takes."""
    lines = dict(zip(old["line"], old["answer"], strict=True))
    taken, held = [], []
    for question in asked[:_TIMED]:
        began = time.perf_counter()
        found = past.best(question)
        taken.append(time.perf_counter() - began)
        held.append(found is not None and found.answer == mask(str(lines[found.line])))
    p50, p99 = np.quantile(taken, [0.5, 0.99]) * 1000
    return {
        "grounded": Figure(float(np.mean(held))),
        "latency_p50_ms": Figure(float(p50)),
        "latency_p99_ms": Figure(float(p99)),
    }


def _protocol(rows: pd.DataFrame, config: AssistantConfig, given: bool) -> dict[str, Any]:
    judged = rows[rows["judged"]]
    split = "the questions of --data" if given else f"{HELD_OUT:.0%} of the products"
    past = "--train" if given else f"questions before the latest {_LATEST:.0%}, of all products"
    return {
        "split": f"{split}: {len(judged):,} questions about {judged['product'].nunique():,} "
        f"products; nothing is learnt from them, and the share of words ({WORDS_SHARE}) is fixed",
        "candidates": f"all {rows['answer'].nunique():,} distinct answers, none sampled; "
        "of_product: those given about the question's product",
        "relevant": "the question's own answer; equal answers are one",
        "answer from the past": f"past: {past}; judged: at most {_JUDGED} of the rest. answer_f1: "
        "stems shared by what would be shown and what was answered; shown: the similarity of the "
        f"questions is at least {config.least_answer}",
        "grounded": "share of answers equal to the cited line without personal data",
        "ties": "by expected value",
        "interval": "95% percentile bootstrap over products, 500 resamples",
    }
