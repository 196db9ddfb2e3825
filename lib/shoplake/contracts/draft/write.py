"""A draft as the text of a contract: every clause with its evidence in a comment beside it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from shoplake.contracts.draft.column import Column
from shoplake.contracts.draft.draft import Draft
from shoplake.contracts.draft.shapes import FORMS

#: The column that stands in where nothing in the data identifies a row.
ROW_ID = "row_id"
_LOGICAL = {
    "boolean": "boolean",
    "int": "integer",
    "bigint": "integer",
    "date": "date",
    "timestamp": "timestamp",
    "string": "string",
}
_PLAIN = re.compile(r"^[A-Za-z_][A-Za-z0-9_.]*$")
_WORDS = {"true", "false", "yes", "no", "on", "off", "y", "n", "null"}


def yaml_text(draft: Draft) -> str:
    """Open Data Contract Standard 3.1 YAML that `parse_contract` accepts."""
    return "\n".join(_lines(draft)) + "\n"


def quoted(text: str) -> str:
    """A YAML scalar that is read back as this very text."""
    if _PLAIN.match(text) and text.lower() not in _WORDS:
        return text
    if re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]", text):
        inner = text.replace("\\", "\\\\").replace('"', '\\"')
        return '"' + re.sub(r"[^\x20-\x7e]", lambda m: _escaped(m[0]), inner) + '"'
    return "'" + text.replace("'", "''") + "'"


def _escaped(character: str) -> str:
    return f"\\U{ord(character):08x}"


def _lines(draft: Draft) -> Iterator[str]:
    layer_table = draft.table
    short = layer_table.split(".")[1]
    yield f"# Drafted from {_one_line(draft.source)}: {draft.rows:,} rows, all counted."
    yield "# A proposal: each clause says what it comes from. Review it, then write status: active."
    for note in draft.notes:
        yield f"# The source: {note}."
    if draft.repeats:
        yield f"# {draft.repeats:,} rows repeat another row exactly: deduplicate before publishing."
    yield "apiVersion: v3.1.0"
    yield "kind: DataContract"
    yield f"id: shoplake.{layer_table}"
    yield f"name: {short}"
    yield "version: 0.1.0"
    yield "status: draft  # and say under team who answers for it: a member whose role is owner"
    yield "schema:"
    yield f"  - name: {short}"
    yield f"    physicalName: {layer_table}"
    yield "    physicalType: table"
    grain = " and ".join(draft.key) if draft.key else "record of the source"
    clause = f"dataGranularityDescription: {quoted(f'one row per {grain}')}"
    yield _clause("    ", clause, draft.key_note)
    yield "    properties:"
    if not draft.key:
        yield from _row_id({c.name for c in draft.columns})
    for column in draft.columns:
        yield from _column(column)


def _row_id(taken: set[str]) -> Iterator[str]:
    name = ROW_ID
    while name in taken:
        name = f"_{name}"
    yield f"      - name: {name}  # not in the source, where nothing identifies a row"
    yield "        description: 'Identity of the record: file and row, hashed.'"
    yield "        logicalType: string"
    yield "        physicalType: string"
    yield "        required: true"
    yield "        primaryKey: true"
    yield "        primaryKeyPosition: 1"


def _column(column: Column) -> Iterator[str]:
    outside = column.outside
    yield f"      - name: {quoted(column.name)}"
    if column.header != column.name:
        yield f"        businessName: {quoted(column.header)}"
    kind = column.kind.type
    logical = "array" if kind.startswith("array") else "object" if kind.startswith("map") else None
    yield f"        logicalType: {logical or _LOGICAL.get(kind, 'number')}"
    remarks = [column.kind.note] if column.kind.note else []
    if outside["type"]:
        remarks.append(_outside(column, "type", "are none"))
    yield _clause("        ", f"physicalType: {kind}", "; ".join(remarks))
    yield from _presence(column)
    if column.key_position is not None:
        yield "        primaryKey: true"
        yield f"        primaryKeyPosition: {column.key_position}"
    if column.personal is not None:
        remark = f"{column.personal.kind}: {column.personal.evidence}"
        # A keyed hash of a person's id is what a pseudonym looks like.
        hashed = column.pattern in (FORMS["128 bits as hex digits"], FORMS["SHA-256"])
        level = "pseudonym" if hashed else "personal"
        yield _clause("        ", f"classification: {level}", remark)
    yield from _options(column)
    if column.allowed is not None:
        number = len(column.allowed)
        remark = f"{number} value{'s'[: number > 1]}; {_outside(column, 'set', 'hold another')}"
        yield _clause("        ", "enum:", remark)
        for value in column.allowed:
            yield f"          - value: {quoted(value)}"


def _presence(column: Column) -> Iterator[str]:
    absent = column.outside["required"]
    words = ", ".join(f"{quoted(t)} {n:,} times" for t, n in column.tokens.most_common(3))
    written = f"; of them written as {words}" if words else ""
    if column.required:
        yield _clause(
            "        ", "required: true", _outside(column, "required", "have none") + written
        )
    elif absent == column.rows:
        yield f"        # always empty{written}"
    else:
        share = absent / max(column.rows, 1)
        yield f"        # may be null: {absent:,} of {column.rows:,} rows ({share:.2%}){written}"


def _options(column: Column) -> Iterator[str]:
    bounds = column.range
    if bounds is None and column.pattern is None and column.max_length is None:
        return
    yield "        logicalTypeOptions:"
    indent = "          "
    if bounds is not None:
        evidence = f"{bounds.why}; {_outside(column, 'range', 'outside')}"
        for word, value in (("minimum", bounds.minimum), ("maximum", bounds.maximum)):
            if value is not None:
                yield _clause(indent, f"{word}: {_bound(value)}", evidence)
                evidence = ""
    if column.pattern is not None:
        remark = f"{column.form}; {_outside(column, 'pattern', 'do not match')}"
        yield _clause(indent, f"pattern: {quoted(column.pattern)}", remark)
    if column.max_length is not None:
        remark = _outside(column, "length", "are longer")
        yield _clause(indent, f"maxLength: {column.max_length}", remark)


def _bound(value: float | str) -> str:
    """A bound as YAML 1.1 reads it, for which 1e-07 is a text and 1.0e-07 a number."""
    text = f"'{value}'" if isinstance(value, str) else str(value)
    return text.replace("e", ".0e") if isinstance(value, float) and "." not in text else text


def _outside(column: Column, clause: str, what: str) -> str:
    count = column.outside[clause]
    return f"{count:,} of {column.rows:,} rows {what}" if count else f"all {column.rows:,} rows"


def _clause(indent: str, clause: str, remark: str) -> str:
    return f"{indent}{clause}  # {_one_line(remark)}" if remark else f"{indent}{clause}"


def _one_line(text: str) -> str:
    return re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]+", " ", text)
