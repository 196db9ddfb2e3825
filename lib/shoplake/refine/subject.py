"""Whom a request is about: every linked identity of a person, and what identifies them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence

from pyspark.sql import Column, DataFrame, Row
from pyspark.sql import functions as F

from shoplake.contracts.book import ContractBook
from shoplake.errors import ShoplakeError
from shoplake.governance.erasure.order import Subject
from shoplake.governance.erasure.suppress import normal_id
from shoplake.governance.erasure.values import Kind, Value
from shoplake.ingest.check import mapping_path
from shoplake.refine.cast import to_id, trimmed
from shoplake.refine.known import unknown_person, unknown_shop
from shoplake.refine.linked import linked
from shoplake.refine.pseudonym import Secret, pseudonym, pseudonymise
from shoplake.runtime.lake import Lake
from shoplake.runtime.settings import conf_dir

_PEOPLE, _PRODUCTS = "bronze.people", "bronze.products"
_VAULT = "governance.vault"
_KEY = re.compile(r"[0-9a-f]{32}")
#: Columns that identify, by the lake's names; of a table of people, every other one does too.
#: What a person looked for or which browser they used does not: it may be a product's name.
_KINDS: dict[str, Kind] = {
    "name": "name", "email": "email", "phone": "phone", "address": "address", "link_key": "link",
    "text": "text",
}  # fmt: skip
#: Kinds whose values may be words of the catalogue as well, such as a brand.
_WORDS = ("name", "address", "other", "text")
_NO_VALUES = ("person_id", "_raw")
_MOST = 200
_RECORDS = 20
# Shorter texts are everybody's: "Thank you!"
_LEAST_TEXT = 40


def parse_subject(text: str) -> tuple[str, str] | str:
    """`<shop>:<id>` as (shop, id), a person's pseudonym as it is.

    Raises:
        ShoplakeError: neither.
    """
    if _KEY.fullmatch(text):
        return text
    shop, colon, person = text.partition(":")
    if not (colon and shop and person.strip()):
        raise ShoplakeError(
            f"'{text}' names nobody",
            remedy="write <shop>:<id as the shop knows them>, or a person_key of 32 hex digits",
        )
    return shop, normal_id(person)


def keys_of(ids: Iterable[tuple[str, str]], key: Secret) -> list[str]:
    """The identities' pseudonyms, which need nothing but the ids and the key."""
    return [pseudonym(f"{shop}:{person}", key) for shop, person in ids]


def find_subject(
    lake: Lake, contracts: ContractBook, key: Secret, wanted: str, *, unknown: bool = False
) -> Subject:
    """Everything that belongs to one person, read from bronze and `silver.identities`.

    Args:
        lake, contracts: where to look; whatever exists is looked at.
        key: of the pseudonyms.
        wanted: `<shop>:<id>`, or a person's or identity's pseudonym.
        unknown: whether it may be somebody whom no table names; their shop must be known even so.

    Raises:
        ShoplakeError: `wanted` is not of these forms, or a pseudonym, shop or person that is in no
            table.
    """
    tables = [
        c.table
        for c in contracts
        if c.table.startswith("bronze.") and "person_id" in c.column_names and lake.exists(c.table)
    ]
    said = parse_subject(wanted)
    first = {said} if isinstance(said, tuple) else _ids_of_key(lake, tables, said, key)
    ids, links = linked(lake, first, key)
    keys = {said} if isinstance(said, str) else set()
    in_vault = {r["pseudonym"] for r in _vault(lake, ids | links)}
    keys |= {*keys_of(ids, key), *(pseudonym(f"{shop}:link:{link}", key) for shop, link in links)}
    in_silver = _person_keys(lake, keys | in_vault)
    if isinstance(said, tuple) and not (in_vault or in_silver):
        _check_known(lake, tables, said, unknown)
    keys |= in_vault | in_silver
    values: list[Value] = []
    names: set[str] = set()
    for table in tables:
        rows = _of(lake.read(table), ids)
        names |= _id_names(rows, {person for _, person in ids})
        others = _of(lake.read(table), ids, negate=True)
        for column in contracts[table].columns:
            kind = _KINDS.get(column.name, "other" if table == _PEOPLE else None)
            private = column.classification == "personal" and column.name not in _NO_VALUES
            if kind is not None and private:
                values += _values(rows, others, column.name, kind)
    values = _but_words(lake, contracts, values)
    known = _ids(lake, tables, ids)
    return Subject(
        ids=tuple(sorted(ids)),
        keys=tuple(sorted(keys)),
        values=tuple(dict.fromkeys([*known, *values])),
        id_names=tuple(sorted(names)),
    )


def _check_known(lake: Lake, tables: Sequence[str], said: tuple[str, str], unknown: bool) -> None:
    if any(not _of(lake.read(table), {said}).isEmpty() for table in tables):
        return
    shop = said[0]
    sent = (lake.read(table).select("_source").distinct().collect() for table in tables)
    shops = {row[0] for rows in sent for row in rows}
    if shop not in shops and not mapping_path(shop, conf_dir()).is_file():
        raise unknown_shop(shop, shops, lake.settings)
    if not unknown:
        raise unknown_person(lake.settings)


def _ids_of_key(lake: Lake, tables: Sequence[str], wanted: str, key: Secret) -> set:  # type: ignore[type-arg]
    """The ids whose identity, or whose person, has this pseudonym, now or before a new key."""
    keys = {wanted}
    if lake.exists(_VAULT):
        rows = _with_key(lake.read(_VAULT), "pseudonym", keys)
        kept = {(r["shop"], r["value"]) for r in rows}
        keys |= {r["pseudonym"] for r in _vault(lake, kept)}
    if lake.exists("silver.identities"):
        rows = _with_key(lake.read("silver.identities"), "person_key", keys)
        keys |= {r["identity_key"] for r in rows}
    found: set[tuple[str, str]] = set()
    for table in tables:
        ids = lake.read(table).select(F.col("_source").alias("shop"), _person_id().alias("id"))
        keyed = (
            ids.distinct()
            .where("id IS NOT NULL")
            .withColumn("key", pseudonymise(F.concat("shop", F.lit(":"), "id"), key))
        )
        found |= {(r.shop, r.id) for r in _with_key(keyed, "key", keys)}
    if not found:
        raise ShoplakeError(
            "nobody has this pseudonym",
            where=lake.settings.lake,
            remedy="name the person as their shop does: <shop>:<id>",
        )
    return found


def _vault(lake: Lake, values: set[tuple[str, str]]) -> list[Row]:
    """The vault's rows of these (shop, id or link key): under every key there has been."""
    if not lake.exists(_VAULT) or not values:
        return []
    known = lake.spark.createDataFrame(sorted(values), "shop string, value string")
    return lake.read(_VAULT).join(F.broadcast(known), ["shop", "value"], "left_semi").collect()


def _with_key(rows: DataFrame, column: str, keys: set[str]) -> list[Row]:
    """The rows whose column holds one of the keys, which are in no plan."""
    known = rows.sparkSession.createDataFrame([(k,) for k in sorted(keys)], f"{column} string")
    return rows.join(F.broadcast(known), column, "left_semi").collect()


def _person_keys(lake: Lake, keys: set[str]) -> set[str]:
    if not lake.exists("silver.identities"):
        return set()
    rows = _with_key(lake.read("silver.identities"), "identity_key", keys)
    return {r["person_key"] for r in rows}


def _person_id() -> Column:
    return to_id(F.trim("person_id"))


def _of(rows: DataFrame, ids: set[tuple[str, str]], *, negate: bool = False) -> DataFrame:
    known = rows.sparkSession.createDataFrame(sorted(ids), "shop string, id string")
    joined = rows.withColumn("_id", _person_id()).alias("t")
    condition = F.expr("t._source = k.shop AND t._id = k.id")
    how = "left_anti" if negate else "left_semi"
    return joined.join(F.broadcast(known).alias("k"), condition, how)


def _ids(lake: Lake, tables: Sequence[str], ids: set[tuple[str, str]]) -> list[Value]:
    """The ids; those within others' ids are short, those that other shops gave too are shared."""
    mine = lake.spark.createDataFrame(sorted(ids), "my_shop string, mine string")
    short, shared = set(), set()
    for table in tables:
        rows = _of(lake.read(table), ids, negate=True)
        theirs = rows.select(F.col("_source").alias("shop"), F.col("_id").alias("id")).distinct()
        near = theirs.join(F.broadcast(mine), F.expr("contains(id, mine)")).collect()
        short |= {r["mine"] for r in near if r["id"] != r["mine"]}
        shared |= {r["mine"] for r in near if r["id"] == r["mine"]}
    texts = sorted({person for _, person in ids})
    return [Value("id", t, shared=t in shared, short=t in short) for t in texts]


def _id_names(rows: DataFrame, ids: set[str]) -> set[str]:
    """Under which names the shops' own records give these ids."""
    found: set[str] = set()
    for row in rows.select("_raw").limit(_RECORDS).collect():
        record = json.loads(row["_raw"])
        found |= {k for k, v in record.items() if isinstance(v, str) and normal_id(v) in ids}
    return found


def _values(rows: DataFrame, others: DataFrame, column: str, kind: Kind) -> list[Value]:
    found = rows.select(trimmed(column).alias("v")).where("v IS NOT NULL").distinct().limit(_MOST)
    values = [Value(kind, r["v"]) for r in found.collect()]
    if kind == "text":
        values = [v for v in values if len(v.text) >= _LEAST_TEXT]
    return _shared(others, column, values)


def _but_words(lake: Lake, contracts: ContractBook, values: list[Value]) -> list[Value]:
    """The values, those that the catalogue says as well marked: they are words, not a person."""
    words = [v for v in values if v.kind in _WORDS]
    if not words or not lake.exists(_PRODUCTS):
        return values
    said = [c for c in contracts[_PRODUCTS].column_names if not c.startswith("_")]
    catalogue = lake.read(_PRODUCTS).select(F.concat_ws("\n", *said).alias("all"))
    return [v for v in values if v.kind not in _WORDS] + _shared(catalogue, "all", words)


def _shared(others: DataFrame | None, column: str, values: list[Value]) -> list[Value]:
    """The values, those that other people's rows hold as well marked."""
    if others is None or not values:
        return values
    texts = others.sparkSession.createDataFrame([(v.text,) for v in values], "v string")
    held = others.select(F.lower(F.col(column)).alias("theirs")).where("theirs IS NOT NULL")
    same = texts.join(held.distinct(), F.expr("contains(theirs, lower(v))"), "left_semi")
    shared = {r["v"] for r in same.collect()}
    return [Value(v.kind, v.text, v.shared or v.text in shared) for v in values]
