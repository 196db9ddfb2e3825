"""A YAML document whose every clause knows its line, and collects what is wrong with it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

import yaml

from shoplake.contracts.clauses import Problem


def nearest(word: str, known: Iterable[str]) -> str:
    """What to tell someone who wrote `word` where one of `known` belongs."""
    known = list(known)
    close = difflib.get_close_matches(word, known, n=1)
    if not close:
        lower = {k.lower(): k for k in known}
        close = [lower[w] for w in difflib.get_close_matches(word.lower(), lower, n=1)]
    if close:
        return f"did you mean '{close[0]}'?"
    shown = ", ".join(known[:30]) + (", ..." if len(known) > 30 else "")
    return f"known: {shown}" if known else "there is none"


@dataclass
class Clause:
    """One node of the document; reading it as the wrong type reports a problem and gives None."""

    node: yaml.Node
    file: str
    path: str
    line: int
    problems: list[Problem]

    def problem(self, message: str) -> None:
        """Report what is wrong here and what to do about it."""
        self.problems.append(Problem(self.file, self.line, self.path or "(file)", message))

    @property
    def is_null(self) -> bool:
        """Whether the clause is YAML's null."""
        return self.node.tag == "tag:yaml.org,2002:null"

    def entries(self) -> dict[str, Clause]:
        """The clauses of a mapping by key; a key written twice is reported."""
        if not isinstance(self.node, yaml.MappingNode):
            self.problem(f"expected keys with values, got {self._kind()}")
            return {}
        found: dict[str, Clause] = {}
        for key, value in self.node.value:
            name = str(key.value)
            path = f"{self.path}.{name}" if self.path else name
            clause = Clause(value, self.file, path, key.start_mark.line + 1, self.problems)
            if name in found:
                clause.problem(
                    f"'{name}' is written twice, first on line {found[name].line}; keep one"
                )
            else:
                found[name] = clause
        return found

    def keys(self, known: tuple[str, ...], required: tuple[str, ...] = ()) -> dict[str, Clause]:
        """`entries`, where an unknown key and a missing one are reported."""
        entries = self.entries()
        for name, clause in entries.items():
            if name not in known:
                clause.problem(f"unknown key '{name}'; {nearest(name, known)}")
        if isinstance(self.node, yaml.MappingNode):
            for name in required:
                if name not in entries:
                    self.problem(f"'{name}' is missing; add it")
        return {name: clause for name, clause in entries.items() if name in known}

    def items(self) -> list[Clause]:
        """The clauses of a list."""
        if not isinstance(self.node, yaml.SequenceNode):
            self.problem(f"expected a list, got {self._kind()}; write [..]")
            return []
        return [
            Clause(n, self.file, f"{self.path}[{i}]", n.start_mark.line + 1, self.problems)
            for i, n in enumerate(self.node.value)
        ]

    def text(self) -> str | None:
        """A scalar as it is written, so that `on`, `1` and `0.10` stay what they are."""
        if isinstance(self.node, yaml.ScalarNode) and not self.is_null:
            return str(self.node.value)
        self.problem(f"expected text, got {self._kind()}")
        return None

    def texts(self) -> tuple[str, ...]:
        """A list of scalars."""
        found = [item.text() for item in self.items()]
        return tuple(t for t in found if t is not None)

    def boolean(self) -> bool:
        """true or false; False after a problem."""
        if self.node.tag != "tag:yaml.org,2002:bool":
            self.problem(f"expected true or false, got {self._kind()}")
            return False
        return bool(yaml.SafeLoader.bool_values[self.node.value.lower()])

    def whole(self, minimum: int, otherwise: int) -> int:
        """A whole number of at least `minimum`; `otherwise` after a problem."""
        if self.node.tag == "tag:yaml.org,2002:int" and self.node.value.isdecimal():
            value = int(self.node.value)
            if value >= minimum:
                return value
        self.problem(f"expected a whole number from {minimum}, got {self._kind()}")
        return otherwise

    def _kind(self) -> str:
        if isinstance(self.node, yaml.MappingNode):
            return "keys with values"
        if isinstance(self.node, yaml.SequenceNode):
            return "a list"
        return "nothing" if self.is_null else f"'{self.node.value}'"


def parse_yaml(text: str, file: str, problems: list[Problem]) -> Clause | None:
    """The document's root, or None after reporting why it is not YAML."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        problems.append(Problem(file, line, "(file)", f"not valid YAML: {error.problem}"))
        return None
    except yaml.YAMLError as error:
        problems.append(Problem(file, 1, "(file)", f"not valid YAML: {error}"))
        return None
    if root is None:
        problems.append(
            Problem(file, 1, "(file)", "the file is empty; see docs/bring-your-shop.md")
        )
        return None
    return Clause(root, file, "", 1, problems)
