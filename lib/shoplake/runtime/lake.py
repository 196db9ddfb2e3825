"""The lake: one resolver from `schema.table` to its place, and reads of pinned versions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from delta.tables import DeltaTable
from pyspark.errors import PySparkException

from shoplake.errors import ShoplakeError
from shoplake.runtime.commits import REARRANGING, changed_at, rearranged_to
from shoplake.runtime.settings import Settings

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame, SparkSession

SCHEMAS = ("bronze", "silver", "gold", "governance")
_NAME = re.compile(rf"^({'|'.join(SCHEMAS)})\.([a-z][a-z0-9_]*)$")


def split_name(name: str) -> tuple[str, str]:
    """`silver.orders` to ("silver", "orders").

    Raises:
        ShoplakeError: not `<schema>.<table>` with a schema of the lake.
    """
    match = _NAME.match(name)
    if not match:
        raise ShoplakeError(
            f"'{name}' is not a table name of the lake",
            remedy=f"write <schema>.<table> with a schema of {', '.join(SCHEMAS)}",
        )
    return match[1], match[2]


def is_table(folder: Path) -> bool:
    """Whether a folder holds a Delta table: a commit, not only the folder that one was to be in.

    A process that is killed, or a thread that is not done, may have made no more than that.
    """
    return next((folder / "_delta_log").glob("*.json"), None) is not None


class Lake:
    """Reads and names tables; alone knows whether they are folders or catalog entries."""

    def __init__(self, spark: SparkSession, settings: Settings) -> None:
        self.spark = spark
        self.settings = settings
        #: Tables, with the stamp of the contract, that were seen to be under it.
        self.ready: set[tuple[str, str]] = set()
        # Under a catalog: the newest version with the rows of a version that was asked for.
        self._rearranged: dict[tuple[str, int], int] = {}

    def identifier(self, name: str) -> str:
        """The name in SQL: `` delta.`/lake/silver/orders` `` or `` `main`.`silver`.`orders` ``."""
        schema, table = split_name(name)
        if self.settings.catalog:
            return f"`{self.settings.catalog}`.`{self.settings.schema_prefix}{schema}`.`{table}`"
        return f"delta.`{self.folder(name)}`"

    def folder(self, name: str) -> Path:
        """The table's folder in a lake of folders."""
        schema, table = split_name(name)
        return self.settings.root / f"{self.settings.schema_prefix}{schema}" / table

    def exists(self, name: str) -> bool:
        """Whether the table has been created."""
        if self.settings.catalog:
            return self.spark.catalog.tableExists(self.identifier(name).replace("`", ""))
        return is_table(self.folder(name))

    def delta(self, name: str) -> DeltaTable:
        """The table for MERGE, history and the like."""
        if self.settings.catalog:
            return DeltaTable.forName(self.spark, self.identifier(name))
        return DeltaTable.forPath(self.spark, str(self.folder(name)))

    def read(self, name: str, version: int | None = None) -> DataFrame:
        """The table's rows, as of a Delta version when one is given.

        Read from the files that later rearranging (`version`) has put them in: those of the version
        itself may be gone.

        Raises:
            ShoplakeError: the table does not exist yet.
        """
        if not self.exists(name):
            raise ShoplakeError(
                f"table {name} does not exist",
                where=self.identifier(name),
                remedy="run the step that builds it, or `shoplake run`, first",
            )
        reader = self.spark.read.format("delta")
        if version is not None:
            reader = reader.option("versionAsOf", self._at(name, version))
        if self.settings.catalog:
            return reader.table(self.identifier(name))
        return reader.load(str(self.folder(name)))

    def rows(
        self,
        name: str,
        columns: Sequence[str] | None = None,
        where: Mapping[str, Any] | None = None,
    ) -> list[dict[str, Any]]:
        """All rows of a small table, in the driver and in no order; none if there is no table.

        In a lake of folders without a Spark job, which would take a hundred times as long.

        Args:
            name: the table.
            columns: those wanted; default all. One that the table lacks is None.
            where: values that columns must have.

        Returns:
            Times are naive, in UTC.
        """
        if not self.exists(name):
            return []
        if not self.settings.catalog:
            return _folder_rows(self.folder(name), columns, where or {})
        df = self.read(name)
        for column, value in (where or {}).items():
            df = df.where(df[column] == value)
        there = set(df.columns)
        wanted = df.columns if columns is None else columns
        found = df.select(*(c for c in wanted if c in there)).collect()
        return [{c: row[c] if c in there else None for c in wanted} for row in found]

    def rows_of(
        self, name: str, key: str, columns: Sequence[str], time: str
    ) -> Callable[[str, int | None], list[dict[str, Any]]]:
        """What gives the rows of a small table whose `key` is a value; the table is read once.

        In a lake of folders, only rows that are asked for become Python's: of a table that a stream
        adds lines to, that takes longer than to read it.

        Args:
            name: of the table.
            key: a column of text.
            columns: those wanted, the key and the time among them.
            time: the column that says which rows are newest.

        Returns:
            A function of a value of the key, and of how many of its newest rows are wanted (None:
            all), which gives them in no order.
        """
        if not self.exists(name) or self.settings.catalog:
            found: dict[str, list[dict[str, Any]]] = {}
            for row in self.rows(name, columns):
                found.setdefault(row[key], []).append(row)
            return lambda value, _: found.get(value, [])
        table = _folder_table(self.folder(name), columns, {})
        import pyarrow.compute as pc

        def rows(value: str, most: int | None) -> list[dict[str, Any]]:
            mine = table.filter(pc.field(key) == value)
            if most is not None and len(mine) > most:
                mine = mine.take(pc.top_k_unstable(mine, most, [time]))
            return _listed(mine, columns)

        return rows

    def arrow(
        self,
        name: str,
        columns: Sequence[str],
        version: int | None = None,
        where: tuple[str, list[str]] | None = None,
    ) -> pa.Table:
        """Columns of a table in the driver, in no order; in a lake of folders without a Spark job.

        Args:
            name: a table that exists.
            columns: those wanted; all are the table's.
            version: a pinned one; default: the newest.
            where: a column of text, and the values that it may have.
        """
        if self.settings.catalog:
            df = self.read(name, version)
            df = df if where is None else df.where(df[where[0]].isin(where[1]))
            return df.select(*columns).toArrow()
        from deltalake import DeltaTable as FolderTable

        at = None if version is None else self._at(name, version)
        data = FolderTable(str(self.folder(name)), version=at).to_pyarrow_dataset()
        chosen = None
        if where is not None:
            import pyarrow as pa
            import pyarrow.compute as pc

            kind = data.schema.field(where[0]).type
            chosen = pc.field(where[0]).isin(pa.array(where[1], kind))
        return data.to_table(columns=list(columns), filter=chosen)

    def count(self, name: str, version: int) -> int:
        """How many rows a pinned version holds; in a lake of folders read from its log."""
        if not self.settings.catalog:
            from deltalake import DeltaTable as FolderTable

            table = FolderTable(str(self.folder(name)), version=self._at(name, version))
            files = table.get_add_actions(True)
            counts = [int(n) for n in files.column("num_records").to_pylist() if n is not None]
            if len(counts) == files.num_rows:
                return sum(counts)
        return self.read(name, version).count()

    def version(self, name: str) -> int | None:
        """The Delta version that changed the rows last, or None when the table does not exist.

        Later ones, if any, have rearranged files: nothing is to be built again because of them.
        """
        if not self.exists(name):
            return None
        if not self.settings.catalog:
            from deltalake import DeltaTable as FolderTable

            # A Spark job would take a hundred times as long.
            folder = self.folder(name)
            return changed_at(folder, FolderTable(str(folder), without_files=True).version())
        for commits in (1, 1000):
            past = self.delta(name).history(commits).select("version", "operation").collect()
            changed = [int(v) for v, operation in past if operation not in REARRANGING]
            if changed:
                break
        found = changed[0] if changed else int(past[-1][0])
        self._rearranged[name, found] = int(past[0][0])
        return found

    def folder_id(self, name: str) -> str:
        """The id that Delta gave a table of folders when it was made; one made anew has another."""
        from deltalake import DeltaTable as FolderTable

        return str(FolderTable(str(self.folder(name)), without_files=True).metadata().id)

    def _at(self, name: str, version: int) -> int:
        """The newest version whose rows are those of `version`."""
        if not self.settings.catalog:
            return rearranged_to(self.folder(name), version)
        return self._rearranged.get((name, version), version)

    def size(self, name: str) -> int | None:
        """Bytes of a table's data files in a lake of folders; None where it takes a job."""
        if self.settings.catalog:
            return None
        from deltalake import DeltaTable as FolderTable

        files = FolderTable(str(self.folder(name))).get_add_actions(True)
        return sum(int(n) for n in files.column("size_bytes").to_pylist())

    def files(self, name: str, version: int) -> list[str]:
        """Absolute paths of the Parquet files of a pinned version, sorted."""
        paths = self.read(name, version).inputFiles()
        return sorted(re.sub(r"^file:(//)?", "", p) for p in paths)

    @contextmanager
    def held(self, df: DataFrame) -> Iterator[DataFrame]:
        """`df` computed once for several uses; where a cluster refuses caching, `df` as it is."""
        try:
            kept = df.persist()
        except PySparkException:
            yield df
            return
        try:
            yield kept
        finally:
            kept.unpersist()


def _folder_rows(
    folder: Path, columns: Sequence[str] | None, where: Mapping[str, Any]
) -> list[dict[str, Any]]:
    return _listed(_folder_table(folder, columns, where), columns)


def _folder_table(
    folder: Path, columns: Sequence[str] | None, where: Mapping[str, Any]
) -> pa.Table:
    """The columns that a table of folders has; times are naive."""
    import pyarrow as pa
    import pyarrow.dataset as ds
    from deltalake import DeltaTable as FolderTable

    data = FolderTable(str(folder)).to_pyarrow_dataset()
    condition = None
    for column, value in where.items():
        one = ds.field(column) == value
        condition = one if condition is None else condition & one
    there = data.schema.names
    wanted = there if columns is None else columns
    found = data.to_table(columns=[c for c in wanted if c in there], filter=condition)
    naive = [
        pa.field(f.name, pa.timestamp("us") if pa.types.is_timestamp(f.type) else f.type)
        for f in found.schema
    ]
    return found.cast(pa.schema(naive))


def _listed(table: pa.Table, columns: Sequence[str] | None) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = table.to_pylist()
    missing = dict.fromkeys(c for c in columns or () if c not in table.schema.names)
    return [{**row, **missing} for row in rows] if missing else rows
