"""Does a column hold personal data that its classification denies? A sample is read, no Spark."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import unquote

from shoplake.contracts.book import ContractBook
from shoplake.errors import ShoplakeError
from shoplake.governance.personal.columns import column_kind, text_kinds
from shoplake.runtime.settings import Settings
from shoplake.runtime.sql import lake_folder, tables

#: Classifications that say: there is a person behind this.
PRIVATE = ("personal", "pseudonym")
#: Share of the values of a text from which a kind is told.
TOLD = 0.005
_FILES = 8  # spread over the table, so that the sample is not its oldest rows


@dataclass(frozen=True)
class Finding:
    """A column that looks personal.

    Attributes:
        kind: what its values are, or what its texts contain ("text: email, phone").
        share: of the sampled values.
        verdict: `ok` where it is classified as personal or a pseudonym, else `warn`.
    """

    table: str
    column: str
    classification: str
    kind: str
    share: float
    verdict: str

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def scan(
    settings: Settings, contracts: ContractBook, table: str | None = None, *, sample: int = 2000
) -> list[Finding]:
    """Look at `sample` rows of each table of a lake of folders, or of one.

    The same rows are looked at each time: the first of up to eight files spread over the table.

    Raises:
        ShoplakeError: there is no lake, or no such table.
    """
    lake_folder(settings)
    names = tables(settings)
    if table is not None and table not in names:
        raise ShoplakeError(f"no table '{table}'", remedy=f"there are {', '.join(names) or 'none'}")
    return [
        f
        for name in names
        if table in (None, name)
        for f in _scan(settings, contracts, name, sample)
    ]


def _scan(
    settings: Settings, contracts: ContractBook, table: str, sample: int
) -> Iterator[Finding]:
    contract = contracts.get(table)
    classes = {c.name: str(c.classification) for c in contract.columns} if contract else {}
    for column, values in _sample(settings, table, sample).items():
        known = classes.get(column, "none")
        kind = column_kind(column, values)
        if kind is not None:
            told, share = kind
        else:
            inside = {k: s for k, s in text_kinds(values).items() if s >= TOLD}
            told, share = f"text: {', '.join(inside)}", max(inside.values(), default=0.0)
            if not inside:
                continue
        verdict = "ok" if known in PRIVATE else "warn"
        yield Finding(table, column, known, told, round(share, 3), verdict)


def _sample(settings: Settings, table: str, rows: int) -> dict[str, list[object]]:
    """Values by column: strings and whole numbers; other types name nobody."""
    import pyarrow as pa
    import pyarrow.parquet as pq
    from deltalake import DeltaTable

    schema, name = table.split(".")
    folder = settings.root / f"{settings.schema_prefix}{schema}" / name
    files = sorted(map(unquote, DeltaTable(str(folder)).file_uris()))
    chosen = files[:: max(1, len(files) // _FILES)][:_FILES]
    found: dict[str, list[object]] = {}
    for path in chosen:
        with pq.ParquetFile(path.removeprefix("file://")) as file:
            wanted = [
                f.name
                for f in file.schema_arrow
                if pa.types.is_string(f.type) or pa.types.is_integer(f.type)
            ]
            each = -(-rows // len(chosen))
            batch: Any = next(file.iter_batches(batch_size=each, columns=wanted), None)
            for column in wanted if batch is not None else ():
                found.setdefault(column, []).extend(batch[column].to_pylist())
    return found
