"""Where alerts are sent: a log of JSON lines, or a webhook."""

from __future__ import annotations

import json
import os
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from shoplake.governance.monitor.alerts import Event, Send
from shoplake.governance.monitor.settings import ChannelSettings
from shoplake.runtime.settings import Settings

_TIMEOUT_SECONDS = 10


def channel(said: ChannelSettings, settings: Settings) -> tuple[str, Send] | None:
    """A channel's name and how to send to it; None for a webhook without an address.

    The name of a webhook is its variable's: the address may carry a secret and is written nowhere.
    """
    if said.kind == "log":
        path = Path(str(said.path).replace("{lake}", settings.lake))
        return f"log {said.path}", lambda events: _log(path, events)
    url = os.environ.get(str(said.url_env), "")
    if not url:
        return None
    return f"webhook {said.url_env}", lambda events: _post(url, said.format, events)


def _log(path: Path, events: Sequence[Event]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = "".join(json.dumps(e.as_dict(), ensure_ascii=False) + "\n" for e in events)
    with path.open("a", encoding="utf-8") as file:
        file.write(lines)


def _post(url: str, form: str, events: Sequence[Event]) -> None:
    """One request for all: a receiver takes all or none. URLError is an OSError."""
    if form == "slack":
        body: object = {"text": "\n".join(e.text() for e in events)}
    else:
        body = {"source": "shoplake", "events": [e.as_dict() for e in events]}
    request = urllib.request.Request(
        url, json.dumps(body).encode(), {"Content-Type": "application/json"}, method="POST"
    )
    with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS):
        pass
