"""How well personal data is found in texts: precision and recall by kind, exact and overlapping."""

from __future__ import annotations

import pandas as pd

from shoplake.governance.personal import find

ANY = "(any)"
"""The kind of the row over all kinds."""
SPAN = ["text_id", "kind", "start", "end"]
COLUMNS = (
    "kind", "expected", "found", "exact", "met", "right", "precision", "recall",
    "exact_precision", "exact_recall",
)  # fmt: skip


def found_spans(texts: pd.DataFrame) -> pd.DataFrame:
    """What the detectors find: one row a span with `text_id`, kind, start, end.

    Args:
        texts: text_id and text, normalised.
    """
    rows = [
        (text_id, span.kind, span.start, span.end)
        for text_id, text in zip(texts["text_id"], texts["text"], strict=True)
        for span in find(text)
    ]
    return pd.DataFrame(rows, columns=SPAN)


def span_quality(truth: pd.DataFrame, found: pd.DataFrame) -> pd.DataFrame:
    """Precision and recall of found spans, for each kind and over all of them ("(any)").

    Exact: same kind, start and end. Overlapping: same kind and at least one character in common,
    which is what masking needs to break an identity; it is what `precision` and `recall` say. For
    "(any)" the kinds need not agree: masked under another name is masked.

    Args:
        truth: text_id, kind, start, end; one row a span.
        found: the same, of the texts of the truth and of texts without personal data.

    Returns:
        One row a kind: expected and found (spans), exact (in both), met (expected ones that a find
        overlaps), right (finds that overlap an expected one), and the four ratios; NaN for 0 / 0.
    """
    rows = [
        _quality(kind, truth[truth["kind"] == kind], found[found["kind"] == kind])
        for kind in sorted({*truth["kind"], *found["kind"]})
    ]
    return pd.DataFrame([*rows, _quality(ANY, truth, found)], columns=list(COLUMNS))


def _quality(kind: str, truth: pd.DataFrame, found: pd.DataFrame) -> tuple[object, ...]:
    truth, found = truth.drop_duplicates(SPAN), found.drop_duplicates(SPAN)
    exact = len(truth.merge(found, on=SPAN))
    pairs = truth.reset_index(names="t").merge(found.reset_index(names="f"), on="text_id")
    pairs = pairs[(pairs["start_x"] < pairs["end_y"]) & (pairs["start_y"] < pairs["end_x"])]
    met, right = pairs["t"].nunique(), pairs["f"].nunique()

    def ratio(part: int, whole: int) -> float:
        return part / whole if whole else float("nan")

    return (
        *(kind, len(truth), len(found), exact, met, right),
        *(ratio(right, len(found)), ratio(met, len(truth))),
        *(ratio(exact, len(found)), ratio(exact, len(truth))),
    )
