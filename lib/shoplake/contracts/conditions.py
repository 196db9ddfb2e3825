"""A row rule as one Spark SQL condition that is true where the rule holds.

Null never breaks a rule other than `not_null`: absence is that rule's matter alone. NaN breaks
every range, as it lies in none.
"""

from __future__ import annotations

from shoplake.contracts.model import Rule

#: Kinds that need other rows or another table and so have no row condition.
NOT_ROW_WISE = ("unique", "reference")


def holds(rule: Rule) -> str:
    """Spark SQL of the rule over the table's columns; never null.

    Raises:
        ValueError: the rule's kind looks at more than one row.
    """
    if rule.kind in NOT_ROW_WISE:
        raise ValueError(f"{rule.kind} is not a condition on one row")
    column = f"`{rule.columns[0]}`" if rule.columns else ""
    if rule.kind == "not_null":
        return f"{column} IS NOT NULL"
    if rule.kind == "range":
        bounds = []
        if rule.minimum is not None:
            bounds.append(f"{column} {'>' if rule.exclusive_minimum else '>='} {rule.minimum}")
        if rule.maximum is not None:
            # NaN is greater than any number in Spark, so an upper bound catches it.
            bounds.append(f"{column} <= {rule.maximum}")
        else:
            bounds.append(f"NOT (CAST({column} AS STRING) = 'NaN')")
        condition = " AND ".join(bounds)
    elif rule.kind == "length":
        bounds = []
        if rule.minimum is not None:
            bounds.append(f"length({column}) >= {rule.minimum}")
        if rule.maximum is not None:
            bounds.append(f"length({column}) <= {rule.maximum}")
        condition = " AND ".join(bounds)
    elif rule.kind == "pattern":
        condition = f"{column} RLIKE {_literal(f'^(?:{rule.pattern})$')}"
    elif rule.kind == "set":
        values = ", ".join(_literal(v) for v in rule.allowed)
        condition = f"CAST({column} AS STRING) IN ({values})"
    else:
        condition = f"({rule.condition})"
    return f"coalesce({condition}, true)"


def _literal(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
