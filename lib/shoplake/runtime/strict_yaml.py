"""YAML files read strictly: a key written twice, which YAML's parser would drop, is an error."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

#: The parser in C reads the same, five times as fast; a wheel of PyYAML may lack it.
_FAST: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class YamlError(ValueError):
    """A file is no YAML, or says one thing twice; `line` counts from 1."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(f"line {line}: {message}")
        self.line, self.message = line, message


class Loader(_FAST):  # type: ignore[misc]
    """Reads one document."""

    def get_single_node(self) -> yaml.Node | None:
        """The document's root, after a look for keys written twice."""
        root: yaml.Node | None = super().get_single_node()
        _refuse_twice(root, set())
        return root

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        """A node's value; `2020-13-45` is no date, and Python's error knows no line."""
        try:
            return super().construct_object(node, deep=deep)
        except (ValueError, OverflowError, KeyError, AttributeError) as error:
            raise yaml.constructor.ConstructorError(
                None, None, f"'{node.value}' is no value: {error}", node.start_mark
            ) from None


def _refuse_twice(node: yaml.Node | None, seen: set[int]) -> None:
    if id(node) in seen:  # An alias, perhaps of a node that it lies in.
        return
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _refuse_twice(item, seen)
    if not isinstance(node, yaml.MappingNode):
        return
    first: dict[tuple[str, str], int] = {}
    for key, value in node.value:
        name = (key.tag, str(key.value))
        if name in first:
            message = f"'{key.value}' is written twice, first on line {first[name]}; keep one"
            raise yaml.constructor.ConstructorError(None, None, message, key.start_mark)
        first[name] = key.start_mark.line + 1
        _refuse_twice(value, seen)


def parse(text: str) -> Any:
    """What a YAML text says.

    Raises:
        YamlError: it is none, or a key is written twice.
    """
    try:
        return yaml.load(text, Loader=Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        raise YamlError(mark.line + 1 if mark else 1, f"not valid YAML: {error.problem}") from None
    except yaml.YAMLError as error:
        raise YamlError(1, f"not valid YAML: {str(error).splitlines()[0]}") from None


def read(path: Path) -> tuple[str, Any]:
    """The text of a YAML file and what it says.

    Raises:
        YamlError: as `parse`, or the file is not UTF-8.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise YamlError(line, "not UTF-8; save it as UTF-8") from None
    return text, parse(text)
