"""Declared links: two identities that go by one key, such as a loyalty card, are one person.

A record of `bronze.links` says of an identity that it goes by a key of some kind, from a time on; a
later one about the same identity and key withdraws that, or is less sure of it. What is in force
joins identities, over however many keys the chain goes. The person is named as before by what one
of their identities is named by: the first of these in the order of their raw texts, so that neither
the pseudonyms' key nor the order of arrival decides.

The chains of one shop are followed in the memory of one worker, and only those of identities that
share a key with another: about 0.5 GB for a million such links (measured in docs/decisions.md).
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from shoplake.refine.cast import DOUBLE, TIMESTAMP, cast_columns, is_sound, spelling, to_id, trimmed
from shoplake.refine.deduplicate import DUPLICATE_OF, mark_duplicates
from shoplake.refine.pseudonym import pseudonymise
from shoplake.refine.records import open_bronze
from shoplake.refine.settings import RefineSettings

LINKS = "bronze.links"

_CASTS = {
    "kind": spelling({"link": "link", "unlink": "unlink"}),
    "confidence": DOUBLE,
    "declared_at": TIMESTAMP,
}


def statements(bronze_links: DataFrame, settings: RefineSettings) -> DataFrame:
    """Every record, typed: `shop`, `id`, `key` (`<key kind>:<key>`), `kind`, `confidence`,
    `declared_at`, and `speaks`, whether it counts.

    Where two records of one time disagree, the one that withdraws counts, then the less sure one.
    """
    sent = cast_columns(open_bronze(bronze_links, settings.pseudonym_key), _CASTS)
    key_kind = F.lower(trimmed("key_kind"))
    rows = sent.withColumns(
        {
            "id": to_id(trimmed("person_id")),
            "key": F.concat(key_kind, F.lit(":"), trimmed("link_key")),
            "key_kind": key_kind,
            "kind": F.coalesce("kind", F.lit("link")),
            "confidence": F.coalesce("confidence", F.lit(1.0)),
        }
    )
    careful = [F.col("kind").desc(), F.col("confidence").asc()]
    is_unsure = ~F.coalesce(F.col("confidence").between(0, 1), F.lit(False))
    same = ("shop", "id", "key", "declared_at")
    marked = mark_duplicates(rows, same, prefer=careful, broken=is_unsure)
    is_whole = F.concat("id", "key", F.col("declared_at").cast("string")).isNotNull()
    counts = is_sound() & F.col(DUPLICATE_OF).isNull() & is_whole
    return marked.withColumn("speaks", counts & ~is_unsure)


def in_force(bronze_links: DataFrame, settings: RefineSettings) -> DataFrame:
    """The links whose last statement says that they are, surely enough.

    A key that too many identities go by is left out whole: it is a till's card or a blank.

    Returns:
        shop, id, key, confidence, holders (how many identities go by the key): one row per
        identity and key.
    """
    rows = statements(bronze_links, settings).where("speaks")
    last = Window.partitionBy("shop", "id", "key").orderBy(F.col("declared_at").desc())
    newest = rows.withColumn("_n", F.row_number().over(last)).where("_n = 1 AND kind = 'link'")
    sure = newest.where(F.col("confidence") >= settings.least_confidence)
    holders = F.count("*").over(Window.partitionBy("shop", "key"))
    held = sure.select("shop", "id", "key", "confidence", holders.alias("holders"))
    return held.where(F.col("holders") <= settings.most_per_key)


def follow_links(
    identities: DataFrame, bronze_links: DataFrame, settings: RefineSettings
) -> DataFrame:
    """The same rows; identities that links in force join have one person.

    Args:
        identities: rows with `shop`, `_identity` (`<shop>:<id>`), `_subject` (what the person is
            named by without links), `person_key`, `linked_by`, `confidence` and `own_key`.
        bronze_links: the records.
        settings: key of the pseudonyms, and how sure is sure enough.

    Returns:
        With the person of the chain, its weakest link, and in `own_key` the person it would have
        been where that is not the identity itself: lists may have been made for that one.
    """
    known = identities.where(is_sound() & F.col(DUPLICATE_OF).isNull()).select(
        "shop", F.col("_identity").alias("node"), F.col("_subject").alias("other")
    )
    links = (
        in_force(bronze_links, settings)
        .where("holders > 1")
        .select(
            "shop",
            F.concat("shop", F.lit(":"), "id").alias("node"),
            # No identity is called so.
            F.concat(F.lit("\n"), "key").alias("other"),
            "confidence",
        )
    )
    found = _joined(known.where("node IS NOT NULL"), links)
    person = pseudonymise(F.col("_person"), settings.pseudonym_key)
    is_found = F.col("_person").isNotNull()
    had_another = F.col("person_key") != F.col("identity_key")
    renamed = is_found & had_another & (F.col("person_key") != person)
    return (
        identities.join(found, "_identity", "left")
        .withColumns(
            {
                "own_key": F.when(renamed, F.col("person_key")),
                "person_key": F.coalesce(person, "person_key"),
                "linked_by": F.when(is_found, F.lit("declared")).otherwise(F.col("linked_by")),
                "confidence": F.coalesce("_weakest", "confidence"),
            }
        )
        .drop("_person", "_weakest")
    )


def persons(edges: pd.DataFrame) -> pd.DataFrame:
    """The persons of one shop's identities: connected components of a graph.

    Args:
        edges: `node`, an identity; `other`, what it is connected with; `confidence` of a link, NaN
            where `other` is the identity's own subject.

    Returns:
        `_identity`, `_person`, `_weakest`: of each identity that a link joins with another subject,
        the first subject of its component and the component's least confidence.
    """
    # Numbered in the order of their texts, so that the first is the least number.
    ends, names = pd.factorize(pd.concat([edges["node"], edges["other"]]), sort=True)
    rows, columns = ends[: len(edges)], ends[len(edges) :]
    graph = coo_array((np.ones(len(edges)), (rows, columns)), shape=(len(names), len(names)))
    _, labels = connected_components(graph, directed=False)
    part = labels[rows]
    weakest = edges["confidence"].groupby(part).min()
    own = edges["confidence"].isna().to_numpy()
    subjects = pd.Series(columns[own]).groupby(part[own])
    first, last = (subjects.transform(name).to_numpy() for name in ("min", "max"))
    found = pd.DataFrame(
        {
            "_identity": edges["node"].to_numpy()[own],
            "_person": names.to_numpy()[first],
            "_weakest": weakest.reindex(part[own]).to_numpy(),
        }
    )
    return found[first != last]


def _joined(known: DataFrame, links: DataFrame) -> DataFrame:
    """`persons` of every shop, of those identities that a link can reach."""
    touched = known.join(links.select("node").distinct(), "node", "left_semi")
    near = known.join(touched.select("other").distinct(), "other", "left_semi")
    own = near.select("shop", "node", "other", F.lit(None).cast("double").alias("confidence"))
    edges = own.unionByName(links)
    kind = "_identity string, _person string, _weakest double"
    return edges.groupBy("shop").applyInPandas(persons, kind)  # type: ignore[arg-type]
