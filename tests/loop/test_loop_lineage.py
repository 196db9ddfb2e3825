"""Lineage of a lake that went through every step: from the shop's files to the model and back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from small_loop import Loop

from shoplake.cli import main
from shoplake.governance.lineage.store import edges


def nodes(tree: dict[str, Any]) -> Iterator[tuple[str, str | None]]:
    yield tree["node"]["table"], tree["node"]["column"]
    for branch in tree["branches"]:
        yield from nodes(branch)


def asked(loop: Loop, name: str, capsys: pytest.CaptureFixture[str]) -> dict[str, set[Any]]:
    main(["lineage", name, "--json", "--lake", loop.settings.lake])
    trees = json.loads(capsys.readouterr().out)
    return {direction: set(nodes(tree)) for direction, tree in trees.items()}


def test_a_model_version_comes_from_the_files_of_the_shop(
    loop: Loop, capsys: pytest.CaptureFixture[str]
) -> None:
    upstream = asked(loop, "model:two_tower/1", capsys)["upstream"]
    tables = {table for table, _ in upstream}
    assert {"feed:examples", "gold.training_examples", "silver.orders", "bronze.orders"} <= tables
    assert "files:builtin/orders/day=*/*.csv.gz" in tables


def test_a_column_of_a_file_reaches_the_model_and_the_recommendations(
    loop: Loop, capsys: pytest.CaptureFixture[str]
) -> None:
    downstream = asked(loop, "files:builtin/orders/day=*/*.csv.gz.ordered_at", capsys)["downstream"]
    assert ("silver.orders", "ordered_at") in downstream
    assert ("gold.interest", "interest") in downstream
    assert ("model:two_tower/1", None) in downstream
    assert ("gold.recommendations", "score") in downstream


def test_every_table_that_a_job_built_has_lineage(loop: Loop) -> None:
    known = {e.target_table for e in edges(loop.settings)}
    built = {
        f"{layer}.{path.name}"
        for layer in ("silver", "gold")
        for path in Path(loop.settings.lake, layer).iterdir()
    }
    assert built - known == set()
