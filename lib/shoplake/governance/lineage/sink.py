"""Where OpenLineage events go: a file of the lake, and an HTTP endpoint when one is named.

The environment variables are those of OpenLineage's own clients: OPENLINEAGE_URL,
OPENLINEAGE_ENDPOINT, OPENLINEAGE_API_KEY, OPENLINEAGE_NAMESPACE, OPENLINEAGE_DISABLED.
"""

from __future__ import annotations

import json
import os
import urllib.request
from pathlib import Path
from typing import Any

from shoplake.runtime.settings import Settings

FILE = Path("lineage") / "events.ndjson"
_TIMEOUT_SECONDS = 2.0


class EventSink:
    """Takes events; an endpoint that fails once is not asked again in the same run."""

    def __init__(self, settings: Settings) -> None:
        off = os.environ.get("OPENLINEAGE_DISABLED", "").lower() == "true"
        is_folder = settings.catalog is None and "://" not in settings.lake
        self.namespace = os.environ.get("OPENLINEAGE_NAMESPACE") or "shoplake"
        self._file = settings.root / FILE if is_folder and not off else None
        self._url = _endpoint() if not off else None

    def send(self, event: dict[str, Any]) -> None:
        """Append to the file (one line, one write) and post.

        Raises:
            OSError: the file cannot be written, or the endpoint does not answer with success.
            ValueError: OPENLINEAGE_URL is not one of HTTP.
        """
        body = json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()
        if self._file is not None:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with self._file.open("ab") as file:
                file.write(body + b"\n")
        url, self._url = self._url, None
        if url is None:
            return
        if not url.startswith(("http://", "https://")):
            raise ValueError("OPENLINEAGE_URL is not an http(s) URL")
        headers = {"Content-Type": "application/json"}
        if key := os.environ.get("OPENLINEAGE_API_KEY"):
            headers["Authorization"] = f"Bearer {key}"
        request = urllib.request.Request(url, body, headers)
        urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS).close()
        self._url = url


def _endpoint() -> str | None:
    base = os.environ.get("OPENLINEAGE_URL")
    if not base:
        return None
    path = os.environ.get("OPENLINEAGE_ENDPOINT") or "api/v1/lineage"
    return f"{base.rstrip('/')}/{path.lstrip('/')}"
