"""Which versions of tables stay readable because a model learned from them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from shoplake.runtime.lake import Lake

_PARENTS = "governance.model_data"
_COLUMNS = ("model_name", "model_version", "table_name", "table_version")
#: Models of which no version is kept (`evaluate.ads_card`): nothing of theirs can be used again.
LEARNT_ANEW = frozenset({"ads"})


def parents(lake: Lake) -> list[dict[str, Any]]:
    """Every kept model version with a table and the version of it that it learned from."""
    return kept(lake.rows(_PARENTS, _COLUMNS))


def kept(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows of models of which versions are kept."""
    return [row for row in rows if row["model_name"] not in LEARNT_ANEW]


def pinned(
    learned: Iterable[Mapping[str, Any]], champions: Mapping[str, str], newest: int | None
) -> dict[str, set[int]]:
    """The versions to keep, by table.

    Args:
        learned: `parents`.
        champions: version in service by model. A model without one keeps all: that the registry
            names none does not prove that none is used.
        newest: so many versions of a model keep their data, beside the champion; None: all.
    """
    rows = list(learned)
    versions: dict[str, set[str]] = {}
    for row in rows:
        versions.setdefault(row["model_name"], set()).add(row["model_version"])
    stay = {
        (model, version)
        for model, known in versions.items()
        for version in _chosen(known, champions.get(model), newest)
    }
    found: dict[str, set[int]] = {}
    for row in rows:
        if (row["model_name"], row["model_version"]) in stay:
            found.setdefault(row["table_name"], set()).add(int(row["table_version"]))
    return found


def _chosen(known: set[str], champion: str | None, newest: int | None) -> set[str]:
    if champion is None or newest is None:
        return known
    return {champion, *sorted(known, key=int)[-newest:]}
