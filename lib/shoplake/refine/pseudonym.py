"""A person's identity becomes a keyed pseudonym: HMAC-SHA256, the key never in a plan."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable

import pandas as pd
from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql.types import StringType

from shoplake.errors import SettingsError

LENGTH = 32
_MIN_KEY_BYTES = 16


class Secret:
    """A value that prints as `***`; `reveal` is the only way to read it.

    Raises:
        SettingsError: shorter than 16 bytes, so that it could be guessed.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str | bytes) -> None:
        data = value.encode() if isinstance(value, str) else bytes(value)
        if len(data) < _MIN_KEY_BYTES:
            raise SettingsError(
                f"a secret key has {len(data)} bytes, at least {_MIN_KEY_BYTES} are needed",
                remedy="make one: python -c 'import secrets; print(secrets.token_hex(32))'",
            )
        self._value = data

    def reveal(self) -> bytes:
        """The secret bytes."""
        return self._value

    def __repr__(self) -> str:
        return "***"


def pseudonym(value: str, key: Secret) -> str:
    """Pseudonym of one value: the first 32 hex digits of HMAC-SHA256 (RFC 2104)."""
    return hmac.digest(key.reveal(), value.encode(), hashlib.sha256).hex()[:LENGTH]


def key_id(key: Secret) -> str:
    """A check value that tells keys apart and nothing about them: 8 hex digits of an HMAC."""
    return hmac.digest(key.reveal(), b"shoplake key id", hashlib.sha256).hex()[:8]


def pseudonymise(col: Column, key: Secret) -> Column:
    """Pseudonym of each value of a string column, as `pseudonym`; null stays null.

    The key travels inside the pickled function, so it is in no literal, plan or event log.
    """
    return F.pandas_udf(_pseudonyms(key), StringType())(col)  # type: ignore[call-overload]


def _pseudonyms(key: Secret) -> Callable[[pd.Series], pd.Series]:
    def pseudonyms(values: pd.Series) -> pd.Series:
        return values.map(lambda value: pseudonym(value, key), na_action="ignore")

    return pseudonyms
