"""How well a probability of interest separates and how far it can be taken at its word."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import log_loss, precision_recall_fscore_support, roc_auc_score

from shoplake.evaluate.metrics import EvaluationError


def classification_metrics(
    positive: NDArray[np.bool_],
    probability: NDArray[np.float64],
    *,
    threshold: float = 0.5,
    bins: int = 15,
) -> dict[str, float]:
    """Accuracy, precision, recall, f1, auc, log_loss, brier and ece.

    AUC counts a tie between a positive and a negative as half, so a constant model has 0.5; it is
    NaN when only one class is present. Precision without a positive prediction, and recall without
    a positive, are 0.

    Args:
        positive: [n] what happened.
        probability: [n] in [0, 1].
        threshold: predicted positive from this probability on.
        bins: equal-width bins of the calibration error.

    Raises:
        EvaluationError: nothing to score, or a probability outside [0, 1].
    """
    if not len(positive):
        raise EvaluationError("there are no examples to score", remedy="check the test split")
    bad = np.flatnonzero(~((probability >= 0) & (probability <= 1)))
    if bad.size:
        raise EvaluationError(
            f"{bad.size:,} probabilities are not within 0 and 1",
            where=f"first at row {bad[0]:,}: {probability[bad[0]]}",
            remedy="pass probabilities, not logits",
        )
    predicted = probability >= threshold
    precision, recall, f1, _ = precision_recall_fscore_support(
        positive, predicted, average="binary", zero_division=0
    )
    one_class = positive.all() or not positive.any()
    return {
        "accuracy": float((predicted == positive).mean()),
        "precision": float(precision),
        "recall": float(recall),
        "f1": float(f1),
        "auc": float("nan") if one_class else float(roc_auc_score(positive, probability)),
        "log_loss": float(log_loss(positive, probability, labels=[False, True])),
        "brier": float(((probability - positive) ** 2).mean()),
        "ece": expected_calibration_error(positive, probability, bins),
    }


def expected_calibration_error(
    positive: NDArray[np.bool_], probability: NDArray[np.float64], bins: int = 15
) -> float:
    """Mean gap between what was said and what happened, over equal-width bins, weighted by size.

    Guo et al., "On calibration of modern neural networks", ICML 2017.
    """
    bin_of = np.minimum((probability * bins).astype(np.int64), bins - 1)
    gap = np.bincount(bin_of, probability - positive, minlength=bins)
    return float(np.abs(gap).sum() / len(positive))
