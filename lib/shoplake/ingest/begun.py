"""The mapping that a batch was begun under: one that was cut off is finished under the same.

Some tables may hold the batch's rows already. Under another mapping a row that was held then could
be good now, or the other way round, and would be in both places or in none. So a copy of the
mapping's file lies in the lake from before a batch is planned.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from shoplake.errors import MappingError
from shoplake.ingest.mapping import load_mapping
from shoplake.ingest.mapping_model import Mapping
from shoplake.runtime.console import say
from shoplake.runtime.settings import Settings

FOLDER = "mappings"


def fingerprint(mapping: Mapping) -> str:
    """16 hex digits that change whenever the mapping's file does."""
    return hashlib.sha256(mapping.text.encode()).hexdigest()[:16]


def keep(settings: Settings, mapping: Mapping, name: str) -> None:
    """Put a copy of the mapping's file, as it was read, into the lake.

    Args:
        settings: of the lake.
        mapping: the mapping.
        name: of the copy; one of the same name is replaced.
    """
    path = _place(settings, name)
    if path.exists() and path.read_text(encoding="utf-8") == mapping.text:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.{os.getpid()}.new")
    new.write_text(mapping.text, encoding="utf-8")
    os.replace(new, path)


def kept(settings: Settings, mapping: Mapping, name: str, step: str) -> Mapping:
    """The mapping that `keep` put there; `mapping` itself where it says the same.

    A copy that is missing, as in lakes of before, or that this version of Shoplake cannot read any
    more is told of: then the batch is finished under `mapping`.
    """
    path = _place(settings, name)
    if not path.exists() or path.read_text(encoding="utf-8") == mapping.text:
        return mapping
    try:
        found = load_mapping(path)
    except MappingError as error:
        say(step, f"[yellow]the mapping of an unfinished batch is no more to be read:[/] {error}")
        return mapping
    say(step, f"{mapping.shop}: an unfinished batch is finished under the mapping it began with")
    return found


def _place(settings: Settings, name: str) -> Path:
    return settings.root / FOLDER / f"{name}.yml"
