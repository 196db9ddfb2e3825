"""The protocol card of the search task: what its figures mean, said beside them."""

from __future__ import annotations

from shoplake.models.search.judgements import RELEVANT, Judgements

#: Share of the queries that retrieval is judged on when there is no folder to learn from.
HELD_OUT = 0.15

NOTES = (
    "a title that only the judged folder holds was judged for one of its queries: nothing here "
    "uses in which folder a title is, or how often it was judged",
    "leads in rmse and mae are the best baseline's error less the model's: positive is better",
    "grades: `recall`, `precision`, `f1` and `accuracy` are of the class relevant; retrieval's "
    "recall is `recall@10`",
)


def protocol(
    known: Judgements, asked: Judgements, graded: Judgements, dropped: int, *, folded: bool
) -> dict[str, str]:
    """The card.

    Args:
        known: judgements that were learnt from.
        asked: judgements that retrieval was judged on.
        graded: judgements that predicted grades were judged on.
        dropped: training queries left out because they are asked.
        folded: whether grades were predicted in folds.
    """
    rich = len({int(q) for q in asked.query[asked.relevance >= RELEVANT]})
    return {
        "split": (
            f"by query: learnt on {len(known.queries):,} queries ({len(known):,} judgements), "
            f"retrieval judged on {len(asked.queries):,} others; {dropped:,} queries that are in "
            "both folders were left out of the learning (compared in lower case)"
        ),
        "retrieval": (
            f"every query against all {len(asked.titles):,} distinct titles; relevant: grade "
            f"{RELEVANT} or more; what was not judged is irrelevant; mean over the {rich:,} "
            "queries with a relevant title"
        ),
        "ndcg@10": "gain = grade - 1; ideal: the query's own judged titles, best first",
        "recall@10": "of all relevant titles, also where there are more than ten",
        "relevance": (
            f"grades of {len(graded):,} judged pairs from titles alone, "
            + (
                "grouped 5-fold by query; each pair by trees that never saw its query, on vectors "
                "of encoders that never did either"
                if folded
                else "learnt on the training folder"
            )
        ),
        "choices": "trees by a held-out part of the learning queries; other settings fixed before",
        "ties": "neutral: expected value under random order of equal scores",
        "interval": "95% percentile bootstrap over queries; paired for differences",
    }
