"""All row rules of a contract as one bit mask a row, decoded only for rows that break one.

A mask costs a few additions a row; an array of reasons costs six times as much (measured in
tests/bench), so reasons are built only where a row is held.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from shoplake.contracts.conditions import NOT_ROW_WISE
from shoplake.contracts.conditions import broken as broken_sql
from shoplake.contracts.expressions import columns_of
from shoplake.contracts.model import BATCH_KINDS, MASKED, RELATION_KINDS, Contract, Rule
from shoplake.governance.relations import Reader, flag

#: Rules a mask holds; a second mask column follows after so many.
BITS = 62
CAST_FAILURES = "_cast_failures"
#: Kinds of rules beside other rows that are judged before and after the others.
_TURNS = {"unique": 0, "group": 2}
DUPLICATE_OF = "_duplicate_of"


def mask_name(index: int) -> str:
    """The column that holds the bit of the rule at `index`."""
    return f"_broken_{index // BITS}"


def row_rules(contract: Contract) -> tuple[Rule, ...]:
    """The rules that judge rows, in the order of their bits."""
    return tuple(r for r in contract.rules if r.kind not in BATCH_KINDS)


def judge(candidate: DataFrame, contract: Contract, read: Reader) -> DataFrame:
    """`candidate` with its mask columns: bit i of the masks is set where rule i is broken.

    Args:
        candidate: the contract's columns and possibly `_cast_failures` and `_duplicate_of`.
        contract: its row rules are numbered in their order.
        read: table name to DataFrame, None where it does not exist; asked for referenced tables.

    Returns:
        The rows of `candidate`, each exactly once, with `_broken_<n>: bigint` columns.
        Duplicates (`_duplicate_of` set) are not judged: their masks are 0.
    """
    marked = DUPLICATE_OF in candidate.columns
    alive = F.col(DUPLICATE_OF).isNull() if marked else F.lit(True)
    rules = row_rules(contract)
    related = [i for i, rule in enumerate(rules) if rule.kind in RELATION_KINDS]
    own = {
        i: F.expr(broken_sql(rule, contract)) for i, rule in enumerate(rules) if i not in related
    }
    # Once, for the masks and for whether a row may take a key.
    df = candidate.select(*candidate.columns, *_masks(own, len(rules), alive, marked))
    if not related:
        return df
    # A row that is held for what it says itself takes its key from no other.
    keyed = alive & ~_breaks(rules, own, ("quarantine",))
    if CAST_FAILURES in df.columns:
        keyed = keyed & ~F.coalesce(F.size(CAST_FAILURES) > 0, F.lit(False))
    # Rules over the same columns follow each other, so that they share a shuffle. Groups come last:
    # "at least 50 people" counts those who enter the table, and nobody whom another rule holds.
    entering = keyed
    for i in sorted(related, key=lambda i: (_TURNS.get(rules[i].kind, 1), rules[i].per)):
        kind, name = rules[i].kind, f"_rule_{i}"
        counts = {"unique": keyed, "group": entering}.get(kind, alive)
        df = flag(df, rules[i], name, counts, contract.table, read)
        if kind != "group" and rules[i].on_breach == "quarantine":
            entering = entering & ~F.col(name)
    flagged = {i: F.col(f"_rule_{i}") for i in related}
    both = [
        F.col(mask_name(n * BITS)).bitwiseOR(mask).alias(mask_name(n * BITS))
        for n, mask in enumerate(_masks(flagged, len(rules), alive, marked))
    ]
    return df.select(*candidate.columns, *both)


def _masks(
    broken: Mapping[int, Column], rules: int, alive: Column, marked: bool
) -> Iterator[Column]:
    """The mask columns of so many rules, with the bits of these; 0 for what is not alive."""
    zero = F.lit(0).cast("bigint")
    for start in range(0, max(rules, 1), BITS):
        bits = [
            # Where the rule says nothing the row is sound: null takes the same way as false.
            F.when(broken[i], F.lit(1 << (i - start)).cast("bigint")).otherwise(zero)
            for i in range(start, min(start + BITS, rules))
            if i in broken
        ]
        mask = reduce(lambda a, b: a.bitwiseOR(b), bits) if bits else zero
        mask = F.when(alive, mask).otherwise(zero) if marked and bits else mask
        yield mask.alias(mask_name(start))


def held_alone(
    contract: Contract, known: Collection[str] | None = None, *, skip: Collection[str] = ()
) -> Column:
    """Whether a row breaks a rule about one row for which it will be held; never null.

    Args:
        contract: of the table.
        known: columns that the row has already: rules that look at others are passed over. Default:
            all.
        skip: kinds of rules that are passed over.
    """
    tests = [
        F.coalesce(F.expr(broken_sql(rule, contract)), F.lit(False))
        for rule in contract.rules
        if rule.on_breach == "quarantine"
        and rule.kind not in NOT_ROW_WISE
        and rule.kind not in skip
        and (known is None or _looks_at(rule, contract) <= {*known})
    ]
    return reduce(lambda a, b: a | b, tests, F.lit(False))


def _looks_at(rule: Rule, contract: Contract) -> set[str]:
    where = columns_of(rule.where, contract.column_names) if rule.where else ()
    return {*rule.columns, *where}


def suspected(rows: DataFrame, contract: Contract, rules: Sequence[Rule]) -> DataFrame:
    """The rows, not yet judged, that break one of these rules about one row or have a failed cast.

    So that a second pass need not judge every row by every rule.
    """
    tests = [F.expr(broken_sql(rule, contract)) for rule in rules]
    if CAST_FAILURES in rows.columns:
        tests.append(F.coalesce(F.size(CAST_FAILURES) > 0, F.lit(False)))
    return rows.where(reduce(lambda a, b: a | b, tests, F.lit(False)))


def breaks(contract: Contract, *, having: tuple[str, ...]) -> Column:
    """Whether a judged row breaks a rule whose `on_breach` is one of `having`, or a cast failed."""
    rules = row_rules(contract)
    return _breaks(rules, range(len(rules)), having)


def _breaks(rules: Sequence[Rule], among: Iterable[int], having: tuple[str, ...]) -> Column:
    masks: dict[int, int] = {}
    for index in among:
        if rules[index].on_breach in having:
            masks[index // BITS] = masks.get(index // BITS, 0) | (1 << (index % BITS))
    tests = [
        F.col(mask_name(n * BITS)).bitwiseAND(F.lit(bits).cast("bigint")) != 0
        for n, bits in masks.items()
    ]
    return reduce(lambda a, b: a | b, tests, F.lit(False))


def rule_broken(index: int) -> Column:
    """Whether a judged row breaks the rule at `index`."""
    bit = F.lit(1 << (index % BITS)).cast("bigint")
    return F.col(mask_name(index)).bitwiseAND(bit) != 0


def reasons(contract: Contract, columns: list[str]) -> Column:
    """`array<struct<rule,column,value>>`: why a judged row is held; personal values masked."""
    parts = [
        F.when(
            rule_broken(index),
            F.struct(
                F.lit(rule.name).alias("rule"),
                F.lit(", ".join(rule.columns)).alias("column"),
                _shown(contract, rule).alias("value"),
            ),
        )
        for index, rule in enumerate(row_rules(contract))
        if rule.on_breach != "warn"
    ]
    found = F.array_compact(F.array(*parts)) if parts else F.array()
    if CAST_FAILURES not in columns:
        return found
    masked = [c.name for c in contract.columns if c.classification in MASKED]
    casts = F.transform(
        F.coalesce(F.col(CAST_FAILURES), F.array()),
        lambda f: F.struct(
            F.concat(f["column"], F.lit("_type")).alias("rule"),
            f["column"].alias("column"),
            F.when(f["column"].isin(*masked), F.lit("***")).otherwise(f["value"]).alias("value"),
        ),
    )
    return F.concat(casts, found) if parts else casts


def _shown(contract: Contract, rule: Rule) -> Column:
    values = [
        F.lit("***")
        if contract.column(c).classification in MASKED
        else F.coalesce(F.col(c).cast("string"), F.lit("null"))
        for c in rule.columns
    ]
    return F.substring(F.concat_ws(", ", *values), 1, 200)
