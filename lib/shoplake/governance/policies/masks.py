"""A mask as SQL: the same text on Spark, Unity Catalog and DataFusion but for the hash.

The hash is the first 32 hex digits of SHA-256(key || value). The key keeps it from being undone by
trying all values; showing half of the digest keeps it from being extended to longer values
(Coron, Dodis, Malinaud & Puniya 2005, "Merkle-Damgard revisited", chop-MD).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable

from shoplake.governance.policies.model import Generalise, Mask, Partial

#: SQL of a column to SQL of its hash.
Hash = Callable[[str], str]

_NUMBERS = ("int", "bigint", "float", "double", "decimal")
#: The largest step of a bucket; with it no bucket of a value below `_LARGEST` leaves its type.
LARGEST_STEP = 1e8
_LARGEST = {"int": "2e9"}


def mask_key(pseudonym_key: bytes) -> str:
    """The key of masks, 64 hex digits: derived, so that it does not give pseudonyms away."""
    return hmac.digest(pseudonym_key, b"shoplake masks", hashlib.sha256).hex()


def hashed(value: str, key: str) -> str:
    """What the mask `hash` shows for a value."""
    return hashlib.sha256((key + value).encode()).hexdigest()[:32]


def spark_hash(key: str) -> Hash:
    """The hash in Spark's SQL; `key` is an SQL expression."""
    return lambda column: f"substr(sha2({key} || {column}, 256), 1, 32)"


def datafusion_hash(key: str) -> Hash:
    """The hash in DataFusion's SQL; `key` is an SQL expression."""
    return lambda column: f"left(encode(sha256({key} || {column}), 'hex'), 32)"


def fits(mask: Mask, kind: str) -> bool:
    """Whether the mask has a meaning for columns of the SQL type."""
    if mask == "hash" or isinstance(mask, Partial):
        return kind == "string"
    if isinstance(mask, Generalise):
        if mask.generalise.to is not None:
            return kind in ("date", "timestamp")
        return kind.startswith(_NUMBERS)
    return True


def masked(mask: Mask, kind: str, column: str, hash_: Hash) -> str:
    """SQL of the masked column; of the column's type. A mask that does not fit shows nothing.

    Args:
        mask: what to do.
        kind: the column's Spark SQL type.
        column: SQL of the column.
        hash_: how the engine hashes.
    """
    if not fits(mask, kind) or mask is None:
        # A null of the column's type, whatever that is.
        return f"CASE WHEN false THEN {column} END"
    if mask == "show":
        return column
    if mask == "hash":
        return hash_(column)
    if isinstance(mask, Partial):
        first, last = mask.partial.first, mask.partial.last
        ends = f"left({column}, {first}) || '***' || right({column}, {last})"
        return (
            f"CASE WHEN {column} IS NULL THEN NULL "
            f"WHEN length({column}) > {first + last} THEN {ends} ELSE '***' END"
        )
    assert isinstance(mask, Generalise)
    if mask.generalise.to is not None:
        cut = f"date_trunc('{mask.generalise.to}', {column})"
        return f"CAST({cut} AS DATE)" if kind == "date" else cut
    value, step = f"CAST({column} AS DOUBLE)", f"CAST({mask.generalise.step} AS DOUBLE)"
    bucket = f"TRY_CAST(floor({value} / {step}) * {step} AS {kind.upper()})"
    # NaN and infinities lie in no bucket.
    return f"CASE WHEN abs({value}) < {_LARGEST.get(kind, '1e15')} THEN {bucket} END"
