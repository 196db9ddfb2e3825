"""A table's past: the rows it gained between two versions, and whether one can still be read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from pyspark.sql.types import StructType

from shoplake.runtime.commits import added_by, rearranged_to

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from shoplake.runtime.lake import Lake


def appended(lake: Lake, name: str, since: int | None, until: int) -> DataFrame | None:
    """The rows that were added after version `since`, up to version `until`.

    Args:
        lake: of folders; of a catalog, whose files may not be read past it, nothing is known.
        name: the table.
        since: None: the table was not there yet.
        until: a version at or after `since`.

    Returns:
        Rows with the table's columns; None where the versions differ by more than added rows, or
        where it cannot be told.
    """
    if since is None:
        return lake.read(name, until)
    if lake.settings.catalog:
        return None
    files = added_by(lake.folder(name), since, until)
    if files is None:
        return None
    if not files:
        return lake.read(name, until).limit(0)
    return lake.spark.read.schema(_schema(lake.folder(name), until)).parquet(*files)


def _schema(folder: Path, version: int) -> StructType:
    """A version's columns; Spark would read all of the table's state to say."""
    from deltalake import DeltaTable

    table = DeltaTable(str(folder), version=version, without_files=True)
    # Delta keeps schemas as Spark writes them.
    return StructType.fromJson(json.loads(table.schema().to_json()))


def readable(lake: Lake, name: str, version: int) -> bool:
    """Whether a version can be read: neither its log nor a file of it has been cleared away.

    Of a lake of folders. As `Lake.read` does, it looks at the files that later rearranging has put
    the version's rows in.
    """
    from deltalake import DeltaTable
    from deltalake.exceptions import DeltaError

    folder = lake.folder(name)
    try:
        files = DeltaTable(str(folder), version=rearranged_to(folder, version)).file_uris()
    except DeltaError:
        return False
    return all(Path(unquote(file)).exists() for file in files)
