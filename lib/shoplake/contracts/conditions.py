"""A row rule as one Spark SQL condition that is true where the rule holds.

Null never breaks a rule other than `not_null`: absence is that rule's matter alone. NaN breaks
every range, as it lies in none. Rows that `where` does not choose keep every rule.
"""

from __future__ import annotations

from shoplake.contracts.model import BATCH_KINDS, RELATION_KINDS, Contract, Rule

#: Kinds that need other rows or another table and so have no row condition.
NOT_ROW_WISE = RELATION_KINDS | BATCH_KINDS


def holds(rule: Rule, contract: Contract | None = None) -> str:
    """Spark SQL of the rule over the table's columns; never null.

    Args:
        rule: its condition is true for null, but for `not_null`.
        contract: with the column's type known, the condition is cheaper.

    Raises:
        ValueError: the rule's kind looks at more than one row.
    """
    if rule.kind in NOT_ROW_WISE:
        raise ValueError(f"{rule.kind} is not a condition on one row")
    if rule.kind == "not_null":
        condition = f"`{rule.columns[0]}` IS NOT NULL"
    else:
        kind = contract.column(rule.columns[0]).type if contract else None
        condition = f"coalesce({_condition(rule, kind)}, true)"
    return f"(NOT {chosen(rule)} OR {condition})" if rule.where else condition


def broken(rule: Rule, contract: Contract) -> str:
    """Spark SQL of whether a row breaks the rule; null where it says nothing.

    Raises:
        ValueError: the rule's kind looks at more than one row.
    """
    if rule.kind in NOT_ROW_WISE:
        raise ValueError(f"{rule.kind} is not a condition on one row")
    column = rule.columns[0]
    if rule.kind == "not_null":
        condition = f"`{column}` IS NULL"
    else:
        condition = f"NOT ({_condition(rule, contract.column(column).type)})"
    return f"(({rule.where}) AND {condition})" if rule.where else condition


def chosen(rule: Rule) -> str:
    """Spark SQL of whether the rule looks at a row; never null."""
    return f"coalesce(({rule.where}), false)" if rule.where else "true"


def _condition(rule: Rule, kind: str | None) -> str:
    column = f"`{rule.columns[0]}`"
    if rule.kind == "range":
        bounds = []
        if rule.minimum is not None:
            bounds.append(f"{column} {'>' if rule.exclusive_minimum else '>='} {rule.minimum}")
        if rule.maximum is not None:
            # NaN is greater than any number in Spark, so an upper bound catches it.
            bounds.append(f"{column} {'<' if rule.exclusive_maximum else '<='} {rule.maximum}")
        elif kind in (None, "float", "double"):
            is_nan = f"CAST({column} AS STRING) = 'NaN'" if kind is None else f"isnan({column})"
            bounds.append(f"NOT ({is_nan})")
        return " AND ".join(bounds)
    if rule.kind == "length":
        # Characters are counted one by one, bytes are known, and a character has one to four.
        bounds = []
        if rule.minimum is not None:
            sure = f"octet_length({column}) >= 4 * {rule.minimum}"
            bounds.append(f"({sure} OR length({column}) >= {rule.minimum})")
        if rule.maximum is not None:
            sure = f"octet_length({column}) <= {rule.maximum}"
            bounds.append(f"({sure} OR length({column}) <= {rule.maximum})")
        return " AND ".join(bounds)
    if rule.kind == "pattern":
        # Not ^ and $: in Java $ also matches before a line break at the end.
        return f"{column} RLIKE " + _literal(rf"\A(?:{rule.pattern})\z")
    if rule.kind == "set":
        values = list(map(_literal, rule.allowed))
        if kind is None:
            column = f"CAST({column} AS STRING)"
        elif kind != "string":
            # As the column's type: 1 is written 1.00 in a decimal(10,2), and 1.0 in a double.
            values = [f"CAST({value} AS {kind})" for value in values]
        return f"{column} IN ({', '.join(values)})"
    return f"({rule.condition})"


def _literal(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
