"""Which queries about people groups can answer; all others are refused.

Each refusal closes a way round the smallest group: listing rows; an aggregate that shows one
value (`max`, `any_value`, `array_agg`); a condition inside an aggregate, which makes a group of one
within a group of many; a join on a condition, which counts one person many times; picking out a
person or a record by key; and whatever fails on some values only, as the error would tell of them.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import expressions as exp

from shoplake.governance.policies.scope import Scope, called

_COUNTS = (exp.Count, exp.ApproxDistinct)
_MEANS = (
    *(exp.Sum, exp.Avg, exp.Stddev, exp.StddevPop, exp.StddevSamp),
    *(exp.Variance, exp.VariancePop),
)
#: Clauses of a SELECT that it may have.
_CLAUSES = {"expressions", "from_", "joins", "where", "group", "having", "order", "limit", "offset"}
#: What may be done with aggregates and groups.
_SHOWN = (
    *(exp.Alias, exp.Identifier, exp.Literal, exp.Null, exp.Paren, exp.Boolean, exp.Ordered),
    *(exp.And, exp.Or, exp.Not, exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Is),
    *(exp.Between, exp.In, exp.Coalesce, exp.Neg, exp.Add, exp.Sub, exp.Mul, exp.Div),
    *(exp.Round, exp.Floor, exp.Ceil, exp.Abs, exp.Cast, exp.DataType),
)


def check(scope: Scope) -> None:
    """Refuse what is not an aggregate over groups.

    Raises:
        PolicyError: with the reason and the form such a query has.
    """
    select = scope.select
    for clause, value in select.args.items():
        if value and clause not in _CLAUSES:
            raise scope.refusal(f"no {clause.strip('_').upper()} beside them")
    joins = select.args.get("joins") or []
    if any(
        not isinstance(s.this, exp.Table) or not s.this.db for s in [select.args["from_"], *joins]
    ):
        raise scope.refusal("they are joined with tables of the lake only")
    if any(node is not select for node in select.find_all(exp.Query)):
        raise scope.refusal("no sub-queries beside them")
    group, where = select.args.get("group"), select.args.get("where")
    if group and any(v for k, v in group.args.items() if k != "expressions"):
        raise scope.refusal("GROUP BY has columns and expressions only")
    if not group and not any(list(aggregates(e)) for e in select.expressions):
        raise scope.refusal("this lists rows")
    _literal_times(select)
    scope.qualify()
    for join in joins:
        _check_join(scope, join)
    for row in [*(group.expressions if group else []), *([where.this] if where else [])]:
        scope.kind(row)
        for column in row.find_all(exp.Column):
            _check_column(scope, column)
    for e in shown(select):
        _check_shown(scope, e, list(group.expressions) if group else [])


def shown(select: exp.Select) -> list[exp.Expr]:
    """The expressions whose values an answer shows, or that choose among its groups."""
    having, order = select.args.get("having"), select.args.get("order")
    return [
        *select.expressions,
        *([having.this] if having else []),
        *(order.expressions if order else []),
    ]


def aggregates(e: exp.Expr) -> Iterator[exp.Expr]:
    """Its aggregates."""
    return e.find_all(exp.AggFunc)


def argument(aggregate: exp.Expr) -> exp.Expr | None:
    """What it is of; None when that is not one thing."""
    inner = aggregate.this
    if isinstance(inner, exp.Distinct):
        return inner.expressions[0] if len(inner.expressions) == 1 else None
    return None if aggregate.expressions else inner


def _literal_times(select: exp.Select) -> None:
    """`DATE '2011-01-01'` as the text it is of: compared with a time it means the same."""
    where = select.args.get("where")
    for cast in list(where.find_all(exp.Cast)) if where else []:
        if isinstance(cast.this, exp.Literal) and cast.this.is_string:
            cast.replace(cast.this.copy())


def _check_join(scope: Scope, join: exp.Join) -> None:
    if join.method or join.kind not in ("", "INNER", "OUTER") or join.args.get("using"):
        raise scope.refusal("they are joined with JOIN ... ON")
    on = join.args.get("on")
    for condition in on.flatten() if isinstance(on, exp.And) else [on]:
        sides = [
            s
            for s in ([condition.left, condition.right] if isinstance(condition, exp.EQ) else [])
            if isinstance(s, exp.Column)
        ]
        if len(sides) != 2:
            raise scope.refusal("joins compare columns with = only")
        owners = [scope.owner(s) for s in sides]
        types = {
            scope.views[o].contract.column(s.name).type for o, s in zip(owners, sides, strict=True)
        }
        if owners[0] == owners[1] or len(types) > 1:
            raise scope.refusal("joins compare columns of two tables, of one type")


def _check_column(scope: Scope, column: exp.Column) -> None:
    if column.name in scope.views[scope.owner(column)].counted_only:
        raise scope.refusal(
            f"{column.name} picks out people or records; it may be counted and joined only"
        )


def _check_shown(scope: Scope, e: exp.Expr, groups: list[exp.Expr]) -> None:
    known = {g.unnest() for g in groups}
    names = {x.alias for x in scope.select.expressions if isinstance(x, exp.Alias)}
    done: set[int] = set()
    for node in e.walk():
        if id(node) in done:
            continue
        is_alias = isinstance(node, exp.Column) and not node.table and node.name in names
        if isinstance(node, exp.AggFunc):
            _check_aggregate(scope, node)
        if isinstance(node, exp.AggFunc) or node in known or is_alias:
            done |= {id(n) for n in node.walk()}
        elif not isinstance(node, _SHOWN):
            raise scope.refusal(f"{called(node)} is neither an aggregate nor a group")


def _check_aggregate(scope: Scope, aggregate: exp.Expr) -> None:
    if not isinstance(aggregate, (*_COUNTS, *_MEANS)):
        raise scope.refusal(f"{called(aggregate)} can show one person's value")
    of = argument(aggregate)
    if isinstance(of, exp.Star) and isinstance(aggregate, exp.Count):
        return
    if not isinstance(of, exp.Column):
        raise scope.refusal("an aggregate is of one column, without conditions")
    kind = scope.kind(of)
    if isinstance(aggregate, _MEANS):
        _check_column(scope, of)
        if kind != "number":
            raise scope.refusal(f"{called(of)} is not a number")
