"""How a shop wants its recommendations: how many, and what is left out."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from shoplake.errors import ShoplakeError
from shoplake.runtime.settings import conf_dir
from shoplake.runtime.typed import load_yaml


class ServeError(ShoplakeError):
    """Recommendations cannot be made from this model, catalogue or settings."""


@dataclass(frozen=True)
class ServeSettings:
    """What batch scoring recommends and what it must not.

    Attributes:
        k: recommendations a person.
        exclude_seen: leave out everything the person has bought.
        exclude_recent_days: leave out what the person has bought and last touched less than this
            many days ago (0: nothing); for shops where people buy again, but not at once.
        exclude_unavailable: leave out items that cannot be bought now.
        exclude_short_days: count as unavailable what gold.stock_plan expects to run out before it
            can be delivered again, if the plan is at most this many days old (0: nothing).
        history_length: H, the newest history items the model sees; `exclude_seen` and
            `exclude_recent_days` see as many as they need.
        fair_exposure: the share of the gap between the exposure of brands and what they are due
            that is closed, block by block (0: off); see `serve.fairness`.
        per_category: at most this many items of one category in a fallback list.
        session_items: the newest items of the last 24 hours that a live list looks at once more.
        session_weight: what they weigh in a live list against all of the history, 0 (off) to 1.
        people_block: people scored at once; with `item_block` it bounds memory.
        item_block: items scored at once.
    """

    k: int = 10
    exclude_seen: bool = False
    exclude_recent_days: int = 0
    exclude_unavailable: bool = True
    exclude_short_days: int = 0
    fair_exposure: float = 0.0
    history_length: int = 100
    per_category: int = 2
    session_items: int = 3
    session_weight: float = 0.5
    people_block: int = 512
    item_block: int = 4_096

    def __post_init__(self) -> None:
        positive = ("k", "history_length", "per_category", "people_block", "item_block")
        for name in (*positive, "session_items"):
            if getattr(self, name) < 1:
                raise ServeError(
                    f"{name} is {getattr(self, name)}",
                    where="serving settings",
                    remedy=f"set {name} to 1 or more",
                )
        for name in ("fair_exposure", "session_weight"):
            if not 0 <= getattr(self, name) <= 1:
                raise ServeError(
                    f"{name} is {getattr(self, name)}",
                    where="serving settings",
                    remedy="set it from 0 (off) to 1",
                )
        for name in ("exclude_recent_days", "exclude_short_days"):
            if getattr(self, name) < 0:
                raise ServeError(
                    f"{name} is {getattr(self, name)}",
                    where="serving settings",
                    remedy="set it to 0 (off) or a number of days",
                )

    @property
    def histories(self) -> int | None:
        """How many items of a person's history are read at least; None: all."""
        return None if self.exclude_seen else self.history_length


@dataclass(frozen=True)
class _File:
    k: int
    exclude_seen: bool
    exclude_recent_days: int
    exclude_unavailable: bool
    exclude_short_days: int
    fair_exposure: float
    per_category: int
    session_items: int
    session_weight: float


def load_serve_settings(history_length: int) -> ServeSettings:
    """`conf/serve.yml`, for histories of this length.

    Raises:
        SettingsError: a key is unknown, missing or of a wrong type.
        ServeError: a number is out of range.
    """
    said = load_yaml(conf_dir() / "serve.yml", _File)
    return ServeSettings(**asdict(said), history_length=history_length)
