"""The silver tables in the order they depend on each other, so that the job is a loop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from pyspark.sql import DataFrame

from shoplake.governance.ledger import Counts
from shoplake.governance.personal.words import fingerprint
from shoplake.governance.run import Read, Run
from shoplake.refine.changed import Ties, changed
from shoplake.refine.events import events
from shoplake.refine.feedback import feedback
from shoplake.refine.identify import identities, people
from shoplake.refine.identity_links import identity_links
from shoplake.refine.judgements import judgements
from shoplake.refine.links import LINKS
from shoplake.refine.messages import messages
from shoplake.refine.orders import orders
from shoplake.refine.persons import Persons
from shoplake.refine.products import products
from shoplake.refine.pseudonym import Secret, key_id
from shoplake.refine.rekey import keep_vault
from shoplake.refine.reviews import reviews
from shoplake.refine.searches import searches
from shoplake.refine.sessions import sessions
from shoplake.refine.settings import RefineSettings
from shoplake.refine.vault import VAULT
from shoplake.runtime.key import pseudonym_key


@dataclass(frozen=True)
class Refinement:
    """How one silver table is made.

    Attributes:
        sources: tables it reads. The first is the one whose rows are accounted for: where it does
            not exist, there is nothing to build. `silver.identities`, the vault and links may be
            absent: give None.
        build: `build(*frames, settings)`, frames in the order of `sources` -> the candidates:
            the silver columns, then `_cast_failures` (array of column and value that could not be
            cast) and `_duplicate_of` (row_id of the surviving row, null on survivors). With
            `by_rules` it takes the table's contract last, to know which rows will be held.
        ties: of the records of the first source, where it is enough to look at those that a change
            touches; None: every change is a matter of the whole table.
    """

    sources: tuple[str, ...]
    build: Callable[..., DataFrame]
    ties: Ties | None = None
    by_rules: bool = True


_PEOPLE = "silver.identities"
#: Goes up where the same records make other rows: what was made before is made anew then.
MAKING = 2

SILVER: dict[str, Refinement] = {
    "silver.identities": Refinement(
        ("bronze.people", LINKS),
        lambda sent, links, settings: identities(sent, settings, links),
        by_rules=False,
    ),
    "silver.people": Refinement(
        ("bronze.people", LINKS),
        lambda sent, links, settings, rules=None: people(sent, settings, links, rules),
    ),
    "silver.identity_links": Refinement((LINKS, _PEOPLE), identity_links, by_rules=False),
    "silver.products": Refinement(("bronze.products",), products),
    "silver.orders": Refinement(("bronze.orders", _PEOPLE), orders),
    "silver.events": Refinement(("bronze.events", _PEOPLE), events, Ties("event_id", "session_id")),
    "silver.sessions": Refinement(("silver.events",), sessions, by_rules=False),
    "silver.searches": Refinement(("bronze.searches", _PEOPLE), searches, Ties("search_id")),
    "silver.judgements": Refinement(("bronze.judgements",), judgements),
    "silver.reviews": Refinement(("bronze.reviews", _PEOPLE), reviews, Ties("review_id")),
    "silver.messages": Refinement(("bronze.messages", _PEOPLE), messages, Ties("message_id")),
    "silver.feedback": Refinement(
        ("bronze.feedback", _PEOPLE, VAULT), feedback, Ties("feedback_id", also="request_id")
    ),
}


def refresh(run: Run) -> None:
    """`build_all` with the lake's own key."""
    lake = run.lake
    build_all(run, RefineSettings(Secret(pseudonym_key(lake.settings, lake.spark))))


def build_all(run: Run, settings: RefineSettings) -> None:
    """Bring the vault and every silver table up to date, each after those it is made from."""
    persons = Persons(run)
    run.together(
        {
            VAULT: partial(keep_vault, run, settings.pseudonym_key),
            **{table: partial(build_silver, run, table, settings, persons) for table in SILVER},
        },
        {table: refinement.sources for table, refinement in SILVER.items()},
    )


def build_silver(
    run: Run, table: str, settings: RefineSettings, persons: Persons | None = None
) -> Counts | None:
    """Bring one silver table up to date with what it is made from.

    Args:
        run: whose lake it is.
        table: one of `SILVER`.
        settings: of the cleaning.
        persons: to look only at what a change touches; None: the table is made whole.

    Returns:
        The batch's counts, or None where its first source does not exist.
    """
    refinement = SILVER[table]
    first = refinement.sources[0]
    if not run.lake.exists(first):
        return None

    def build(read: Read) -> DataFrame:
        return candidates(run, table, read, settings)

    change = None
    if refinement.ties is not None and persons is not None:
        change = partial(changed, persons, first, refinement.ties, build)
    return run.build(
        table,
        build,
        inputs=refinement.sources,
        params=[MAKING, repr(settings), key_id(settings.pseudonym_key), fingerprint()],
        rows_of=first if first.startswith("bronze.") else None,
        change=change,
    )


def candidates(run: Run, table: str, read: Read, settings: RefineSettings) -> DataFrame:
    """The rows of a silver table, not yet judged; a shop without links is spared their joins."""
    refinement = SILVER[table]
    made = [read(s) if s != LINKS or run.lake.exists(LINKS) else None for s in refinement.sources]
    rules = [run.contracts[table]] if refinement.by_rules else []
    return refinement.build(*made, settings, *rules)
