"""Who is asking, from what a login or a command line says; never from a message."""

from __future__ import annotations

from shoplake.runtime.settings import Settings
from shoplake.runtime.sql import query, tables

_LINKS = "silver.identities"


def person_key(settings: Settings, who: str) -> str:
    """The key of the person who is asking.

    Args:
        settings: of a lake of folders.
        who: a person_key, or `<shop>:<id as the shop knows them>`.

    Raises:
        SettingsError: the pseudonym key is missing, or another than the lake's.
        ShoplakeError: neither.
    """
    from shoplake.refine.known import lake_key
    from shoplake.refine.subject import keys_of, parse_subject

    named = parse_subject(who)
    if isinstance(named, str):
        return named
    (key,) = keys_of([named], lake_key(settings))
    if _LINKS not in tables(settings):
        return key
    # `key` is hex digits, whatever was written.
    linked = query(settings, f"SELECT person_key FROM {_LINKS} WHERE identity_key = '{key}'")
    return str(linked[0]["person_key"]) if linked else key
