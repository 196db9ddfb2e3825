"""What the cases of `bench_chaos.py` have in common."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from chaos_shop import Shop, traces
from pyspark.sql.streaming import StreamingQuery

from shoplake.runtime.sql import query, tables

CASES: dict[str, Callable[[Shop], list[str]]] = {}
PATIENCE_S = 180


class SkippedError(Exception):
    """A case that this machine cannot have; says why."""


def case(function: Callable[[Shop], list[str]]) -> Callable[[Shop], list[str]]:
    """Make a function one of the cases; it returns what is wrong."""
    CASES[function.__name__] = function
    return function


def calm(shop: Shop) -> str:
    """The lake of an undisturbed batch, made once."""
    if not (shop.folder / "calm").exists():
        half = len(shop.lines) // 2
        data = shop.files("calm", shop.lines[:half], shop.lines[half:])
        for name, more in (("ingest", ("--data", str(data))), ("refine", ())):
            status, said = shop.step(name, "calm", "calm", *more)
            assert status == 0, said
    return "calm"


def failed(said: str, *words: str) -> list[str]:
    """What is wrong with an error: it is a stack trace, or does not say what it is about."""
    text = " ".join(said.split()).lower()
    missing = [f"the error does not say '{w}': {text[-400:]}" for w in words if w not in text]
    return traces(said) + missing


def finish(shop: Shop, lake: str, topic: str, like: str | None = None) -> list[str]:
    """Let the stream end in peace, then compare."""
    status, said = shop.step("stream", lake, topic, "--once")
    wrong = [f"in the end the stream ends with {status}: {said[-400:]}"] if status else []
    return wrong + traces(said) + shop.differences(like or calm(shop), lake)


def records(shop: Shop, lake: str | Path, state: str) -> int:
    settings = shop.settings(lake)
    if "governance.offsets" not in tables(settings):
        return 0
    sql = f"SELECT COALESCE(SUM(records), 0) AS n FROM governance.offsets WHERE state = '{state}'"
    return int(query(settings, sql)[0]["n"])


def planned(shop: Shop, lake: str | Path) -> int:
    return records(shop, lake, "planned")


def taken(shop: Shop, lake: str | Path) -> int:
    return records(shop, lake, "taken")


def reached(shop: Shop, lake: str | Path, number: int, streaming: StreamingQuery) -> bool:
    """Whether a stream has taken so many messages, or has ended."""
    return taken(shop, lake) >= number or not streaming.isActive
