"""A new version on its way to service: compared on the log, tried on people, promoted or not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from pyspark.sql import functions as F

from shoplake.evaluate.retraining.canary import canary
from shoplake.evaluate.retraining.decisions import DecisionBook
from shoplake.evaluate.retraining.offline import Challenge, challenge, item_scores
from shoplake.evaluate.retraining.settings import RetrainSettings
from shoplake.evaluate.retraining.showings import as_arrays, shown
from shoplake.evaluate.retraining.verdicts import Decision, after_canary, after_offline
from shoplake.features.behaviour import Behaviour
from shoplake.features.histories import Cut, cut_table, history_arrays, seen, touched_items
from shoplake.features.training import item_snapshots
from shoplake.models.artifact import LoadedTwoTower
from shoplake.models.recommenders.lake_model import LakeModel
from shoplake.models.tracking import Registry
from shoplake.serve.catalogue import scorer_inputs
from shoplake.serve.histories import read_histories
from shoplake.serve.instant import instant

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_SEED = 0
#: Newest batches of lists that a comparison looks at.
_BATCHES = 10


@dataclass(frozen=True)
class Challenger:
    """A version that beats the baselines, and the one in service.

    Attributes:
        book: where decisions are recorded, each before it is acted upon.
        registry: where they are acted upon.
        said: conf/retrain.yml.
        version: the challenger.
        champion: the version in service.
    """

    book: DecisionBook
    registry: Registry
    said: RetrainSettings
    version: str
    champion: str

    def compare(
        self, behaviour: Behaviour, cut: datetime, history_length: int, erasure: str | None
    ) -> None:
        """Decide by what has been shown whether it may be shown itself.

        Args:
            behaviour: the newest interactions.
            cut: the version has learnt from what happened before it, and not from later.
            history_length: H of the models' histories.
            erasure: the request that makes the champion unfit to serve, if any.
        """
        # Without a log of what is shown nobody could ever say how a canary did.
        logs = self._logs(behaviour.as_of)
        found = self._log(behaviour, cut, history_length) if logs and not erasure else None
        hurry = f"it learnt from people who have been erased (request {erasure})"
        share = self.said.canary.share if logs else 0.0
        decision = after_offline(found, self.said.offline, share, hurry if erasure else None)
        self._act(decision, behaviour.as_of)

    def settle(self, behaviour: Behaviour) -> None:
        """Decide by what its own lists have earned whether it takes over."""
        began = self.book.last(self.version, "offline", "canary").get("as_of")
        if (erasure := self.registry.erased(self.version)) is not None:
            reason = f"it learnt from people who have been erased (request {erasure})"
            decision = Decision("canary", "rollback", reason)
        elif began is None:
            decision = Decision("canary", "rollback", "it is not on record since when it is tried")
        else:
            began = began.replace(tzinfo=UTC)
            rows = self._shown(began).toPandas()
            found = canary(pd.DataFrame(rows), self.version, self.champion, seed=_SEED)
            decision = after_canary(found, self.said.canary, began, behaviour.as_of)
        self._act(decision, behaviour.as_of)

    def _act(self, decision: Decision, as_of: datetime) -> None:
        self.book.record(self.version, decision, as_of, self.champion)
        if decision.choice == "promote":
            verdict = self.registry.verdict(self.version) or decision.reason
            self.registry.promote(self.version, True, verdict)
        elif decision.choice == "canary":
            self.registry.challenge(self.version)
        elif decision.choice == "rollback":
            self.registry.dismiss()

    def _logs(self, now: datetime) -> bool:
        """Whether lists are put on record these days, with the version that made them."""
        lake = self.book.run.lake
        if not lake.exists("silver.feedback"):
            return False
        lately = instant(now - timedelta(days=self.said.canary.days))
        rows = lake.read("silver.feedback").where("kind = 'impression'")
        told = F.col("model_version").isNotNull() & F.col("request_id").isNotNull()
        return not rows.where(told & (F.col("occurred_at") >= lately)).isEmpty()

    def _shown(self, since: datetime, *, placed: bool = False) -> DataFrame:
        feedback = self.book.run.lake.read("silver.feedback")
        return shown(feedback, self.said.reward, self.said.response_days, since, placed=placed)

    def _log(self, behaviour: Behaviour, cut: datetime, length: int) -> Challenge | None:
        """Both models' scores of what was shown since the cut, at the instant it was made for."""
        lake = self.book.run.lake
        if not lake.exists("gold.recommendations"):
            return None
        made = lake.read("gold.recommendations").select("as_of").distinct()
        batches = [r["as_of"] for r in made.where(F.col("as_of") >= instant(cut)).collect()]
        models = {"new": self.registry.load(self.version), "old": self.registry.load(self.champion)}
        parts = []
        later: datetime | None = None
        with lake.held(self._shown(cut, placed=True)) as rows:
            for at in sorted(batches, reverse=True)[:_BATCHES]:
                of_batch = rows.where(F.col("at") >= instant(at))
                if later is not None:
                    of_batch = of_batch.where(F.col("at") < instant(later))
                parts.append(self._scored(behaviour, of_batch, at, length, models))
                later = at
        scored = pd.concat(parts) if parts else pd.DataFrame()
        if scored.empty:
            return None
        scored = scored.sort_values(["request_id", "place", "item_index"], ignore_index=True)
        new, old = (scored[side].to_numpy(np.float64) for side in ("new", "old"))
        return challenge(as_arrays(scored), new, old, seed=_SEED)

    def _scored(
        self,
        behaviour: Behaviour,
        rows: DataFrame,
        at: datetime,
        length: int,
        models: dict[str, LoadedTwoTower | LakeModel],
    ) -> pd.DataFrame:
        """Impressions of one batch with item_index and both scores; of people with a history."""
        lake = self.book.run.lake
        items = lake.read("gold.item_features").where(F.col("as_of") == instant(at))
        index = items.select("product_id", "item_index")
        shown_now = pd.DataFrame(rows.join(F.broadcast(index), "product_id").toPandas())
        if shown_now.empty:
            return shown_now
        cuts = [Cut(0, at, at, "test")]
        mine = behaviour.interactions.join(
            rows.select("person_key").distinct(), "person_key", "left_semi"
        )
        past = touched_items(seen(mine, cut_table(lake.spark, cuts)), index)
        people = pd.DataFrame(past.select("person_key", *history_arrays(length)).toPandas())
        people = people.sort_values("person_key", ignore_index=True)
        place = pd.Series(people.index, index=people["person_key"])
        known = shown_now[shown_now["person_key"].isin(place.index)].reset_index(drop=True)
        if known.empty:
            return known
        inputs = scorer_inputs(items, item_snapshots(behaviour.interactions, index, cuts))
        histories = read_histories(people)
        who = known["person_key"].map(place).to_numpy(np.int64)
        for side, model in models.items():
            scorer = model.scorer(*inputs)
            known[side] = item_scores(scorer, histories, who, known["item_index"].to_numpy())
        return known
