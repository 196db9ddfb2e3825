"""The classifiers over the views of a message, and how near a message is to what was learnt."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shoplake.models.assistant.settings import AssistantConfig

Floats = NDArray[np.float64]
#: Version of how messages are read; models kept by another one are learnt anew.
READING = 2
#: Nearest utterances whose mean cosine says how near a message is.
_NEAREST = 3
_CHUNK = 512
#: What words, frozen vectors and a fine-tuned BERT weigh; chosen on splits by phrasing with other
#: seeds than those reported (docs/assistant.md).
_TWO = (0.25, 0.75)
_THREE = (0.1, 0.4, 0.5)
#: Words and vectors where there is Chinese, which MiniLM did not learn to read.
_CHINESE = (0.75, 0.25)
_HAN = re.compile("[\u4e00-\u9fff]")


@dataclass(frozen=True)
class Heads:
    """Fitted classifiers over the same classes.

    Attributes:
        classes: intents in order [C].
        words: TF-IDF of words and of characters, then logistic regression.
        meaning: logistic regression on vectors.
        tuned: a fine-tuned BERT, or None.
        learnt: vectors learnt from [n, width].
    """

    classes: NDArray[np.object_]
    words: Any
    meaning: Any
    tuned: Any
    learnt: NDArray[np.float32]

    def read(self, texts: Sequence[str], vectors: NDArray[np.float32]) -> tuple[Floats, Floats]:
        """Log-probabilities [n, C], the views weighed; and what tells known from unknown [n, 2].

        The latter are the largest log-probability by the untuned views, and the mean cosine to the
        nearest utterances learnt from: fine-tuning makes a model sure of everything.
        """
        words = self.words.predict_log_proba(list(texts))
        meaning = self.meaning.predict_log_proba(vectors)
        tuned = None if self.tuned is None else self.tuned.predict_log_proba(list(texts))
        frozen = joined(words, meaning)
        chinese = np.array([bool(_HAN.search(text)) for text in texts], dtype=bool)
        frozen[chinese] = _CHINESE[0] * words[chinese] + _CHINESE[1] * meaning[chinese]
        log = frozen.copy() if tuned is None else joined(words, meaning, tuned)
        log[chinese] = frozen[chinese]
        return log, np.column_stack([frozen.max(axis=1), self._nearness(vectors)])

    def _nearness(self, vectors: NDArray[np.float32]) -> Floats:
        count = min(_NEAREST, len(self.learnt))
        near = np.empty(len(vectors))
        for start in range(0, len(vectors), _CHUNK):
            part = slice(start, start + _CHUNK)
            cosine = vectors[part] @ self.learnt.T
            near[part] = np.partition(cosine, -count, axis=1)[:, -count:].mean(axis=1)
        return near


def joined(words: Floats, meaning: Floats, tuned: Floats | None = None) -> Floats:
    """Log-probabilities of the views [n, C], weighed."""
    if tuned is None:
        return _TWO[0] * words + _TWO[1] * meaning
    return _THREE[0] * words + _THREE[1] * meaning + _THREE[2] * tuned


def fit_heads(
    texts: list[str],
    labels: NDArray[np.object_],
    vectors: NDArray[np.float32],
    config: AssistantConfig,
) -> Heads:
    """Fit the classifiers.

    Args:
        texts: utterances [n].
        labels: their intents [n].
        vectors: their unit vectors [n, width].
        config: of the model.
    """
    names = labels.astype(str)
    meaning = _logistic(config.strength)
    meaning.fit(vectors, names)
    tuned = None
    if config.classifier == "finetuned" and len(texts) >= config.finetune.least:
        from shoplake.models.assistant.finetune import fit_tuned

        tuned = fit_tuned(texts, names.tolist(), config)
    view = word_view(config.strength)
    view.fit(texts, names)
    return Heads(meaning.classes_.astype(object), view, meaning, tuned, vectors)


def word_view(strength: float) -> Any:
    """TF-IDF of words (1-2) and of characters within words (2-4), then logistic regression."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_pipeline, make_union

    return make_pipeline(
        make_union(
            TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, dtype=np.float32),
            TfidfVectorizer(
                analyzer="char_wb",
                ngram_range=(2, 4),
                sublinear_tf=True,
                max_features=20_000,
                dtype=np.float32,
            ),
        ),
        _logistic(strength),
    )


def _logistic(strength: float) -> Any:
    """Every intent weighs the same, however many utterances it has."""
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=strength, max_iter=200, tol=1e-3, class_weight="balanced")
