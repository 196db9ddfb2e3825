"""What follows from a comparison: a decision, and the sentence that is recorded with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from shoplake.evaluate.intervals import Interval
from shoplake.evaluate.retraining.canary import Canary
from shoplake.evaluate.retraining.offline import Challenge
from shoplake.evaluate.retraining.settings import CanarySettings, OfflineSettings

#: Told beside the estimate that decides.
_BESIDE = ("IPS", "SNIPS")
Stage = Literal["trigger", "baselines", "offline", "canary"]
#: train: learn again; keep: the champion stays; hold: good enough to be compared with it;
#: canary: serves a share of people; wait: too early to say; promote; rollback: the canary ends.
Choice = Literal["train", "keep", "hold", "canary", "wait", "promote", "rollback"]


@dataclass(frozen=True)
class Decision:
    """A decision about one model version.

    Attributes:
        stage: what it came from.
        choice: what follows.
        reason: for the reader.
        metric: what was compared, with `value` and its interval; None where nothing was.
        share: of people that a canary serves; None: it is no canary.
    """

    stage: Stage
    choice: Choice
    reason: str
    metric: str | None = None
    value: Interval | None = None
    share: float | None = None


def after_offline(
    found: Challenge | None, limits: OfflineSettings, share: float, hurry: str | None
) -> Decision:
    """Whether a version that beats the baselines may be shown to anybody.

    Args:
        found: the comparison; None: no list was shown in the time that it has not learnt from.
        limits: how much the log must say.
        share: of people a canary would serve; 0: none, and the version is promoted at once.
        hurry: why the champion must go; None: it need not.
    """
    then: Choice = "canary" if share else "promote"
    served = share or None
    if hurry is not None:
        return Decision("offline", "promote", f"the champion must go: {hurry}")
    if found is None:
        reason = "no list on record that it has not learnt from"
        return Decision("offline", then, reason, share=served)
    said = _text("doubly robust, an impression", found.difference)
    others = [
        f"{name} {found.found[name][2].value:+.4f}" for name in _BESIDE if name in found.found
    ]
    said += "".join(f", {other}" for other in others)
    lists = f"{found.impressions:,} impressions of {found.lists:,} lists"
    if found.effective < limits.min_effective:
        reason = (
            f"{lists} say as much as {found.effective:.0f} of its own "
            f"(least {limits.min_effective:g}): too few to say"
        )
        return Decision("offline", then, reason, "reward", found.difference, served)
    if not found.explored:
        reason = (
            f"{lists}, in hardly any other order than the one they were shown in: "
            "they do not say what another order earns"
        )
        return Decision("offline", then, reason, share=served)
    if found.difference.high < 0:
        reason = f"it orders what was shown worse than the champion: {said}, from {lists}"
        return Decision("offline", "keep", reason, "reward", found.difference)
    reason = f"not worse than the champion in ordering what was shown: {said}, from {lists}"
    return Decision("offline", then, reason, "reward", found.difference, served)


def after_canary(found: Canary, limits: CanarySettings, began: datetime, now: datetime) -> Decision:
    """Whether the challenger takes over, goes, or stays a canary."""
    mine, theirs = found.lists
    age = (now - began) / timedelta(days=1)
    if found.difference is None or min(found.lists) < limits.min_lists:
        reason = (
            f"{mine:,} lists of its own and {theirs:,} of the champion's after {age:.0f} days "
            f"(least {limits.min_lists:,})"
        )
        if age < limits.days:
            return Decision("canary", "wait", reason)
        # A mean of a few lists decides nothing: the champion stays.
        return Decision("canary", "rollback", f"{reason}: too little to judge it by", "reward")
    lead = found.difference
    assert lead is not None
    said = f"{_text('a list', lead)}, from {mine:,} and {theirs:,} lists"
    if lead.low > 0:
        return Decision("canary", "promote", f"it earns more: {said}", "reward", lead)
    if lead.high < 0:
        return Decision("canary", "rollback", f"it earns less: {said}", "reward", lead)
    if age < limits.days:
        reason = f"no difference to speak of after {age:.0f} days: {said}"
        return Decision("canary", "wait", reason, "reward", lead)
    choice: Choice = "promote" if lead.value >= 0 else "rollback"
    reason = f"no difference to speak of in {limits.days:g} days, so the mean decides: {said}"
    return Decision("canary", choice, reason, "reward", lead)


def _text(unit: str, lead: Interval) -> str:
    return f"reward {lead.value:+.4f} [{lead.low:+.4f}, {lead.high:+.4f}] ({unit})"
