"""An erased person does not come back: a keyed digest of their id, and nothing else, is kept.

The key is not the pseudonyms' key. Pseudonyms get new keys from time to time; a digest could not be
made again under a new one, because the id it stands for is gone.
"""

from __future__ import annotations

import dataclasses
import hashlib
import hmac
from collections.abc import Callable

import pandas as pd
from pyspark.sql import Column, SparkSession
from pyspark.sql import functions as F

from shoplake.runtime.key import pseudonym_key
from shoplake.runtime.lake import Lake
from shoplake.runtime.settings import Settings

TABLE = "governance.erasures"
_LABEL = b"shoplake erasure\0"
# No shop is called so.
_PSEUDONYMS = "\0pseudonym"


def suppression_key(lake: Lake) -> bytes:
    """The digests' key: beside the pseudonyms' key, its name with `_ERASURES` (`-erasures`).

    Raises:
        SettingsError: there is none and none can be made.
    """
    return erasure_key(lake.settings, lake.spark)


def erasure_key(
    settings: Settings, spark: SparkSession | None = None, *, make: bool = True
) -> bytes:
    """As `suppression_key`; `make` says whether the first may be made.

    Raises:
        SettingsError: there is none and none can be made.
    """
    source = settings.pseudonym_key
    own = dataclasses.replace(
        source,
        env=f"{source.env}_ERASURES",
        file=f"{source.file}-erasures" if source.file else None,
        secret_name=f"{source.secret_name}-erasures" if source.secret_name else None,
    )
    named = dataclasses.replace(settings, pseudonym_key=own)
    return pseudonym_key(named, spark, make=make, used_by=[TABLE])


def digest(shop: str, person_id: str, key: bytes) -> str:
    """HMAC-SHA256 (RFC 2104) of `<shop>:<id>` under a label of its own, 64 hex digits."""
    said = _LABEL + f"{shop}:{normal_id(person_id)}".encode()
    return hmac.digest(key, said, hashlib.sha256).hex()


def pseudonym_digest(pseudonym: str, key: bytes) -> str:
    """As `digest`, of a pseudonym: some records name nobody by an id of the shop."""
    return digest(_PSEUDONYMS, pseudonym, key)


def normal_id(person_id: str) -> str:
    """An id as silver has it: trimmed, `17850.0` is `17850`."""
    text = person_id.strip(" ")
    whole, point, rest = text.partition(".")
    return whole if point and whole.isdigit() and rest and not rest.strip("0") else text


def suppressed(lake: Lake) -> frozenset[str]:
    """Digests of everyone whose erasure was asked for."""
    return frozenset(d for row in lake.rows(TABLE, ["digests"]) for d in row["digests"] or ())


def is_suppressed(person_id: Column, shop: str, digests: frozenset[str], key: bytes) -> Column:
    """Whether an id, a string as sent, is of an erased person; the key is in no plan."""
    return F.pandas_udf(_tester(shop, digests, key), "boolean")(person_id)  # type: ignore[call-overload]


def _tester(shop: str, digests: frozenset[str], key: bytes) -> Callable[[pd.Series], pd.Series]:
    def is_erased(values: pd.Series) -> pd.Series:
        known = {v: digest(shop, v, key) in digests for v in values.dropna().unique()}
        return values.map(lambda v: known.get(v, False)).astype(bool)

    return is_erased
