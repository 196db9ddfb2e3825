from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import Browser, find_chromium
from pond import write_conf, write_lake

from shoplake.catalog.folder import put
from shoplake.catalog.site import site
from shoplake.runtime.settings import Settings, load


@pytest.fixture(scope="session")
def conf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_conf(tmp_path_factory.mktemp("conf"))


@pytest.fixture(scope="session")
def pond(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    lake = write_lake(tmp_path_factory.mktemp("lake") / "pond")
    return dataclasses.replace(load("local"), lake=str(lake))


@pytest.fixture(scope="session")
def files(pond: Settings, conf: Path) -> dict[str, str]:
    """The pond's site: text by path."""
    return site(pond, conf)


@pytest.fixture(scope="session")
def folder(files: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same on disk."""
    out = tmp_path_factory.mktemp("site") / "catalog"
    put(files, out)
    return out


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    program = find_chromium()
    if program is None:
        pytest.skip("no chromium on this machine: apt-get install chromium")
    started = Browser(program, tmp_path_factory.mktemp("profile"))
    yield started
    started.close()
