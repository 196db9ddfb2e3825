"""What the recommendations come from that Spark's plan does not show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shoplake.serve.catalogue import COLUMNS

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from shoplake.governance.run import Run

#: Columns of a table of lists that the model and the catalogue decide.
CHOSEN = ("rank", "product_id", "product_name", "score", "reason", "is_fallback")


def tell_parents(
    run: Run,
    model: str | None,
    items: DataFrame,
    popular: DataFrame,
    target: str = "gold.recommendations",
) -> None:
    """Record the lineage of what the workers' function holds.

    Args:
        run: of the step that makes `target`.
        model: name and version as `<name>/<version>`, None without a model.
        items: one `as_of` of gold.item_features.
        popular: of `fallback.recent_popularity`.
        target: the table of lists.
    """
    run.lineage.flows(
        target,
        CHOSEN,
        items.select(*COLUMNS, "text"),
        popular,
        sources={f"model:{model}": [None]} if model else {},
        name=model or "personal_frequency",
    )
