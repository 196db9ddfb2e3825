"""Whether a lake of folders knows whom a request names, looked up without Spark."""

from __future__ import annotations

from sqlglot import expressions as exp

from shoplake.errors import SettingsError, ShoplakeError
from shoplake.governance.erasure.suppress import (
    TABLE,
    digest,
    erasure_key,
    normal_id,
    pseudonym_digest,
)
from shoplake.ingest.check import mapping_path
from shoplake.refine.pseudonym import Secret, key_id
from shoplake.refine.vault import SOURCES, VAULT
from shoplake.runtime.key import pseudonym_key
from shoplake.runtime.settings import Settings, conf_dir
from shoplake.runtime.sql import query, tables

_IDENTITIES = "silver.identities"


def check_known(settings: Settings, said: tuple[str, str] | str, *, unknown: bool) -> None:
    """Refuse to search for somebody of whom the lake has never heard.

    Args:
        settings: of a lake of folders; nothing is checked under a catalog.
        said: of `parse_subject`.
        unknown: whether a person whom no table names is meant; their shop must be known even so.

    Raises:
        ShoplakeError: no table names the shop or the person, and nobody like that was erased.
    """
    if settings.catalog or _is_known(settings, said) or _was_erased(settings, said):
        return
    if isinstance(said, tuple):
        shops = _shops(settings)
        if said[0] not in shops and not mapping_path(said[0], conf_dir()).is_file():
            raise unknown_shop(said[0], shops, settings)
    if not unknown:
        raise unknown_person(settings)


def lake_key(settings: Settings) -> Secret:
    """The pseudonym key of a lake of folders, to look somebody up with.

    Raises:
        SettingsError: it is missing, or another than the lake's.
    """
    key = Secret(pseudonym_key(settings, make=False))
    check_key(settings, key)
    return key


def check_key(settings: Settings, key: Secret) -> None:
    """Refuse a key that is not the one of the pseudonyms in a lake of folders.

    Raises:
        SettingsError: the vault is of another one.
    """
    if settings.catalog or VAULT not in tables(settings):
        return
    rows = query(settings, f"SELECT DISTINCT key_id FROM {VAULT} WHERE NOT retired")
    if rows and {"key_id": key_id(key)} not in rows:
        raise other_key(settings)


def unknown_person(settings: Settings) -> ShoplakeError:
    """Nobody has this id or pseudonym."""
    return ShoplakeError(
        "no table names this person, and nobody of this name was erased",
        where=settings.lake,
        remedy="look at the id again; if it is right, say --unknown",
    )


def unknown_shop(shop: str, known: set[str], settings: Settings) -> ShoplakeError:
    """No table and no mapping has this shop."""
    return ShoplakeError(
        f"there is no shop '{shop}'",
        where=settings.lake,
        remedy=f"shops of this lake: {', '.join(sorted(known)) or 'none yet'}",
    )


def other_key(settings: Settings) -> SettingsError:
    """The key at hand finds nobody."""
    return SettingsError(
        "the pseudonym key is not the one that the lake's pseudonyms were made with",
        where=f"{settings.lake}: {VAULT}",
        remedy="put the right key back; if it was changed on purpose, run `shoplake step refine`",
    )


def _is_known(settings: Settings, said: tuple[str, str] | str) -> bool:
    there = tables(settings)
    if isinstance(said, str):
        columns = {VAULT: "pseudonym", _IDENTITIES: "person_key"}
        return any(
            query(settings, f"SELECT 1 AS n FROM {t} WHERE {c} = {_text(said)} LIMIT 1")
            for t, c in columns.items()
            if t in there
        )
    shop, person = said
    kept = f"SELECT 1 AS n FROM {VAULT} WHERE shop = {_text(shop)} AND value = {_text(person)}"
    if VAULT in there and query(settings, f"{kept} LIMIT 1"):
        return True
    for table in SOURCES:
        if table in there:
            text = "trim(person_id)"
            sql = (
                f"SELECT DISTINCT {text} AS id FROM {table} WHERE _source = {_text(shop)}"
                f" AND substring({text}, 1, {len(person)}) = {_text(person)}"
            )
            if any(normal_id(row["id"]) == person for row in query(settings, sql)):
                return True
    return False


def _was_erased(settings: Settings, said: tuple[str, str] | str) -> bool:
    if TABLE not in tables(settings):
        return False
    kept = {
        d for row in query(settings, f"SELECT digests FROM {TABLE}") for d in row["digests"] or ()
    }
    key = erasure_key(settings, make=False)
    made = pseudonym_digest(said, key) if isinstance(said, str) else digest(*said, key)
    return made in kept


def _shops(settings: Settings) -> set[str]:
    there = [table for table in SOURCES if table in tables(settings)]
    rows = [r for t in there for r in query(settings, f"SELECT DISTINCT _source AS shop FROM {t}")]
    return {row["shop"] for row in rows if row["shop"]}


def _text(value: str) -> str:
    return str(exp.Literal.string(value).sql(dialect="databricks"))
