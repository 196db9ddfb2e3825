"""`conf/policies.yml`, read and checked against the contracts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from sqlglot import expressions as exp

from shoplake.contracts.book import ContractBook
from shoplake.contracts.clauses import Lines, Problem, dotted
from shoplake.contracts.expressions import check_condition, parsed
from shoplake.contracts.model import Contract
from shoplake.errors import PolicyError, SettingsError
from shoplake.governance.policies.decide import is_about_people, person_column, readable
from shoplake.governance.policies.masks import LARGEST_STEP, fits
from shoplake.governance.policies.model import Generalise, Mask, Partial, Policies, Role
from shoplake.runtime.lake import SCHEMAS
from shoplake.runtime.strict_yaml import YamlError, read
from shoplake.runtime.typed import from_dict

Found = Iterator[tuple[tuple[str | int, ...], str]]

_MASKS = (
    "a mask is show, hash, null, {partial: {first: n, last: n}}, "
    "{generalise: {to: day, month or year}} or {generalise: {step: n}}"
)


def check_policies(path: Path, book: ContractBook) -> tuple[Policies | None, list[Problem]]:
    """Read the file; every problem found is returned with its line, none is raised."""
    if not path.is_file():
        return None, [Problem(str(path), 1, "(file)", "there is no such file")]
    try:
        text, data = read(path)
    except YamlError as error:
        return None, [Problem(str(path), error.line, "(file)", error.message)]
    lines = Lines(text)
    try:
        policies = from_dict(Policies, data, "")
    except SettingsError as error:
        return None, [_typing_problem(path, lines, error)]
    return policies, [
        Problem(str(path), lines.of(at), dotted(at), message)
        for at, message in _problems(policies, book)
    ]


def load_policies(path: Path, book: ContractBook) -> Policies:
    """The policies of the file.

    Raises:
        PolicyError: listing every problem of the file.
    """
    policies, problems = check_policies(path, book)
    if policies is None or problems:
        raise PolicyError(
            f"{len(problems)} problem(s) in the policies",
            where="\n         ".join(map(str, problems)),
        )
    return policies


def _typing_problem(path: Path, lines: Lines, error: SettingsError) -> Problem:
    """A problem of form: the typed reader names the field, this finds its line."""
    steps = [s for s in re.split(r"[:.\s\[\]]+", error.where or "") if s]
    named = re.match(r"unknown key '(.+)'", error.what)
    at = tuple(int(s) if s.isdigit() else s for s in steps)
    what = _MASKS if "fits none of" in error.what else error.what
    remedy = f"; {error.remedy}" if error.remedy else ""
    line = lines.of((*at, named[1]) if named else at)
    return Problem(str(path), line, dotted(at), what + remedy)


def _problems(policies: Policies, book: ContractBook) -> Found:
    everywhere = {c for contract in book for c in contract.column_names}
    for part in ("persons", "records"):
        for i, column in enumerate(getattr(policies, part)):
            if column not in everywhere:
                yield (part, i), f"no contract has a column '{column}'"
    taken: dict[str, str] = {}
    for name, role in policies.roles.items():
        at = ("roles", name)
        if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
            yield at, "a role's name is in lower case: letters, digits and _"
        for i, group in enumerate(role.groups):
            if group in taken:
                yield (*at, "groups", i), f"group {group} has the role {taken[group]} already"
            taken[group] = name
        for i, entry in enumerate(role.read):
            if entry not in SCHEMAS and book.get(entry) is None:
                yield (*at, "read", i), f"no schema and no table with a contract: '{entry}'"
        if role.smallest_group is not None and (role.smallest_group < 2 or role.subject):
            yield (*at, "smallest_group"), "at least 2, and not for a role that reads as one person"
        for class_, mask in role.classes.items():
            yield from _mask_problems((*at, "classes", class_), mask)
        yield from _column_problems(role, (*at, "columns"), book)
        for table, condition in role.rows.items():
            for message in _condition_problems(role, table, condition, book):
                yield (*at, "rows", table), message
        if role.subject:
            for table in readable(policies, book, name):
                own = _reads_own_rows(role, policies, book[table])
                if is_about_people(book[table]) and not own:
                    yield (*at, "rows"), f"no row filter with :subject for {table}"


def _reads_own_rows(role: Role, policies: Policies, contract: Contract) -> bool:
    return ":subject" in role.rows.get(contract.table, "") and bool(
        person_column(policies, contract)
    )


def _mask_problems(at: tuple[str | int, ...], mask: Mask) -> Found:
    if isinstance(mask, Partial):
        ends = mask.partial
        if min(ends.first, ends.last) < 0 or ends.first + ends.last == 0:
            yield at, "partial keeps one character at least"
    if isinstance(mask, Generalise):
        to, step = mask.generalise.to, mask.generalise.step
        if (to is None) == (step is None):
            yield at, "generalise has either `to` or `step`"
        if step is not None and not 0 < step <= LARGEST_STEP:
            yield at, f"a step lies above 0 and is at most {LARGEST_STEP:g}"


def _column_problems(role: Role, at: tuple[str | int, ...], book: ContractBook) -> Found:
    for name, mask in role.columns.items():
        table, _, column = name.rpartition(".")
        contract = book.get(table)
        if contract is None or column not in contract.column_names:
            yield (*at, name), f"no contract has a column '{name}'"
            continue
        yield from _mask_problems((*at, name), mask)
        if not fits(mask, contract.column(column).type):
            yield (*at, name), f"this mask has no meaning for {contract.column(column).type}"


def _condition_problems(
    role: Role, table: str, condition: str, book: ContractBook
) -> Iterator[str]:
    contract = book.get(table)
    if contract is None:
        yield f"no table '{table}' with a contract"
        return
    try:
        check_condition(condition, {c.name: c.type for c in contract.columns})
    except ValueError as error:
        yield f"not an SQL condition: {error}"
        return
    tree = parsed(condition)
    for parameter in tree.find_all(exp.Placeholder):
        if parameter.name != "subject" or not role.subject:
            yield "only a role with `subject: true` has a parameter, and it is :subject"
    columns = set(contract.column_names)
    for other in tree.find_all(exp.Table):
        named = book.get(f"{other.db}.{other.name}")
        if named is None:
            yield f"no table '{other.sql()}' with a contract"
        else:
            columns |= set(named.column_names)
    for column in tree.find_all(exp.Column):
        if column.name not in columns:
            yield f"no column '{column.name}'"
