"""Who is who: platform identities that a shop declares as one human become one person."""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from shoplake.contracts.model import Contract
from shoplake.refine.cast import (
    PLATFORM,
    PRIVATE_BOOLEAN,
    PRIVATE_DATE,
    PRIVATE_INT,
    Cast,
    cast_columns,
    is_sound,
    to_id,
    trimmed,
)
from shoplake.refine.deduplicate import ARRIVAL, DUPLICATE_OF, STANDS, breach, mark_duplicates
from shoplake.refine.links import follow_links
from shoplake.refine.pseudonym import Secret, pseudonymise
from shoplake.refine.records import close_silver, in_shop, open_bronze
from shoplake.refine.settings import RefineSettings
from shoplake.refine.text import normalise_text

IDENTITIES = (
    "identity_key", "person_key", "shop", "platform", "linked_by", "confidence", "own_key",
    "row_id",
)  # fmt: skip
PEOPLE = (
    "person_key", "shop", "platforms", "country", "birth_decade", "segment", "consent",
    "signed_up_on", "row_id",
)  # fmt: skip

_IDENTITY_CASTS = {"platform": PLATFORM, "signed_up_at": PRIVATE_DATE}
_PERSON_CASTS = _IDENTITY_CASTS | {"birth_year": PRIVATE_INT, "consent": PRIVATE_BOOLEAN}


def identities(
    bronze_people: DataFrame, settings: RefineSettings, bronze_links: DataFrame | None = None
) -> DataFrame:
    """One row per platform identity, with the person it belongs to: `silver.identities`.

    A declared link joins identities of one shop: an equal `link_key`, of which the shop is sure, or
    what `bronze_links` say with as much confidence as they have. There is no guessing from names or
    addresses.
    """
    keyed = _keyed(bronze_people, _IDENTITY_CASTS, settings, bronze_links)
    return close_silver(keyed, IDENTITIES)


def people(
    bronze_people: DataFrame,
    settings: RefineSettings,
    bronze_links: DataFrame | None = None,
    contract: Contract | None = None,
) -> DataFrame:
    """One row per person, over all of their platform identities: `silver.people`.

    Country, birth decade and segment are the latest stated; `signed_up_on` is the first sign-up.
    A person consents only if all their identities do; an identity that says nothing does not.
    The row of the latest identity survives, the others are its duplicates. A row that breaks a rule
    of the contract is held and says nothing of the person, but that they do not consent.
    """
    stated = _keyed(bronze_people, _PERSON_CASTS, settings, bronze_links).withColumns(
        {
            "country": normalise_text(F.col("country")),
            "segment": normalise_text(F.col("segment")),
            "birth_decade": (F.floor(F.col("birth_year") / 10) * 10).cast("int"),
            "platforms": F.array_compact(F.array("platform")),
            "consent": F.coalesce("consent", F.lit(False)),
            "signed_up_on": F.col("signed_up_at"),
        }
    )
    # What one identity does not say, another may.
    broken = breach(stated, contract, skip=["not_null"])
    stated = stated.withColumn("_broken", F.lit(False) if broken is None else broken)
    if broken is not None:
        stated = _marked(stated, F.col("_broken"))
    known = stated.withColumns(
        {
            "_heard": is_sound() & F.col(DUPLICATE_OF).isNull(),
            # Rows that go to quarantine or are superseded say nothing about the person.
            "_speaks": is_sound() & F.col(STANDS) & ~F.col("_broken"),
            "_alone": F.when(is_sound() & F.col("_broken"), F.col("row_id")),
        }
    )
    agrees = F.min(F.when(F.col("_heard"), F.col("consent"))).over(Window.partitionBy("person_key"))
    known = known.withColumn("consent", F.coalesce(agrees, "consent"))
    speakers = Window.partitionBy("person_key", "_speaks", "_alone")
    by_time = speakers.orderBy(
        F.col("signed_up_at").desc_nulls_last(), F.col(ARRIVAL).desc(), "row_id"
    ).rowsBetween(Window.unboundedPreceding, Window.unboundedFollowing)
    latest = {
        column: F.first(column, ignorenulls=True).over(by_time)
        for column in ("country", "birth_decade", "segment")
    }
    merged = known.withColumns(
        latest
        | {
            "platforms": F.array_sort(F.collect_set("platform").over(speakers)),
            "signed_up_on": F.min("signed_up_at").over(speakers),
        }
    )
    # A broken one comes first, so that it is held whenever it was said.
    in_turn = [F.col("_heard").desc(), F.col("_broken").desc()]
    marked = mark_duplicates(
        merged, ["person_key"], latest="signed_up_at", prefer=in_turn, broken=F.col("_broken")
    )
    return close_silver(marked, PEOPLE)


def with_identity(df: DataFrame, key: Secret) -> DataFrame:
    """Adds `_identity_key`, the pseudonym of the row's `person_id`; null where it has none."""
    return df.withColumn("_identity_key", pseudonymise(in_shop(raw_person()), key))


def resolve_people(df: DataFrame, known: DataFrame | None) -> DataFrame:
    """Adds `person_key`, the person behind `_identity_key`.

    An identity that `silver.identities` (`known`) does not list is a person of its own.
    """
    if known is None:
        return df.withColumn("person_key", F.col("_identity_key"))
    links = known.select(
        F.col("identity_key").alias("_identity_key"), F.col("person_key").alias("_linked")
    )
    linked = df.join(links, "_identity_key", "left")
    return linked.withColumn("person_key", F.coalesce("_linked", "_identity_key")).drop("_linked")


def with_own_keys(known: DataFrame) -> DataFrame:
    """`silver.identities`, the keys of persons that links made part of another as identities too.

    Returns:
        identity_key, person_key; an identity of its own keeps its key, so it needs no further row.
    """
    before = known.where("own_key IS NOT NULL").select(
        F.col("own_key").alias("identity_key"), "person_key"
    )
    return known.select("identity_key", "person_key").unionByName(before.distinct())


def _keyed(
    bronze_people: DataFrame,
    casts: Mapping[str, Cast],
    settings: RefineSettings,
    bronze_links: DataFrame | None,
) -> DataFrame:
    """Typed people rows with identity and person keys; repeated identities are marked."""
    key = settings.pseudonym_key
    rows = with_identity(cast_columns(open_bronze(bronze_people, key), casts), key)
    link = trimmed("link_key")
    subject = F.concat(F.col("shop"), F.lit(":link:"), link)
    declared = pseudonymise(subject, key)
    rows = rows.withColumns(
        {
            "identity_key": F.col("_identity_key"),
            "person_key": F.coalesce(declared, "_identity_key"),
            "_declares": link.isNotNull(),
            "linked_by": F.when(link.isNotNull(), F.lit("declared")).otherwise(F.lit("self")),
            "confidence": F.lit(1.0),
            "own_key": F.lit(None).cast("string"),
        }
    )
    marked = _marked(rows)
    if bronze_links is not None:
        named = in_shop(raw_person())
        texts = {"_identity": named, "_subject": F.coalesce(subject, named)}
        marked = follow_links(marked.withColumns(texts), bronze_links, settings)
    # A superseded row follows its survivor to the person that one belongs to.
    of_survivor = F.when(F.col(DUPLICATE_OF).isNull(), F.col("person_key"))
    same = Window.partitionBy("identity_key", is_sound())
    return marked.withColumn("person_key", F.max(of_survivor).over(same))


def _marked(rows: DataFrame, broken: Column | None = None) -> DataFrame:
    """Repeated identities are marked: one with a declared link says more, whenever it was said."""
    return mark_duplicates(
        rows, ["identity_key"], latest="signed_up_at", prefer=[F.col("_declares").desc()],
        broken=broken,
    )  # fmt: skip


def raw_person() -> Column:
    """The id that the row's `person_id` says, as the shop gives it; null where it says none."""
    return to_id(F.trim("person_id"))
