"""One assistant as shipped, and one lake of two people, for all tests of the assistant."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from chat_lake import write_lake

from shoplake.runtime.settings import Settings
from shoplake.serve.assistant.answering import Answer, Assistant, Reading
from shoplake.serve.assistant.desk import Desk
from shoplake.serve.assistant.dialogue import State
from shoplake.serve.assistant.lake import Reader
from shoplake.serve.assistant.opening import open_assistant


@pytest.fixture(scope="session")
def cache_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("assistant-cache")


@pytest.fixture(autouse=True)
def cache(cache_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOPLAKE_CACHE", str(cache_folder))


@pytest.fixture(scope="session")
def assistant(cache_folder: Path) -> Assistant:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SHOPLAKE_CACHE", str(cache_folder))
        return open_assistant()


@pytest.fixture(scope="session")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return write_lake(tmp_path_factory.mktemp("chat"))


@pytest.fixture(scope="session")
def desks(lake: Settings, assistant: Assistant) -> Callable[[str | None], Desk]:
    known: dict[str | None, Desk] = {}

    def desk(subject: str | None) -> Desk:
        if subject not in known:
            known[subject] = Desk(Reader(lake), subject, assistant)
        return known[subject]

    return desk


@pytest.fixture(scope="session")
def ask(desks: Callable[[str | None], Desk]) -> Callable[..., Answer]:
    """Asks as a person or a guest (None), in a dialogue if a state is given."""

    def asked(subject: str | None, text: str | Reading, state: State | None = None) -> Answer:
        return desks(subject).ask(text, state)

    return asked
