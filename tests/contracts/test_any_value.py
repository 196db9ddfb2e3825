"""Whatever stands in a contract, the reader is told of it in words and not by a stack trace."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from shoplake.contracts.book import check_contracts
from shoplake.contracts.conditions import NOT_ROW_WISE, holds

CONTRACT = """\
apiVersion: v3.1.0
kind: DataContract
id: x
version: 1.0.0
status: active
team: {members: [{username: u, role: owner}]}
schema:
- physicalName: silver.things
  customProperties: [{property: appendOnly, value: true}, {property: sliceBy, value: day}]
  properties:
  - {name: id, physicalType: string, required: true, primaryKey: true, unique: true}
  - {name: size, physicalType: int, logicalTypeOptions: {minimum: 1, maximum: 4}, enum: [{value: 1}], relationships: [{to: silver.things.size}]}
  - {name: name, physicalType: string, logicalTypeOptions: {minLength: 1, pattern: a+}}
  - {name: day, physicalType: date, logicalTypeOptions: {exclusiveMinimum: '2020-01-01'}, quality: [{type: library, metric: nullValues, mustBeLessThan: 5, unit: percent}]}
  - {name: ts, physicalType: timestamp}
  quality:
  - {type: library, name: l1, metric: duplicateValues, mustBe: 0, arguments: {properties: [size]}}
  - {type: library, name: l2, metric: rowCount, mustBeBetween: [1, 2]}
  - {type: custom, engine: shoplake, name: a, implementation: {row: size > 1, where: size > 0}}
  - {type: custom, engine: shoplake, name: b, implementation: {range: size, minimum: 1}}
  - {type: custom, engine: shoplake, name: c, implementation: {length: name, maximum: 1}}
  - {type: custom, engine: shoplake, name: d, implementation: {pattern: name, regex: a+}}
  - {type: custom, engine: shoplake, name: e, implementation: {set: size, values: [1]}}
  - {type: custom, engine: shoplake, name: f, implementation: {reference: {size: size}, to: silver.things}}
  - {type: custom, engine: shoplake, name: g, implementation: {group_by: [name], having: sum(size) > 1}}
  - {type: custom, engine: shoplake, name: h, implementation: {preceded_by: silver.things, per: [name], time: ts, theirs_where: size > 1}}
  - {type: custom, engine: shoplake, name: i, implementation: {reconcile: sum(size), per: {name: name}, with: silver.things, theirs: sum(size), tolerance: 1}}
  - {type: custom, engine: shoplake, name: j, implementation: {outlier: size, per: [name], at_least: 5}}
  - {type: custom, engine: shoplake, name: k, implementation: {drift: size, measure: ks, maximum: 0.2, batches: 3}}
  - {type: custom, engine: shoplake, name: l, implementation: {freshness: ts, within: 2 d}}
slaProperties:
- {property: freshness, value: 1, unit: d, element: things.ts}
"""
VALUES = (None, 5, "((", [None], {"a": "b"}, 10**400)


def places(data: Any, at: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    if isinstance(data, dict | list):
        for key, value in data.items() if isinstance(data, dict) else enumerate(data):
            yield (*at, key)
            yield from places(value, (*at, key))


@pytest.mark.slow
def test_no_value_makes_a_stack_trace(tmp_path: Path) -> None:
    contract = yaml.safe_load(CONTRACT)
    path = tmp_path / "silver" / "things.yml"
    path.parent.mkdir()
    path.write_text(CONTRACT)
    assert check_contracts(tmp_path)[1] == []
    for at in places(contract):
        for value in VALUES:
            changed = copy.deepcopy(contract)
            here = changed
            for step in at[:-1]:
                here = here[step]
            here[at[-1]] = value
            path.write_text(yaml.safe_dump(changed))
            for known in check_contracts(tmp_path)[0].values():
                _ = [holds(r, known) for r in known.rules if r.kind not in NOT_ROW_WISE]
