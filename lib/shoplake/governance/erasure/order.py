"""An erasure under way: recorded before anything is removed, so that a killed one is completed.

The order holds what identifies the person, because their rows, from which it was read, go one
table at a time. It lies in `<lake>/erasures/open`, readable by its owner alone, is itself found by
`--verify`, and is removed when the certificate is written.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from shoplake.governance.erasure.values import Value


@dataclass(frozen=True)
class Subject:
    """One person, and all that identifies them.

    Attributes:
        ids: (shop, id) of every platform identity, linked ones included.
        keys: pseudonyms of the identities and of the person.
        values: what to remove from other people's rows and to search for.
        id_names: names of raw columns in which the shops gave the ids.
    """

    ids: tuple[tuple[str, str], ...]
    keys: tuple[str, ...]
    values: tuple[Value, ...]
    id_names: tuple[str, ...] = ()

    @property
    def searched(self) -> tuple[Value, ...]:
        """All values, ids and pseudonyms."""
        keys = [Value("key", key) for key in self.keys]
        own = {v.text for v in self.values}
        ids = [Value("id", text) for _, text in self.ids if text not in own]
        return (*self.values, *keys, *ids)


@dataclass
class Order:
    """What is to be erased, and what has been done so far.

    Attributes:
        request: id of the request; no part of it says whom it is about.
        requested_at: ISO 8601, UTC.
        digests: keyed one-way digests of the ids and pseudonyms, by which the person is kept from
            coming back.
        subject: whom.
        tables: what was done, by table.
        files: what was done to files outside tables.
        models: model versions that were marked, as `name version`.
        before: SHA-256 of the manifest of the lake before anything was removed.
    """

    request: str
    requested_at: str
    digests: tuple[str, ...]
    subject: Subject
    tables: dict[str, dict[str, int]] = field(default_factory=dict)
    files: dict[str, int] = field(default_factory=dict)
    models: list[str] | None = None
    before: str = ""

    def save(self, root: Path) -> None:
        """Write it in one rename."""
        path = self.path(root)
        path.parent.mkdir(parents=True, exist_ok=True)
        made = path.with_suffix(".tmp")
        descriptor = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(asdict(self), file, ensure_ascii=False)
            file.flush()
            os.fsync(file.fileno())
        made.replace(path)

    def path(self, root: Path) -> Path:
        """Where it lies in the lake at `root`."""
        return root / "erasures" / "open" / f"{self.request}.json"

    def close(self, root: Path) -> None:
        """Remove it: the certificate has been written."""
        self.path(root).unlink(missing_ok=True)

    def did(self, table: str, **counts: int) -> None:
        """Add to what was done to a table."""
        line = self.tables.setdefault(table, {})
        for name, count in counts.items():
            line[name] = line.get(name, 0) + count


def open_orders(root: Path) -> list[Order]:
    """The orders that were not completed."""
    found = sorted((root / "erasures" / "open").glob("*.json"))
    return [_order(json.loads(path.read_text())) for path in found]


def _order(said: dict[str, Any]) -> Order:
    subject = said.pop("subject")
    return Order(
        subject=Subject(
            ids=tuple((shop, text) for shop, text in subject["ids"]),
            keys=tuple(subject["keys"]),
            values=tuple(Value(**v) for v in subject["values"]),
            id_names=tuple(subject["id_names"]),
        ),
        **(said | {"digests": tuple(said["digests"])}),
    )
