"""Small groups are not shown: a query about people answers only over k of them at least.

k-anonymity (Sweeney 2002, "k-anonymity: a model for protecting privacy") asked of every value of an
answer: a group is there when at least k people are in it, and an aggregate of a column when at
least k people of it have a value there; else it is null.

What this does not stop: the difference of two answers, each over k people, that differ by one.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce

from sqlglot import expressions as exp

from shoplake.governance.policies.decide import View
from shoplake.governance.policies.scope import Scope
from shoplake.governance.policies.shape import aggregates, argument, check, shown

#: The column of a view with a smallest group that tells its people apart.
PERSON = "__person"


def guard(select: exp.Select, views: Mapping[int, View]) -> None:
    """Make the SELECT show only groups of k people, when it reads a table that asks for it.

    Args:
        select: changed in place.
        views: the view of each table reference, by its id.

    Raises:
        PolicyError: it asks for something that groups cannot answer.
    """
    own = [t for t in select.find_all(exp.Table) if t.find_ancestor(exp.Select) is select]
    tables = [t for t in own if id(t) in views]
    if not any(views[id(t)].smallest_group for t in tables):
        return
    scope = Scope(select, {t.alias_or_name: views[id(t)] for t in tables})
    if len(scope.views) < len(own):
        raise scope.refusal("each table has a name of its own, and is one of the lake")
    _name_columns(select)
    check(scope)
    _never_fail(select)
    for e in shown(select):
        for aggregate in list(aggregates(e)):
            of = argument(aggregate)
            enough = _enough(scope, None if isinstance(of, exp.Star) else of)
            aggregate.replace(exp.Case().when(enough, aggregate.copy()))
    select.having(_enough(scope, None), copy=False)


def _name_columns(select: exp.Select) -> None:
    """Columns are called as they were asked for, not after what is put in."""
    for e in list(select.expressions):
        if not isinstance(e, exp.Alias):
            name = e.name if isinstance(e, exp.Column) else e.sql(dialect="databricks").lower()
            e.replace(exp.Alias(this=e.copy(), alias=exp.to_identifier(name, quoted=True)))


def _never_fail(select: exp.Select) -> None:
    """Division and casts become ones that give null where they would fail."""
    for e in shown(select):
        for division in list(e.find_all(exp.Div)):
            zero = exp.Literal.number(0)
            division.set("expression", exp.Nullif(this=division.expression.copy(), expression=zero))
        for cast in [c for c in e.find_all(exp.Cast) if not isinstance(c, exp.TryCast)]:
            cast.replace(exp.TryCast(this=cast.this.copy(), to=cast.to.copy(), safe=True))


def _enough(scope: Scope, given: exp.Expr | None) -> exp.Expr:
    """At least k people of every table about people, counting those with a value in `given`."""
    parts: list[exp.Expr] = []
    for alias in scope.people:
        person: exp.Expr = exp.column(PERSON, table=alias, quoted=True)
        if given is not None:
            there = exp.Not(this=exp.Is(this=given.copy(), expression=exp.Null()))
            person = exp.Case().when(there, person)
        count = exp.Count(this=exp.Distinct(expressions=[person]))
        parts.append(exp.GTE(this=count, expression=exp.Literal.number(scope.k)))
    return reduce(lambda a, b: exp.And(this=a, expression=b), parts)
