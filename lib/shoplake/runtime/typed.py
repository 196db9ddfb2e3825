"""YAML into frozen dataclasses: an unknown key, a missing key or a wrong type is an error."""

from __future__ import annotations

import dataclasses
import difflib
import types
import typing
from pathlib import Path
from typing import Any, TypeVar

from shoplake.errors import SettingsError
from shoplake.runtime.strict_yaml import YamlError, read

T = TypeVar("T")


def load_yaml(path: Path | str, cls: type[T]) -> T:
    """Read one YAML file into the dataclass `cls`.

    Raises:
        SettingsError: the file is missing, no YAML, no mapping, has a key twice, or does not fit
            `cls`.
    """
    path = Path(path)
    if not path.is_file():
        raise SettingsError("settings file not found", where=str(path))
    try:
        _, data = read(path)
    except YamlError as error:
        raise SettingsError(error.message, where=f"{path}:{error.line}") from None
    return from_dict(cls, data if data is not None else {}, str(path))


def from_dict(cls: type[T], data: object, where: str) -> T:
    """Fill the dataclass `cls` from nested dicts; fields with defaults may be left out.

    Raises:
        SettingsError: `where` is named in it, with the path of the field.
    """
    if not isinstance(data, dict):
        raise SettingsError(f"expected a mapping, got {type(data).__name__}", where=where)
    hints = typing.get_type_hints(cls)
    fields = {f.name: f for f in dataclasses.fields(cls) if f.init}  # type: ignore[arg-type]
    for key in data:
        if key not in fields:
            near = difflib.get_close_matches(str(key), fields, n=1)
            raise SettingsError(
                f"unknown key '{key}'",
                where=where,
                remedy=f"did you mean '{near[0]}'?" if near else f"known: {', '.join(fields)}",
            )
    values: dict[str, Any] = {}
    for name, field in fields.items():
        if name in data:
            values[name] = _value(hints[name], data[name], f"{where}: {name}")
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            raise SettingsError(f"missing key '{name}'", where=where)
    return cls(**values)


def _value(hint: Any, value: Any, where: str) -> Any:
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        if value is None and type(None) in args:
            return None
        rest = [a for a in args if a is not type(None)]
        if len(rest) == 1:
            return _value(rest[0], value, where)
        for arm in rest:
            try:
                return _value(arm, value, where)
            except SettingsError:
                continue
        raise SettingsError(f"{value!r} fits none of {hint}", where=where)
    if dataclasses.is_dataclass(hint):
        return from_dict(hint, value, where)  # type: ignore[arg-type]
    if origin is typing.Literal:
        if value not in args:
            raise SettingsError(
                f"{value!r} is not one of {', '.join(map(repr, args))}", where=where
            )
        return value
    if origin in (list, tuple):
        if not isinstance(value, list | tuple):
            raise SettingsError(f"expected a list, got {type(value).__name__}", where=where)
        items = (
            [_value(args[0], v, f"{where}[{i}]") for i, v in enumerate(value)] if args else value
        )
        return tuple(items) if origin is tuple else list(items)
    if origin is dict:
        if not isinstance(value, dict):
            raise SettingsError(f"expected a mapping, got {type(value).__name__}", where=where)
        return {
            _value(args[0], k, where): _value(args[1], v, f"{where}.{k}") for k, v in value.items()
        }
    if hint is Any:
        return value
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, hint) or (hint in (int, float) and isinstance(value, bool)):
        raise SettingsError(
            f"expected {getattr(hint, '__name__', hint)}, got {value!r}", where=where
        )
    return value
