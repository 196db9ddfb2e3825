"""Who is who: platform identities that a shop declares as one human become one person."""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

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
from shoplake.refine.deduplicate import DUPLICATE_OF, mark_duplicates
from shoplake.refine.pseudonym import Secret, pseudonymise
from shoplake.refine.records import close_silver, in_shop, open_bronze
from shoplake.refine.settings import RefineSettings
from shoplake.refine.text import normalise_text

IDENTITIES = (
    "identity_key", "person_key", "shop", "platform", "linked_by", "confidence", "row_id",
)  # fmt: skip
PEOPLE = (
    "person_key", "shop", "platforms", "country", "birth_decade", "segment", "consent",
    "signed_up_on", "row_id",
)  # fmt: skip

_IDENTITY_CASTS = {"platform": PLATFORM, "signed_up_at": PRIVATE_DATE}
_PERSON_CASTS = _IDENTITY_CASTS | {"birth_year": PRIVATE_INT, "consent": PRIVATE_BOOLEAN}


def identities(bronze_people: DataFrame, settings: RefineSettings) -> DataFrame:
    """One row per platform identity, with the person it belongs to: `silver.identities`.

    A declared link (`link_key`, within one shop) joins identities; there is no guessing from
    names or addresses, so confidence is 1.
    """
    return close_silver(_keyed(bronze_people, _IDENTITY_CASTS, settings), IDENTITIES)


def people(bronze_people: DataFrame, settings: RefineSettings) -> DataFrame:
    """One row per person, over all of their platform identities: `silver.people`.

    Country, birth decade and segment are the latest stated; `signed_up_on` is the first sign-up.
    A person consents only if all their identities do; an identity that says nothing does not.
    The row of the latest identity survives, the others are its duplicates.
    """
    known = _keyed(bronze_people, _PERSON_CASTS, settings).withColumns(
        {
            "country": normalise_text(F.col("country")),
            "segment": normalise_text(F.col("segment")),
            "birth_decade": (F.floor(F.col("birth_year") / 10) * 10).cast("int"),
            # Rows that go to quarantine or are superseded say nothing about the person.
            "_speaks": is_sound() & F.col(DUPLICATE_OF).isNull(),
        }
    )
    speakers = Window.partitionBy("person_key", "_speaks")
    by_time = speakers.orderBy(F.col("signed_up_at").desc_nulls_last(), "row_id").rowsBetween(
        Window.unboundedPreceding, Window.unboundedFollowing
    )
    latest = {
        column: F.first(column, ignorenulls=True).over(by_time)
        for column in ("country", "birth_decade", "segment")
    }
    merged = known.withColumns(
        latest
        | {
            "platforms": F.array_sort(F.collect_set("platform").over(speakers)),
            "consent": F.min(F.coalesce("consent", F.lit(False))).over(speakers),
            "signed_up_on": F.min("signed_up_at").over(speakers),
        }
    )
    speaking_first = [F.col("_speaks").desc()]
    marked = mark_duplicates(merged, ["person_key"], latest="signed_up_at", prefer=speaking_first)
    return close_silver(marked, PEOPLE)


def with_identity(df: DataFrame, key: Secret) -> DataFrame:
    """Adds `_identity_key`, the pseudonym of the row's `person_id`; null where it has none."""
    return df.withColumn("_identity_key", pseudonymise(in_shop(_person_id()), key))


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


def _keyed(
    bronze_people: DataFrame, casts: Mapping[str, Cast], settings: RefineSettings
) -> DataFrame:
    """Typed people rows with identity and person keys; repeated identities are marked."""
    key = settings.pseudonym_key
    rows = with_identity(cast_columns(open_bronze(bronze_people, key), casts), key)
    link = trimmed("link_key")
    declared = pseudonymise(F.concat(F.col("shop"), F.lit(":link:"), link), key)
    rows = rows.withColumns(
        {
            "identity_key": F.col("_identity_key"),
            "person_key": F.coalesce(declared, "_identity_key"),
            "linked_by": F.when(link.isNotNull(), F.lit("declared")).otherwise(F.lit("self")),
            "confidence": F.lit(1.0),
        }
    )
    declared_first = [F.col("linked_by").asc()]  # says more than 'self', whenever it was said
    marked = mark_duplicates(rows, ["identity_key"], latest="signed_up_at", prefer=declared_first)
    # A superseded row follows its survivor to the person that one belongs to.
    of_survivor = F.when(F.col(DUPLICATE_OF).isNull(), F.col("person_key"))
    same = Window.partitionBy("identity_key", is_sound())
    return marked.withColumn("person_key", F.max(of_survivor).over(same))


def _person_id() -> Column:
    return to_id(F.trim("person_id"))
