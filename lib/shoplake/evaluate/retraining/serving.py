"""Whom the champion and the challenger serve now, as was decided when the canary began."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shoplake.evaluate.retraining.decisions import DecisionBook
from shoplake.evaluate.retraining.settings import load_retrain_settings
from shoplake.serve.canary import Side, sides

if TYPE_CHECKING:
    from shoplake.governance.run import Run
    from shoplake.models.tracking import Registry


def serving(run: Run, registry: Registry) -> tuple[Side, ...]:
    """Who is served by whom.

    The share is the one that the canary began with, so that a person keeps their side: of a changed
    conf/retrain.yml, or of another file (`retrain --settings`), the next canary hears.

    Args:
        run: whose lake has the decisions.
        registry: of the models.
    """
    champion, challenger = registry.champion(), registry.challenger()
    if challenger is None:
        return sides(champion, None, 0.0)
    share = DecisionBook(run, registry.name).share(challenger)
    if share is None:
        # It began before that was kept.
        share = load_retrain_settings().canary.share
    return sides(champion, challenger, share)
