"""What a dialogue remembers: ids only, of one person, for a few hours."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from shoplake.models.search.cache import cache_folder


@dataclass(frozen=True)
class State:
    """Where a dialogue stands. Ids are looked up anew behind the door at every turn.

    Attributes:
        order: id of the order last spoken of.
        product: id of the product last spoken of.
        intent: what was last asked for.
        turns: messages so far.
    """

    order: str | None = None
    product: str | None = None
    intent: str | None = None
    turns: int = 0


class Sessions:
    """Dialogues by name in files that only their owner can read, one folder a person and lake.

    The folder's name is a digest of lake and person, so that no name reaches another's file. A file
    holds no text and no person; it is forgotten after `hours`.
    """

    def __init__(self, lake: str, subject: str | None, hours: float) -> None:
        digest = hashlib.sha256(f"{lake}\0{subject or ''}".encode()).hexdigest()[:32]
        self._folder = cache_folder() / "sessions" / digest
        self._seconds = hours * 3600
        self.sweep()

    def load(self, name: str) -> State:
        """The dialogue of that name; a new one if there is none, or it cannot be read."""
        try:
            return State(**json.loads(self._file(name).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return State()

    def save(self, name: str, state: State) -> None:
        """Keep the dialogue."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        new = self._file(name).with_suffix(f".{os.getpid()}")
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(asdict(state), file)
        new.replace(self._file(name))

    def sweep(self) -> None:
        """Forget what is older than a dialogue lasts, of everybody."""
        for path in self._folder.parent.glob("*/*"):
            try:
                if time.time() - path.stat().st_mtime > self._seconds:
                    path.unlink()
            except OSError:  # Another process was quicker.
                continue

    def forget(self) -> None:
        """Remove every dialogue of this person."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _file(self, name: str) -> Path:
        return self._folder / (hashlib.sha256(name.encode()).hexdigest()[:32] + ".json")
