"""The pseudonym key: from the environment, a secret scope or a file; never printed."""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from shoplake.errors import SettingsError
from shoplake.runtime.lake import is_table
from shoplake.runtime.settings import Settings

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_MIN_BYTES = 16
#: What the first `refine` makes under its key.
USED_BY = ("governance.vault", "silver.identities")


def pseudonym_key(
    settings: Settings,
    spark: SparkSession | None = None,
    *,
    make: bool = True,
    used_by: Sequence[str] = USED_BY,
) -> bytes:
    """The key that pseudonyms are made with.

    Looked for in this order: the environment variable, the secret scope, the file. The file is
    made with 32 random bytes and mode 0600 when it is missing and the lake has nothing yet that
    was made under a key; it lies beside the lake, not in it, so that a copy of the lake does not
    carry its key.

    Args:
        settings: where the lake and the key are.
        spark: reads a secret scope.
        make: whether a first key may be made; no, where something is only looked up.
        used_by: tables that are there only if there was a key.

    Raises:
        SettingsError: no source gives a key, or it is shorter than 16 bytes.
    """
    source = settings.pseudonym_key
    text = os.environ.get(source.env, "")
    if not text and source.secret_scope and source.secret_name and spark is not None:
        text = from_scope(spark, source.secret_scope, source.secret_name)
    if not text and source.file:
        path = _file(source.file, settings)
        if not path.exists():
            made = [table for table in used_by if is_table(_folder(table, settings))]
            if made or not make:
                raise _missing(settings, path, made)
            _write_first(path)
        text = path.read_text().strip()
    if len(text.encode()) < _MIN_BYTES:
        raise SettingsError(
            "no pseudonym key, or one shorter than 16 bytes",
            where=f"environment variable {source.env}",
            remedy="set it to a long random text, e.g. the output of `openssl rand -hex 32`",
        )
    return text.encode()


def _missing(settings: Settings, path: Path, made: Sequence[str]) -> SettingsError:
    """Another key would give other pseudonyms: nobody would be found, and nobody told."""
    looked = f"environment variable {settings.pseudonym_key.env}; file {path}"
    if not made:
        return SettingsError(
            "there is no pseudonym key yet",
            where=looked,
            remedy="set one, or run `shoplake step refine`, which makes one",
        )
    return SettingsError(
        f"no pseudonym key: the one that {made[0]} was made with is missing, another finds nobody",
        where=looked,
        remedy="put it back there; docs/personal-data.md says what to do where it is lost",
    )


def replace_key(settings: Settings) -> None:
    """Put a new random key in the place of the key file, in one step: never no key, never half.

    Raises:
        SettingsError: the key is not kept in a file, so that somebody else has to change it.
    """
    source = settings.pseudonym_key
    elsewhere = None
    if os.environ.get(source.env):
        elsewhere = f"environment variable {source.env}"
    elif source.secret_scope:
        elsewhere = f"secret scope {source.secret_scope}, {source.secret_name}"
    if elsewhere or not source.file:
        raise SettingsError(
            "the pseudonym key is not kept in a file, so it has to be changed where it is kept",
            where=elsewhere or "no source",
            remedy="run `shoplake step refine`, set the new key there, and run it again",
        )
    path = _file(source.file, settings)
    os.replace(_written(path), path)


def _folder(table: str, settings: Settings) -> Path:
    schema, _, name = table.partition(".")
    return settings.root / f"{settings.schema_prefix}{schema}" / name


def _file(name: str, settings: Settings) -> Path:
    return Path(name.replace("{lake}", settings.lake))


def _write_first(path: Path) -> None:
    """Put a first key there, whole; that of another process that came before stays."""
    new = _written(path)
    try:
        os.link(new, path)
    except FileExistsError:
        pass
    except OSError:
        # A file system without links.
        if not path.exists():
            os.replace(new, path)
    new.unlink(missing_ok=True)


def _written(path: Path) -> Path:
    """A new key in a file beside `path`."""
    new = path.with_name(f".{path.name}.{os.getpid()}.new")
    new.parent.mkdir(parents=True, exist_ok=True)
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_hex(32))
        file.flush()
        os.fsync(file.fileno())
    return new


def from_scope(spark: SparkSession, scope: str, name: str) -> str:
    """A Databricks secret; "" where there are none."""
    try:
        from pyspark.dbutils import DBUtils  # only there on Databricks
    except ImportError:
        return ""
    return str(DBUtils(spark).secrets.get(scope=scope, key=name))
