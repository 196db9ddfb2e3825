"""One row of a table of fine-tuned rankers: a method, maybe adapted first, trained and judged."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import cast

from shoplake.evaluate.tuning import MEAN, WORDS, Judged, Reranking
from shoplake.models.config import model_file
from shoplake.models.relevance.adaptation import prepared
from shoplake.models.relevance.artifact import load_ranker
from shoplake.models.relevance.reading import text_encoder
from shoplake.models.relevance.settings import SCRATCH, Method, RelevanceConfig, load_relevance
from shoplake.models.relevance.training import Finetuned, finetune

#: Rows that are no method: no outside weights, and what is adapted on texts first: `mlm+lora`.
OWN = "scratch"
#: Random weights learn at larger steps than pretrained ones.
_OWN_RATE = 0.001


def equal_settings(model: str, seed: int, steps: int | None) -> RelevanceConfig:
    """Settings that are the same for all rows: all pairs are learnt from, for the same steps.

    Args:
        model: conf/models/<model>.yml, or a file.
        seed: of weights and batches.
        steps: of fine-tuning and of adaptation; None: the settings'.
    """
    config = replace(load_relevance(model_file(model)), seed=seed, patience=0, validation=0.0)
    adapting = steps or config.adapt.steps or config.steps
    adapt = replace(config.adapt, steps=adapting)
    return replace(config, steps=steps or config.steps, adapt=adapt)


def unlearnt(ranking: Reranking, config: RelevanceConfig) -> dict[str, Judged]:
    """The baselines: the mean grade, BM25, and the base model untouched where there is one."""
    judged = {MEAN: ranking.mean(), WORDS: ranking.words()}
    if config.base != SCRATCH:
        encoder = text_encoder(config.base, max_tokens=config.max_tokens)
        judged["untouched"] = ranking.untouched(encoder)
    return judged


def tried(
    name: str,
    config: RelevanceConfig,
    pairs: Path,
    texts: list[str],
    ranking: Reranking,
    folder: Path,
) -> tuple[Finetuned, Judged]:
    """Train a row's ranker and judge it.

    Args:
        name: a method or `scratch`, behind a plus sign if it is adapted first: `mlm+lora`.
        config: settings; method and base are the name's.
        pairs: file of the pairs to learn from.
        texts: without labels, for adaptation and a tokenizer of its own.
        ranking: to judge it by.
        folder: for its files; made.
    """
    first, _, last = name.rpartition("+")
    plan = config if first else replace(config, adapt=replace(config.adapt, steps=0))
    if last == OWN:
        plan = replace(plan, base=SCRATCH, method="full")
        plan = replace(plan, learning_rates={**plan.learning_rates, "full": _OWN_RATE})
        plan = replace(plan, adapt=replace(plan.adapt, learning_rate=_OWN_RATE))
    else:
        plan = plan.by(cast(Method, last))
    folder.mkdir()
    plan = prepared(plan, texts, folder / "base")
    made = finetune(plan, str(pairs), str(folder), lambda _: None)
    ranker = load_ranker(Path(made.folder))
    return made, ranking.by(ranker.scores, ranker.graded)
