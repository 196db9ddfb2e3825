"""What maintenance does to a table, and what it leaves: conf/maintain.yml."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from shoplake.errors import SettingsError
from shoplake.runtime.settings import conf_dir
from shoplake.runtime.typed import load_yaml

#: Delta's own limit, and longer than any reader of a pinned version takes: a run may last 8 hours,
#: a killed training goes on after days.
LEAST_HOURS = 168


@dataclass(frozen=True)
class MaintainSettings:
    """When files are too many, and how long those that no table needs are kept.

    Attributes:
        small_mb: a file below this is small.
        target_mb: size of the files that compaction makes.
        small_files: a table is compacted when it could do with so many small files fewer.
        cluster: columns by which compaction sorts a table's rows (Z-order), by table.
        keep_hours: how long a file stays that the newest version of its table does not need.
        model_versions: the newest versions of a model whose training data stays readable, beside
            the champion's; null: all.
        snapshot_days: how far back, at most, that data can be read.
        log_commits: a checkpoint is written when a log has so many commits after its last one.
    """

    small_mb: int
    target_mb: int
    small_files: int
    keep_hours: int
    model_versions: int | None
    snapshot_days: int
    log_commits: int
    cluster: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        least = {"small_mb": 1, "target_mb": self.small_mb, "small_files": 1, "log_commits": 1}
        least |= {"model_versions": 1, "snapshot_days": 30, "keep_hours": 0}
        for name, lowest in least.items():
            value = getattr(self, name)
            if value is not None and value < lowest:
                raise SettingsError(
                    f"{name} is {value}", where="conf/maintain.yml", remedy=f"at least {lowest}"
                )


def load_maintain_settings(path: Path | None = None) -> MaintainSettings:
    """`conf/maintain.yml`, or another file.

    Raises:
        SettingsError: a key is unknown, missing, of a wrong type or out of range.
    """
    said = load_yaml(path or conf_dir() / "maintain.yml", MaintainSettings)
    if said.keep_hours < LEAST_HOURS:
        raise SettingsError(
            f"keep_hours is {said.keep_hours}: readers of a version that is a few days old would"
            " fail",
            where=str(path or "conf/maintain.yml"),
            remedy=f"at least {LEAST_HOURS}; `shoplake erase` and `shoplake retention` remove at"
            " once what must go at once",
        )
    return said
