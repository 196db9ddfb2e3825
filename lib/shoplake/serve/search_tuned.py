"""What a lake's search learnt: how much each part of a score counts, and whose vectors it uses."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from shoplake.errors import ModelError, ShoplakeError
from shoplake.models.search.encoder import TextEncoder
from shoplake.runtime.console import tell
from shoplake.runtime.settings import Settings
from shoplake.serve.search import WEIGHTS


@dataclass(frozen=True)
class Tuned:
    """What `step rank` decided on.

    Attributes:
        weights: of the parts of a score, by name.
        version: of the registered model `relevance`, whose vectors are used; None: those of the
            base in `conf/models/search.yml`.
        reasons: why, for the reader.
    """

    weights: Mapping[str, float] = field(default_factory=lambda: dict(WEIGHTS))
    version: str | None = None
    reasons: tuple[str, ...] = ()


def tuned_file(settings: Settings) -> Path:
    """Where a lake keeps it."""
    return settings.root / "models" / "search_weights.json"


def read_tuned(settings: Settings) -> Tuned:
    """The lake's own, or what is fixed; a part that the file does not name counts as fixed.

    Raises:
        ShoplakeError: the file cannot be read.
    """
    path = tuned_file(settings)
    if not path.is_file():
        return Tuned()
    try:
        said = json.loads(path.read_text())
        weights = {name: float(said["weights"].get(name, WEIGHTS[name])) for name in WEIGHTS}
        version = said.get("version")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ShoplakeError(
            f"the weights of search cannot be read: {error}",
            where=str(path),
            remedy="delete the file; `shoplake step rank` learns them again",
        ) from None
    return Tuned(weights, None if version is None else str(version))


def write_tuned(settings: Settings, tuned: Tuned) -> None:
    """Keep it for the command."""
    path = tuned_file(settings)
    path.parent.mkdir(parents=True, exist_ok=True)
    said = {"weights": dict(tuned.weights), "version": tuned.version, "reasons": tuned.reasons}
    new = path.with_suffix(".new")
    new.write_text(json.dumps(said, indent=2))
    new.replace(path)


def lake_encoder(settings: Settings, version: str | None) -> TextEncoder | None:
    """The vectors of a version of the registered model `relevance`; None without one.

    Raises:
        ModelError: there is no such version, or it has no vectors of texts.
    """
    if version is None:
        return None
    from shoplake.models.relevance.encoding import RankerEncoder
    from shoplake.models.relevance.tracking import RankerRegistry

    registry = RankerRegistry.of(settings)
    return RankerEncoder(registry.ranker(version), f"{registry.name} {version}")


def encoder_or_base(settings: Settings, version: str | None) -> TextEncoder | None:
    """`lake_encoder`; None, which is the base, where it cannot be read either: that is told."""
    try:
        return lake_encoder(settings, version)
    except ModelError as error:
        said = " ".join(str(error).split())
        tell("search", f"the base encoder is used, since the lake's own is not there: {said}")
        return None
