"""What the monitor alerts on and whom it tells: conf/monitor.yml."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from shoplake.errors import SettingsError
from shoplake.runtime.settings import conf_dir
from shoplake.runtime.typed import load_yaml


@dataclass(frozen=True)
class ChannelSettings:
    """Where alerts go.

    Attributes:
        kind: `log` appends a JSON line to the file at `path`; `webhook` posts to the address in
            the environment variable `url_env`, and is passed over while that is not set.
        path: of `log`; `{lake}` is the lake's folder.
        url_env: of `webhook`.
        format: `json` is the event as it is, `slack` a text (Slack, Mattermost, Teams workflows).
    """

    kind: Literal["log", "webhook"]
    path: str | None = None
    url_env: str | None = None
    format: Literal["json", "slack"] = "json"


@dataclass(frozen=True)
class MonitorSettings:
    """Thresholds.

    Attributes:
        history_days: how far back a table's own past is looked at.
        min_batches: batches before a batch is compared with those before it.
        volume_z: modified z-score (Iglewicz and Hoaglin 1993) of an added batch's rows beyond
            which its size is odd.
        shrink: share of its rows that a rebuilt table may lose at once.
        held_share: share of a batch that may be held back.
        rule_share: breaks of a rule below this share of the rows judged are no news.
        channels: whom to tell.
    """

    history_days: int
    min_batches: int
    volume_z: float
    shrink: float
    held_share: float
    rule_share: float
    channels: tuple[ChannelSettings, ...]

    def __post_init__(self) -> None:
        for channel in self.channels:
            wanted = {"log": "path", "webhook": "url_env"}[channel.kind]
            if getattr(channel, wanted) is None:
                raise SettingsError(
                    f"a channel of kind {channel.kind} needs `{wanted}`", where="conf/monitor.yml"
                )


def load_monitor_settings(path: Path | None = None) -> MonitorSettings:
    """`conf/monitor.yml`, or another file.

    Raises:
        SettingsError: a key is unknown, missing or of a wrong type.
    """
    return load_yaml(path or conf_dir() / "monitor.yml", MonitorSettings)
