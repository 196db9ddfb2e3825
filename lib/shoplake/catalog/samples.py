"""Held rows, masked for a page that anybody may open.

Nothing that could tell who a person is leaves the lake: personal values and pseudonyms are hidden,
and so is what picks out one record of a table about people. Text of columns that are not public is
cut, and hidden where personal data is found in it or it looks like a key. A column that the
contract does not know is hidden.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from shoplake.contracts.model import Contract
from shoplake.governance.held import quarantines
from shoplake.governance.personal.detect import find
from shoplake.runtime.settings import Settings
from shoplake.runtime.sql import Rows, execute

HIDDEN = "***"
#: Characters of a text that stay.
CUT = 24
_EXAMPLES = 6
_LOOKED_AT = 400
_PERSONAL = ("personal", "pseudonym")
_TELLING = re.compile(r"@|\d[\d\s().+-]{6,}\d|[0-9a-f]{16}", re.I)
#: A number too short for a card or a telephone, a truth value, a time.
_PLAIN = re.compile(
    r"[-+]?\d{0,7}(\.\d{0,9})?(E[-+]?\d{1,3})?|true|false|NaN|-?Infinity"
    r"|\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[-+]\d\d:?\d\d)?)?",
    re.I,
)


@dataclass(frozen=True)
class Reason:
    """A rule that a row breaks, with the values it looked at."""

    rule: str
    values: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Sample:
    """A held row: reasons and (column, value) pairs, masked."""

    reasons: tuple[Reason, ...]
    record: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Held:
    """What a table's quarantine holds: rows in all, rows by rule, and a few of them."""

    rows: int
    rules: tuple[tuple[str, int], ...]
    samples: tuple[Sample, ...]


def held(
    settings: Settings, table: str, contract: Contract | None, records: Sequence[str]
) -> Held | None:
    """The quarantine of a table; None where it has none or it is empty.

    Args:
        settings: of a lake of folders.
        table: whose rows are held.
        contract: without one, every value is hidden.
        records: columns that pick out single records.
    """
    name = quarantines(settings).get(table)
    if name is None:
        return None
    if table == "bronze.unread":
        return _unread(settings)
    rows = _ask(settings, name, f"SELECT reasons, record FROM q ORDER BY row_id LIMIT {_LOOKED_AT}")
    if not rows:
        return None
    rules = _ask(
        settings,
        name,
        "SELECT r['rule'] AS rule, count(*) AS n FROM (SELECT unnest(reasons) AS r FROM q) "
        "GROUP BY 1 ORDER BY 2 DESC, 1",
    )
    mask = Mask(contract, records)
    return Held(
        rows=_count(settings, name),
        rules=tuple((r["rule"], r["n"]) for r in rules),
        samples=tuple(mask.sample(r["reasons"], r["record"]) for r in _choose(rows)),
    )


class Mask:
    """Shows the values of one table's rows as far as they may be shown."""

    def __init__(self, contract: Contract | None, records: Sequence[str]) -> None:
        self._columns = {c.name: c for c in contract.columns} if contract else {}
        about_people = any(c.classification in _PERSONAL for c in self._columns.values())
        key = contract.key if contract else ()
        self._records = {*records, *key} if about_people else set()

    def value(self, column: str, value: object) -> str:
        """One value as it may be shown."""
        known = self._columns.get(column)
        if value is None:
            return "null"
        if known is None or known.classification in _PERSONAL or column in self._records:
            return HIDDEN
        text = str(value)
        if known.type != "string" and _PLAIN.fullmatch(text):
            return text
        if column == "_raw" or _TELLING.search(text) or find(text):
            return HIDDEN
        if known.classification == "public":
            return text
        return text if len(text) <= CUT else f"{text[:CUT]}…"

    def sample(self, reasons: Sequence[dict[str, Any]], record: str) -> Sample:
        """A held row as it may be shown."""
        values = json.loads(record)
        found = []
        for reason in reasons:
            columns = [c for c in str(reason["column"]).split(", ") if c]
            cast = len(columns) == 1 and reason["rule"] == f"{columns[0]}_type"
            given = {columns[0]: reason["value"]} if cast else values
            shown = tuple((c, self.value(c, given.get(c))) for c in columns)
            found.append(Reason(reason["rule"], shown))
        return Sample(tuple(found), tuple((c, self.value(c, v)) for c, v in values.items()))


def _choose(rows: Rows) -> Rows:
    """A few rows, so that as many rules as possible are seen."""
    shown: Counter[str] = Counter()
    chosen: Rows = []
    for limit in (0, 1, 2):
        for row in rows:
            rules = [r["rule"] for r in row["reasons"]]
            wanted = bool(rules) and min(shown[r] for r in rules) <= limit
            if wanted and len(chosen) < _EXAMPLES and row not in chosen:
                chosen.append(row)
                shown.update(rules)
    return chosen


def _unread(settings: Settings) -> Held | None:
    """Records that no reader understood: only how many, and what was wrong, without its values."""
    rows = _ask(settings, "bronze.unread", "SELECT problem FROM q")
    if not rows:
        return None
    kinds = Counter(_without_values(r["problem"]) for r in rows)
    ordered = sorted(kinds.items(), key=lambda pair: (-pair[1], pair[0]))
    return Held(len(rows), tuple(ordered[:20]), ())


def _without_values(problem: str) -> str:
    plain = re.sub(r"'[^']*'|\"[^\"]*\"|`[^`]*`|\d+|\S*@\S*", "…", problem)
    return plain[:80]


def _count(settings: Settings, name: str) -> int:
    return int(_ask(settings, name, "SELECT count(*) AS n FROM q")[0]["n"])


def _ask(settings: Settings, name: str, sql: str) -> Rows:
    return execute(settings, sql, {"q": name}, where=sql)
