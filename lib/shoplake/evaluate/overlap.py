"""How much of a written reference a text has: ROUGE-L and chrF.

Lin, "ROUGE: A package for automatic evaluation of summaries" (2004), the F1 of the longest common
subsequence of words. Popović, "chrF: character n-gram F-score" (WMT 2015): n to 6, recall twice as
heavy as precision, blanks left out.
"""

from __future__ import annotations

import re
from collections import Counter

import numpy as np

_ORDER, _BETA = 6, 2.0


def rouge_l(text: str, reference: str) -> float:
    """F1 of the longest common subsequence of words, in [0, 1]; lower case, marks left out."""
    words, wanted = (re.findall(r"\w+", t.lower()) for t in (text, reference))
    if not words or not wanted:
        return 0.0
    row = np.zeros(len(wanted) + 1, dtype=np.int64)
    for word in words:
        before = row.copy()
        for i, other in enumerate(wanted, start=1):
            row[i] = before[i - 1] + 1 if word == other else max(row[i - 1], before[i])
    common = int(row[-1])
    if not common:
        return 0.0
    precision, recall = common / len(words), common / len(wanted)
    return 2 * precision * recall / (precision + recall)


def chrf(text: str, reference: str) -> float:
    """Character n-gram F-score in [0, 1], averaged over the n that both texts have."""
    found, wanted = (re.sub(r"\s+", "", t) for t in (text, reference))
    precisions, recalls = [], []
    for n in range(1, _ORDER + 1):
        grams = [Counter(t[i : i + n] for i in range(len(t) - n + 1)) for t in (found, wanted)]
        if not grams[0] or not grams[1]:
            continue
        common = sum((grams[0] & grams[1]).values())
        precisions.append(common / sum(grams[0].values()))
        recalls.append(common / sum(grams[1].values()))
    precision = sum(precisions) / max(len(precisions), 1)
    recall = sum(recalls) / max(len(recalls), 1)
    weighed = _BETA**2 * precision + recall
    return (1 + _BETA**2) * precision * recall / weighed if weighed else 0.0
