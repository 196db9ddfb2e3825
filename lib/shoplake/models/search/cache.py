"""Where fine-tuned encoders are kept: by a hash of everything they were made from."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

CACHE_ENV = "SHOPLAKE_CACHE"


def cache_folder() -> Path:
    """`$SHOPLAKE_CACHE`, or shoplake in the user's cache folder."""
    named = os.environ.get(CACHE_ENV)
    if named:
        return Path(named).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "shoplake"


def content_key(*parts: object) -> str:
    """20 hex digits that change when any part's `repr` does."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(repr(part).encode())
        digest.update(b"\0")
    return digest.hexdigest()[:20]
