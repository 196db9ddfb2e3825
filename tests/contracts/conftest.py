from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

BASE: dict[str, Any] = {
    "apiVersion": "v3.1.0",
    "kind": "DataContract",
    "id": "shoplake.silver.things",
    "name": "things",
    "version": "1.0.0",
    "status": "active",
    "schema": [
        {
            "name": "things",
            "physicalName": "silver.things",
            "description": "Things.",
            "properties": [
                {
                    "name": "id",
                    "logicalType": "string",
                    "physicalType": "string",
                    "required": True,
                    "primaryKey": True,
                },
                {"name": "size", "logicalType": "integer", "physicalType": "int"},
            ],
        }
    ],
}

Write = Callable[[Callable[[dict[str, Any]], None]], Path]


@pytest.fixture
def written(tmp_path: Path) -> Write:
    """Writes the base contract after a change to it."""

    def write(change: Callable[[dict[str, Any]], None]) -> Path:
        document = copy.deepcopy(BASE)
        change(document)
        path = tmp_path / "silver" / "things.yml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(yaml.safe_dump(document, sort_keys=False))
        return path

    return write
