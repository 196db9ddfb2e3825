"""Decisions about model versions on record: governance.model_decisions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from shoplake.contracts.ddl import schema
from shoplake.evaluate.retraining.verdicts import Choice, Decision, Stage
from shoplake.governance.run import Run
from shoplake.runtime.console import say

TABLE = "governance.model_decisions"
_LOSSES = (("keep", True), ("keep", False), ("rollback", False))


@dataclass(frozen=True)
class DecisionBook:
    """The decisions about one registered model.

    Attributes:
        run: to read and write with.
        model: the registered model's name.
    """

    run: Run
    model: str

    def record(
        self,
        version: str,
        decision: Decision,
        as_of: datetime,
        against: str | None,
        learnt_until: datetime | None = None,
    ) -> None:
        """Write a decision down, before it is acted upon; once, however often it is called.

        Args:
            version: the model version that it is about.
            decision: what was decided.
            as_of: the shop's time: the end of the data that it was decided on.
            against: the champion at that time.
            learnt_until: end of the data that was there when the version was trained.
        """
        contract = self.run.contracts[TABLE]
        as_of, learnt_until = _utc(as_of), _utc(learnt_until) if learnt_until else None
        value = decision.value
        row = {
            "model_name": self.model,
            "model_version": version,
            "stage": decision.stage,
            "as_of": as_of,
            "decision": decision.choice,
            "against": against,
            "reason": decision.reason,
            "metric": decision.metric,
            "value": value.value if value else None,
            "low": value.low if value else None,
            "high": value.high if value else None,
            "learnt_until": learnt_until,
            "share": decision.share,
        }
        frame = self.run.lake.spark.createDataFrame(
            [tuple(row[column] for column in contract.column_names)], schema(contract)
        )
        self.run.build(TABLE, lambda _: frame, inputs=(), params=row)
        say(self.run.step, f"version {version}: {decision.choice}. {decision.reason}")

    def last(self, version: str, stage: Stage, choice: Choice | None = None) -> dict[str, Any]:
        """The newest decision about a version at a stage; {} if there is none."""
        where = {"model_name": self.model, "model_version": version, "stage": stage}
        rows = self.run.lake.rows(TABLE, where=where)
        rows = [r for r in rows if choice is None or r["decision"] == choice]
        return max(rows, key=lambda r: r["as_of"], default={})

    def share(self, version: str) -> float | None:
        """The share of people that a version is tried on; None: not on record."""
        share = self.last(version, "offline", "canary").get("share")
        return None if share is None else float(share)

    def learnt_until(self, version: str | None) -> datetime | None:
        """End of the data that was there when a version was trained; None: not on record."""
        found = self.last(version, "baselines").get("learnt_until") if version else None
        return found.replace(tzinfo=UTC) if found else None

    def lost(self, champion: str | None) -> datetime | None:
        """End of the data on which a new version last lost against a champion; None: none did."""
        where = {"model_name": self.model, "against": champion}
        rows = self.run.lake.rows(TABLE, where=where) if champion else []
        # A canary that ended without saying what was compared: its people were erased, say.
        lost = [r for r in rows if (r["decision"], r["metric"] is None) in _LOSSES]
        when = [r["as_of"] for r in lost]
        return max(when).replace(tzinfo=UTC) if when else None


def _utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
