"""Who is asking, from what a login or a command line says; never from a message."""

from __future__ import annotations

import re

from shoplake.errors import PolicyError
from shoplake.runtime.key import pseudonym_key
from shoplake.runtime.settings import Settings
from shoplake.runtime.sql import query, tables

_KEY = re.compile(r"[0-9a-f]{32}")
_LINKS = "silver.identities"


def person_key(settings: Settings, who: str) -> str:
    """The key of the person who is asking.

    Args:
        settings: of a lake of folders.
        who: a person_key, or `<shop>:<id as the shop knows them>`.

    Raises:
        PolicyError: neither.
    """
    if _KEY.fullmatch(who):
        return who
    shop, colon, person = who.partition(":")
    if not (colon and shop and person.strip()):
        raise PolicyError(
            f"--as '{who}' names nobody",
            remedy="write a person_key of 32 hex digits, or <shop>:<id as the shop knows them>",
        )
    from shoplake.governance.erasure.suppress import normal_id
    from shoplake.refine.pseudonym import Secret, pseudonym

    key = pseudonym(f"{shop}:{normal_id(person)}", Secret(pseudonym_key(settings)))
    if _LINKS not in tables(settings):
        return key
    # `key` is hex digits, whatever was written.
    linked = query(settings, f"SELECT person_key FROM {_LINKS} WHERE identity_key = '{key}'")
    return str(linked[0]["person_key"]) if linked else key
