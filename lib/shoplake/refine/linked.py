"""Which identities of a shop are one person, followed from one of them: an erasure takes all."""

from __future__ import annotations

from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from shoplake.refine.cast import to_id, trimmed
from shoplake.refine.links import LINKS, in_force
from shoplake.refine.pseudonym import Secret
from shoplake.refine.settings import RefineSettings
from shoplake.runtime.lake import Lake

_PEOPLE = "bronze.people"
# Before a key of `bronze.links`, which is none of `bronze.people`.
_OF_LINKS = "\n"
Named = set[tuple[str, str]]


def linked(lake: Lake, ids: Named, key: Secret) -> tuple[Named, Named]:
    """What a chain of declared links leads to, within each shop.

    Links that were withdrawn, or that join nobody, lead nowhere: they may have been wrong.

    Args:
        lake: whose bronze tables are read.
        ids: (shop, id) to begin with.
        key: of the pseudonyms.

    Returns:
        (shop, id) and, of `bronze.people`, (shop, link key).
    """
    links: Named = set()
    said = _said(lake, key)
    if said is None:
        return ids, links
    while True:
        known = [(s, i, None) for s, i in ids] + [(s, None, link) for s, link in links]
        frame = lake.spark.createDataFrame(known, "shop string, id string, link string")
        near = said.alias("p").join(
            F.broadcast(frame).alias("k"),
            F.expr("p.shop = k.shop AND (p.id = k.id OR p.link = k.link)"),
            "left_semi",
        )
        found = near.distinct().collect()
        more_ids = ids | {(r.shop, r.id) for r in found if r.id}
        more_links = links | {(r.shop, r.link) for r in found if r.link}
        if (more_ids, more_links) == (ids, links):
            # Nobody is named by a key of `bronze.links`, and others may have withdrawn it.
            return ids, {(s, link) for s, link in links if not link.startswith(_OF_LINKS)}
        ids, links = more_ids, more_links


def _said(lake: Lake, key: Secret) -> DataFrame | None:
    """shop, id, link: who goes by which key, of people's own and of links in force."""
    said = []
    if lake.exists(_PEOPLE):
        shop, id_ = F.col("_source").alias("shop"), to_id(F.trim("person_id")).alias("id")
        said.append(lake.read(_PEOPLE).select(shop, id_, trimmed("link_key").alias("link")))
    if lake.exists(LINKS):
        held = in_force(lake.read(LINKS), RefineSettings(key))
        said.append(held.select("shop", "id", F.concat(F.lit(_OF_LINKS), "key").alias("link")))
    return reduce(DataFrame.unionByName, said) if said else None
