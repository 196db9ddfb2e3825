"""A contract as canonical JSON, and back: what a lake keeps of the contracts it was under."""

from __future__ import annotations

import dataclasses
import json
import types
import typing
from datetime import timedelta
from typing import Any

from shoplake.contracts.model import Contract
from shoplake.errors import ContractError


def to_json(contract: Contract) -> str:
    """The whole contract but the place of its file, keys sorted; durations are seconds."""
    return json.dumps(_plain(contract), sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def from_json(text: str) -> Contract:
    """The contract that `to_json` wrote, perhaps by another release.

    A clause this release does not know is left out, and one that the other release did not know
    has its default.

    Raises:
        ContractError: not the JSON of a contract.
    """
    try:
        made: Contract = _typed(Contract, json.loads(text))
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise ContractError(f"not a recorded contract: {error}", where=text[:200]) from None
    return made


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        compared = (f.name for f in dataclasses.fields(value) if f.compare)
        return {name: _plain(getattr(value, name)) for name in compared}
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, tuple | list):
        return [_plain(v) for v in value]
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    return value


def _typed(hint: Any, value: Any) -> Any:
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        if value is None:
            return None
        return _typed(next(a for a in args if a is not type(None)), value)
    if dataclasses.is_dataclass(hint):
        hints = typing.get_type_hints(hint)
        known = {f.name for f in dataclasses.fields(hint) if f.init}
        return hint(**{k: _typed(hints[k], v) for k, v in value.items() if k in known})  # type: ignore[operator]
    if origin is tuple:
        if args[-1] is Ellipsis:
            return tuple(_typed(args[0], v) for v in value)
        return tuple(_typed(a, v) for a, v in zip(args, value, strict=True))
    if hint is timedelta:
        return timedelta(seconds=value)
    return value
