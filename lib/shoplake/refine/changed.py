"""What a change of bronze changes in silver: the new rows, and the old ones that they touch.

A silver row is made of its own record and of those it is compared with: records of the same id, as
one of them survives; of a visitor, whose sessions they are; of a list, which says what was shown.
So where records were only added, the rows that may differ are those tied to a new one, or to a
person who has become another, over any number of ties. They are made twice, as they were and as
they are, by the function that makes the whole table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from shoplake.governance.amend import Change
from shoplake.governance.run import Read
from shoplake.refine.identify import raw_person
from shoplake.refine.persons import Names, Persons
from shoplake.refine.reach import reach, values_of
from shoplake.refine.records import content_of, in_shop, with_shop
from shoplake.runtime.appended import appended, readable

#: Records below which all rows are made anew as soon as some are found (bench_silver.py).
FROM = 200_000
#: Share of the records above which it is cheaper to make all rows anew.
SHARE = 0.2
#: Records that one task makes sooner than two.
FEW = 50_000

Versions = Mapping[str, int]


@dataclass(frozen=True)
class Ties:
    """What makes records of a bronze table matter to each other.

    Attributes:
        id: column of the id the shop gives a record.
        visitor: column of a session's id; records without one are tied by their person. None where
            it does not matter to a record what else a person did.
        also: a further column that ties.

    All are columns of the silver table too.
    """

    id: str
    visitor: str | None = None
    also: str | None = None


def changed(
    persons: Persons,
    source: str,
    ties: Ties,
    build: Callable[[Read], DataFrame],
    then: Versions,
    now: Versions,
) -> Change | None:
    """The candidates that differ between two states of a silver table's inputs.

    Args:
        persons: of the lake.
        source: the bronze table that the silver table's rows come from.
        ties: of its records.
        build: makes candidates, given a reader of the inputs.
        then, now: Delta versions of the inputs.

    Returns:
        None where all rows are to be made anew: the table is little, more changed than can be
        followed (records were taken away, too many came), or an earlier state of an input can no
        longer be read.
    """
    run, lake = persons.run, persons.run.lake
    if source not in then or source not in now:
        return None
    count = lake.count(source, now[source])
    # A little table is spared the look at its files.
    if count < FROM or lake.settings.catalog or not readable(lake, source, then[source]):
        return None
    held = lake.count(source, then[source])
    came, most = count - held, round(SHARE * held)
    if held < FROM or came > most:
        return None
    news = appended(lake, source, then[source], now[source])
    renamed = persons.changed(then, now)
    if news is None or renamed is None or len(renamed) > most:
        return None
    names = persons.known(then, now)
    fresh = _tied(news, ties, names, persons_too=bool(renamed))
    columns = fresh.columns[1:]
    start = {f"p:{name}" for name in renamed} | values_of(fresh.toArrow(), columns)
    old = lake.read(source, then[source])
    ids = reach(_tied(old, ties, names, persons_too=bool(renamed)), columns, start, most)
    if ids is None:
        return None
    scope = old.limit(0)
    if ids:
        touched = lake.spark.createDataFrame(pa.table({"_row_id": sorted(ids)}))
        scope = old.join(F.broadcast(touched), "_row_id", "left_semi")
    few = came + len(ids) <= FEW
    if few and ids:
        # Read once, not for each of the two.
        scope = lake.spark.createDataFrame(scope.toArrow(), scope.schema)
    whole = scope.unionByName(news)
    if few:
        scope, whole = scope.coalesce(1), whole.coalesce(1)
    before, after = run.reader(dict(then)), run.reader(dict(now))
    return Change(
        build(lambda table: scope if table == source else before(table)),
        build(lambda table: whole if table == source else after(table)),
        few,
        tuple(column for column in (ties.visitor, ties.also) if column),
    )


def _tied(bronze: DataFrame, ties: Ties, names: Sequence[Names], *, persons_too: bool) -> DataFrame:
    """`row_id` and what ties each record, by the persons of each of `names`."""
    rows = with_shop(bronze)
    given, raw = in_shop(F.col(ties.id)), in_shop(raw_person())
    session = in_shop(F.col(ties.visitor)) if ties.visitor else F.lit(None).cast("string")
    alone = given.isNull() & session.isNull() & (raw.isNull() if ties.visitor else F.lit(True))
    content = F.when(alone, content_of(rows.columns))
    found = {"record": _marked("r", F.coalesce(given, content))}
    if ties.also:
        found["also"] = _marked("a", in_shop(F.col(ties.also)))
    for i, known in enumerate(names if ties.visitor or persons_too else ()):
        rows, person = _with_person(rows, raw, known, f"_person_{i}")
        if ties.visitor:
            found[f"visitor_{i}"] = F.coalesce(_marked("s", session), _marked("p", person))
        if persons_too:
            found[f"person_{i}"] = _marked("p", person)
    return rows.select("row_id", *(column.alias(name) for name, column in found.items()))


def _with_person(rows: DataFrame, raw: Column, known: Names, name: str) -> tuple[DataFrame, Column]:
    """The rows, and who their person is: the id itself where it is nobody else's too."""
    if not known:
        return rows, raw
    table = pa.table({f"{name}_id": pa.array(known.keys()), name: pa.array(known.values())})
    frame = rows.sparkSession.createDataFrame(table)
    rows = rows.join(F.broadcast(frame), raw == F.col(f"{name}_id"), "left")
    return rows, F.coalesce(name, raw)


def _marked(kind: str, value: Column) -> Column:
    """Values of different kinds tie nothing."""
    return F.concat(F.lit(f"{kind}:"), value)
