"""The version in service, to be judged on the very holdout that a new version is judged on.

Where people were shown its lists in the held-out period, what they did follows these lists, and any
other version looks worse than it is (Chaney, Stewart &
Engelhardt, "How algorithmic confounding in recommendation systems increases homogeneity and
decreases utility", RecSys 2018). There the comparison is told and decides nothing; `step retrain`
compares by what was shown, with which likelihood, and by a canary.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from shoplake.errors import ModelError, SettingsError
from shoplake.models.artifact import LoadedTwoTower
from shoplake.models.recommenders.lake_model import LakeModel
from shoplake.models.tracking import Registry
from shoplake.runtime.console import say
from shoplake.serve.instant import instant

if TYPE_CHECKING:
    from shoplake.evaluate.recommender import Judgement
    from shoplake.governance.run import Run

FEEDBACK = "silver.feedback"


@dataclass(frozen=True)
class Champion:
    """A version in service, of any family.

    Attributes:
        version: its number.
        model: what was learned, before the cut of its own training set and so before any later one.
            Its scorer is of the new version's cut: a two-tower reads every item's text, another
            family puts items that it does not know last.
    """

    version: str
    model: LoadedTwoTower | LakeModel

    @property
    def name(self) -> str:
        """What results call it."""
        return f"champion v{self.version}"


def champion_to_beat(registry: Registry, version: str | None, step: str) -> Champion | None:
    """The champion, unless it is the version that is to be judged, or cannot or must not stay.

    One that learnt from people who have been erased is to go, so it keeps nobody out.

    Args:
        registry: of the shop's recommender.
        version: the one to be judged; None: it is not registered yet.
        step: for the line that says why there is no comparison.
    """
    now = registry.champion()
    if now in (None, version):
        return None
    if registry.erased(str(now)) is not None:
        say(step, f"the champion, version {now}, is not compared with: it is to be replaced")
        return None
    try:
        return Champion(str(now), registry.load(str(now)))
    except (ModelError, SettingsError) as error:
        say(step, f"[yellow]the champion, version {now}, cannot be compared with: {error}[/]")
        return None


def fairly(
    run: Run, judged: Judgement, champion: Champion | None, start: datetime, end: datetime
) -> Judgement:
    """The judgement, in which a champion keeps nobody out by what its own lists brought about.

    Args:
        run: to read silver.feedback with.
        judged: a new version beside the champion.
        champion: the version in service.
        start, end: of the held-out period.
    """
    if champion is None or not judged.verdict.keeps_champion:
        return judged
    from pyspark.sql import functions as F

    log = run.reader(run.versions([FEEDBACK]))(FEEDBACK)
    seen = log.where((F.col("kind") == "impression") & (F.col("model_version") == champion.version))
    at = F.col("occurred_at")
    if seen.where((at >= instant(start)) & (at < instant(end))).isEmpty():
        return judged
    return replace(judged, verdict=replace(judged.verdict, steered=True))
