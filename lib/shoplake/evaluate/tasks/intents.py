"""What messages ask for: intents by unseen phrasing, unknown intents, and answers that hold."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from shoplake.evaluate.findings import Findings, recommended
from shoplake.evaluate.intents import Named, Told, label_figures, unknown_figures
from shoplake.evaluate.intents_grounding import answered
from shoplake.evaluate.mentions import RULES, mention_figures
from shoplake.evaluate.metrics import EvaluationError
from shoplake.evaluate.timing import timed
from shoplake.models.assistant.finetune import fit_tuned
from shoplake.models.assistant.heads import joined
from shoplake.models.assistant.intents import IntentModel, fit_intents, tempered
from shoplake.models.assistant.phrasing import phrasing_folds, phrasings
from shoplake.models.assistant.settings import (
    AssistantConfig,
    load_assistant,
    load_intents,
    load_shop_policies,
)
from shoplake.models.assistant.utterances import read_utterances
from shoplake.models.search.encoder import TextEncoder
from shoplake.serve.assistant.answering import Assistant
from shoplake.serve.assistant.opening import learnt_from

MAJORITY, WORDS, NEAREST, MEANING, LINEAR, TUNED, ALL, SHIPPED = (
    "majority",
    "TF-IDF + logistic",
    "nearest utterance, MiniLM",
    "MiniLM frozen + logistic",
    "words + MiniLM frozen",
    "MiniLM fine-tuned",
    "words + frozen + fine-tuned",
    "words + frozen, shipped phrases alone",
)
BASELINES = [MAJORITY, WORDS, NEAREST]
_FOLDS = 3
_SAMPLE = 300


@dataclass(frozen=True)
class _Part:
    """Utterances with their intents and phrasings."""

    texts: list[str]
    intents: NDArray[np.object_]
    group: NDArray[np.int64]
    vectors: NDArray[np.float32]

    def where(self, rows: NDArray[np.bool_]) -> _Part:
        kept = [text for text, keep in zip(self.texts, rows, strict=True) if keep]
        return _Part(kept, self.intents[rows], self.group[rows], self.vectors[rows])


def run(
    data: Path, train: Path | None, *, seed: int, settings: AssistantConfig | None = None
) -> Findings:
    """Judge on phrasings of `data` that nothing learnt from.

    Args:
        data: folder of utterances to judge on.
        train: folder to learn from; without it, the other phrasings of `data`.
        seed: of splits, folds and training.
        settings: of the assistant (default: conf/models/assistant.yml).

    Raises:
        SourceError: a folder has no utterances.
        EvaluationError: too few utterances or intents.
        ModelError: there is no base model.
    """
    config = replace(settings or load_assistant(), seed=seed)
    encoder = TextEncoder.load(config.base, max_tokens=config.max_tokens)
    seconds: dict[str, float] = {}
    with timed(seconds, "read and encode"):
        folds, said = _split(read_utterances(data), train, seed, encoder, data)
        shipped = _shipped(config, encoder)
    named: dict[str, list[Named]] = {}
    with timed(seconds, "known intents"):
        for learn, test in folds:
            for name, found in _named(learn, test, shipped, config, encoder).items():
                named.setdefault(name, []).append(found)
    truth = np.concatenate([test.intents for _, test in folds])
    group = np.concatenate([test.group for _, test in folds])
    joined_up = {name: Named.of(parts) for name, parts in named.items()}
    figures = label_figures(truth, joined_up, group, BASELINES, seed=seed)
    with timed(seconds, "unknown intents"):
        for name, row in _unknown(folds, config, encoder, seed).items():
            figures[name] |= row
    with timed(seconds, "answers"):
        used = ALL if config.classifier == "finetuned" else LINEAR
        figures[used] |= _answers(*folds[0], config, encoder, seed)
    with timed(seconds, "mentions"):
        learn, test = folds[0]
        figures |= mention_figures(learn.texts, test.texts, test.group, config, encoder, seed=seed)
    return Findings(
        task="intents",
        protocol=_protocol(folds, said),
        figures=figures,
        baselines=[*BASELINES, RULES],
        champion=recommended(figures, BASELINES, "macro_f1", used),
        main="macro_f1",
        notes=[
            f"{SHIPPED}: learnt from conf/assistant/intents.yml, not from this data",
            "the champion is the classifier of conf/models/assistant.yml; "
            f"{ALL} is `classifier: finetuned`",
        ],
        seconds=seconds,
    )


def _split(
    rows: pd.DataFrame, train: Path | None, seed: int, encoder: TextEncoder, data: Path
) -> tuple[list[tuple[_Part, _Part]], str]:
    if train is not None:
        learn = read_utterances(train)
        known = set(rows["utterance"].str.lower())
        learn = learn[~learn["utterance"].str.lower().isin(known)]
        rows = rows[rows["intent"].isin(set(learn["intent"]))]
        if not len(rows):
            raise EvaluationError("no intent is in both folders", where=f"{train}, {data}")
        said = "learnt from --train without the texts of --data"
        return [(_part(learn, encoder), _part(rows, encoder))], said
    whole = _part(rows, encoder)
    fold = phrasing_folds(whole.group, whole.intents.tolist(), _FOLDS, seed)
    if (fold >= 0).sum() < 20 or len(set(whole.intents)) < 2 * _FOLDS:
        raise EvaluationError("too few utterances or intents to judge on", where=str(data))
    parts = [(whole.where(fold != i), whole.where(fold == i)) for i in range(_FOLDS)]
    alone = len(set(whole.intents[fold < 0]))
    return parts, (
        f"{_FOLDS} folds of whole phrasings, each judged once by a model that learnt from the "
        f"others; {alone} intent(s) of a single phrasing are only learnt"
    )


def _part(rows: pd.DataFrame, encoder: TextEncoder) -> _Part:
    texts, intents = rows["utterance"].tolist(), rows["intent"].to_numpy(dtype=object)
    group = phrasings(texts, intents.tolist())
    return _Part(texts, intents, group, encoder.encode_kept(texts))


def _fitted(part: _Part, config: AssistantConfig, encoder: TextEncoder) -> IntentModel:
    return fit_intents(part.texts, part.intents.tolist(), config, encoder, groups=part.group)


def _shipped(config: AssistantConfig, encoder: TextEncoder) -> IntentModel:
    texts, intents = zip(*learnt_from(load_intents(), None), strict=True)
    return fit_intents(list(texts), list(intents), config, encoder)


def _named(
    learn: _Part, test: _Part, shipped: IntentModel, config: AssistantConfig, encoder: TextEncoder
) -> dict[str, Named]:
    model = _fitted(learn, config, encoder)
    tuned = model.heads.tuned or fit_tuned(learn.texts, learn.intents.tolist(), config)
    heads, classes = model.heads, model.heads.classes
    words = heads.words.predict_log_proba(test.texts)
    meaning = heads.meaning.predict_log_proba(test.vectors)
    fine = tuned.predict_log_proba(test.texts)
    temperature = model.accept.temperature

    def by(log: NDArray[np.float64], heat: float = 1.0) -> Named:
        calm = tempered(log, heat)
        return Named(classes[calm.argmax(axis=1)], np.exp(calm.max(axis=1)))

    names, counts = np.unique(learn.intents.astype(str), return_counts=True)
    often = np.full(len(test.texts), names[counts.argmax()], dtype=object)
    cosine = test.vectors @ learn.vectors.T
    near = np.clip(cosine.max(axis=1).astype(float), 0, 1)
    others = shipped.read(test.texts)
    return {
        MAJORITY: Named(often, np.full(len(often), counts.max() / counts.sum())),
        WORDS: by(words),
        NEAREST: Named(learn.intents[cosine.argmax(axis=1)], near),
        MEANING: by(meaning),
        LINEAR: by(joined(words, meaning), temperature),
        TUNED: by(fine),
        ALL: by(joined(words, meaning, fine), temperature),
        SHIPPED: Named(others.intents, others.confidence),
    }


def _unknown(
    folds: list[tuple[_Part, _Part]], config: AssistantConfig, encoder: TextEncoder, seed: int
) -> dict[str, Any]:
    """Each intent is left out once; its messages should be told from those of the others."""
    config = replace(config, classifier="linear")
    intents = np.unique(folds[0][0].intents.astype(str)).astype(object)
    order = np.random.default_rng(seed).permutation(intents)
    told: dict[str, list[Told]] = {WORDS: [], NEAREST: [], MEANING: [], LINEAR: []}
    groups = []
    for fold in range(_FOLDS):
        strange = order[fold::_FOLDS]
        learn, test = folds[fold % len(folds)]
        model = _fitted(learn.where(~np.isin(learn.intents, strange)), config, encoder)
        out = np.isin(test.intents, strange)
        sides = (test.where(~out), test.where(out))
        if not all(len(side.texts) for side in sides):
            continue
        scores: dict[str, list[NDArray[np.float64]]] = {name: [] for name in told}
        for side in sides:
            heads = model.heads
            _, parts = heads.read(side.texts, side.vectors)
            scores[WORDS].append(heads.words.predict_log_proba(side.texts).max(axis=1))
            scores[MEANING].append(heads.meaning.predict_log_proba(side.vectors).max(axis=1))
            scores[NEAREST].append(parts[:, 1])
            scores[LINEAR].append(model.accept.score(parts))
        for name, (known, foreign) in scores.items():
            told[name].append(Told(known, foreign, 0.0 if name == LINEAR else None))
        groups.append((sides[0].group, sides[1].group))
    return unknown_figures(told, groups, [WORDS, NEAREST], seed=seed) if groups else {}


def _answers(
    learn: _Part, test: _Part, config: AssistantConfig, encoder: TextEncoder, seed: int
) -> dict[str, Any]:
    """The whole assistant, learnt from the shipped phrases as well, before an example's rows."""
    clauses = load_intents()
    pairs = learnt_from(clauses, None)
    known = np.isin(learn.intents, list(clauses))
    mine = learn.where(known)
    texts = [text for text, _ in pairs] + mine.texts
    intents = [intent for _, intent in pairs] + mine.intents.tolist()
    model = fit_intents(texts, intents, config, encoder)
    assistant = Assistant(model, clauses, load_shop_policies(), config)
    drawn = np.random.default_rng(seed).permutation(len(test.texts))[:_SAMPLE]
    return answered(assistant, [test.texts[i] for i in drawn])


def _protocol(folds: list[tuple[_Part, _Part]], said: str) -> dict[str, Any]:
    learn = folds[0][0]
    test = [part for _, part in folds]
    return {
        "split": said,
        "learnt from": f"{len(learn.texts):,} utterances, {len(np.unique(learn.group)):,} phrasings"
        f", {len(set(learn.intents)):,} intents (first fold)",
        "judged": f"{sum(len(p.texts) for p in test):,} utterances, "
        f"{sum(len(np.unique(p.group)) for p in test):,} phrasings, "
        f"{len({i for p in test for i in p.intents}):,} intents",
        "phrasing": "utterances of an intent alike in what is left without words that many intents "
        "share (character n-grams, average linkage); templates do not straddle the split",
        "unknown": f"{_FOLDS} folds, each leaving a third of the intents out of the learning; "
        "known are messages of new phrasing. refused: taken for unknown at the model's threshold",
        "grounded": "share of answers with citations whose every number and quoted name stands in "
        "the rows cited, looked up anew; the example's shop and person are made up",
        "mentions": "messages of held-out phrasings and of a third of conf/assistant/mentions.yml, "
        "their slots filled with products of the built-in shop and numbers of other shapes than "
        "learnt; learnt with names of random words. A mention counts when kind and letters fit",
        "interval": "95% percentile bootstrap over phrasings, 500 resamples",
    }
