"""The bundle once, and as each target deploys it."""

from __future__ import annotations

from typing import Any

import pytest
from databricks_bundle import ROOT, TARGETS, load, resolve


@pytest.fixture(scope="session")
def bundle() -> dict[str, Any]:
    return load(ROOT)


@pytest.fixture(scope="session", params=TARGETS)
def deployed(request: pytest.FixtureRequest, bundle: dict[str, Any]) -> dict[str, Any]:
    """The bundle as each target deploys it."""
    return resolve(bundle, request.param)
