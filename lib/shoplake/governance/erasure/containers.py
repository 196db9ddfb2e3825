"""What is inside a file: archives, compressed streams, databases, told by their first bytes."""

from __future__ import annotations

import csv
import io
import lzma
import re
import shutil
import sqlite3
import struct
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import BinaryIO, cast

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from shoplake.governance.erasure.numbers import Numbers
from shoplake.governance.erasure.packed import as_utf8, unpacked
from shoplake.governance.erasure.pages import PageError, pages
from shoplake.governance.erasure.rocks import SstError, blocks, is_sst
from shoplake.governance.erasure.scan import CHUNK, Place, Scanner, is_token
from shoplake.governance.erasure.streams import codec_of, plain_blocks
from shoplake.governance.erasure.values import Value, names_regex

_DEPTH = 6
_IN_MEMORY = 64 << 20
#: Encodings whose pages hold values in pieces, so that values must be read as well.
_IN_PIECES = {"DELTA_BYTE_ARRAY", "BYTE_STREAM_SPLIT"}
_STATE = "/state/"
#: Known containers that are not looked into.
_CLOSED = {
    b"Obj\x01": "Avro", b"ORC": "ORC", b"ARROW1": "Arrow", b"\x89HDF": "HDF5",
    b"7z\xbc\xaf": "7z", b"Rar!": "RAR", b"PARE": "encrypted Parquet", b"LZIP": "lzip",
    b"\x1f\x9d": "compress", b"%PDF": "PDF",
    b"\x37\x7f\x06": "a write-ahead log of SQLite",
}  # fmt: skip

#: Of the magic words, which a text may start with as well: PARENT;ID.
_TEXT, _BINARY = b"%PDF", re.compile(rb"[\0-\x08\x0e-\x1f]")

_ERRORS = (OSError, EOFError, ValueError, zipfile.BadZipFile, tarfile.TarError, lzma.LZMAError,
           zlib.error, sqlite3.Error, pa.ArrowException, PageError, SstError, struct.error,
           RuntimeError)  # fmt: skip


class Walker:
    """Hands every byte of a file to a scanner, as it lies there and as it is meant.

    Args:
        scanner: searches.
        values: of the subject; weak ids count only as whole values under a name of `id_names`.
        id_names: names of columns that hold a person's id.
    """

    def __init__(self, scanner: Scanner, values: Iterable[Value], id_names: list[str]) -> None:
        values = list(values)
        self.scanner = scanner
        self.unread: list[str] = []
        self._weak = {v.text: v for v in values if v.is_weak_id}
        self._numbers = Numbers(values)
        self._id_name = re.compile(names_regex(id_names), re.IGNORECASE)

    def _is_id(self, name: str) -> bool:
        return any(self._id_name.fullmatch(part) for part in name.strip().split("."))

    def file(self, path: Path, where: str, on_chunk: Callable[[bytes], None]) -> None:
        """Search one file; `on_chunk` sees its raw bytes once."""

        def chunks(file: BinaryIO) -> Iterator[bytes]:
            while chunk := file.read(CHUNK):
                on_chunk(chunk)
                yield chunk

        with path.open("rb") as file:
            self.scanner.stream(where, chunks(file))
            self._inside(where, file, 0)

    def _inside(self, where: str, file: BinaryIO, depth: int) -> None:
        file.seek(0)
        head = file.read(tarfile.BLOCKSIZE)
        file.seek(0)
        try:
            opener = self._opener(where, head, file)
            if opener is not None:
                opener(where, file, depth)
        except _ERRORS as error:
            self._not_read(where, error)

    def _not_read(self, where: str, error: Exception) -> None:
        said = str(error).splitlines() or [type(error).__name__]
        self.unread.append(f"{where}: {said[0][:120]}")

    def _opener(
        self, where: str, head: bytes, file: BinaryIO
    ) -> Callable[[str, BinaryIO, int], None] | None:
        if head.startswith(b"PAR1"):
            return self._parquet
        if codec := codec_of(head, is_state=_STATE in where):
            return lambda w, f, d: self._nested(w, self._state(w, plain_blocks(f, codec)), d)
        if head.startswith(b"PK\x03\x04"):
            return self._zip
        if head.startswith(b"SQLite format 3"):
            return self._sqlite
        if _is_tar(head):
            return self._tar
        if is_sst(file):
            return self._sst
        file.seek(0)
        made = unpacked(head, file) or as_utf8(head, file)
        if made is not None:
            return lambda w, _, d: self._nested(w, made, d)
        for magic, name in _CLOSED.items():
            if head.startswith(magic) and (magic == _TEXT or _BINARY.search(head[:64])):
                self.unread.append(f"{where}: {name} is not looked into")
        return self._table if self._weak and b"\0" not in head[:16] else None

    def _unpacked(self, where: str, stream: BinaryIO, depth: int) -> None:
        self._nested(where, iter(lambda: stream.read(CHUNK), b""), depth)

    def _nested(self, where: str, chunks: Iterator[bytes], depth: int) -> None:
        """Search unpacked bytes, and what is inside them in turn."""
        if depth >= _DEPTH:
            raise ValueError("packed too often to look into")
        where = f"{where} > unpacked"
        with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as spool:

            def kept() -> Iterator[bytes]:
                for chunk in chunks:
                    spool.write(chunk)
                    yield chunk

            self.scanner.stream(where, kept())
            self._inside(where, cast(BinaryIO, spool), depth + 1)

    def _zip(self, where: str, file: BinaryIO, depth: int) -> None:
        with zipfile.ZipFile(file) as archive:
            for entry in archive.infolist():
                with archive.open(entry) as stream:
                    self._unpacked(f"{where} > {entry.filename}", cast(BinaryIO, stream), depth)

    def _tar(self, where: str, file: BinaryIO, depth: int) -> None:
        # Behind a damaged or an empty block there may be more.
        with tarfile.open(fileobj=file, mode="r:", ignore_zeros=True) as archive:
            for member in archive:
                stream = archive.extractfile(member) if member.isreg() else None
                if stream is not None:
                    self._unpacked(f"{where} > {member.name}", cast(BinaryIO, stream), depth)

    def _sst(self, where: str, file: BinaryIO, depth: int) -> None:
        for data in self._state(where, blocks(file)):
            self.scanner.piece(f"{where} > RocksDB block", data)

    def _state(self, where: str, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """Blocks of a stream's state, whose rows have no names: weak ids are whole tokens there."""
        for data in chunks:
            for text, value in self._weak.items() if _STATE in where else ():
                if is_token(data, text.encode()):
                    self.scanner.found(Place(f"{where} > state", str(value), "token", ""))
            yield data

    def _parquet(self, where: str, file: BinaryIO, depth: int) -> None:
        for page in pages(file):
            place = f"{where} > column {page.column}, row group {page.row_group}, {page.kind} page"
            self.scanner.piece(place, page.data)
        parquet = pq.ParquetFile(file)
        for index in range(parquet.metadata.num_columns):
            name = parquet.schema.column(index).path
            in_pieces = self._in_pieces(parquet, index)
            is_id = bool(self._weak) and self._is_id(name)
            if in_pieces or is_id or self._numbers.can_be_in(parquet, index):
                self._column(where, parquet, name, in_pieces=in_pieces)

    def _in_pieces(self, parquet: pq.ParquetFile, index: int) -> bool:
        groups = range(parquet.metadata.num_row_groups)
        used = {e for g in groups for e in parquet.metadata.row_group(g).column(index).encodings}
        return bool(used & _IN_PIECES)

    def _column(self, where: str, parquet: pq.ParquetFile, name: str, *, in_pieces: bool) -> None:
        for batch in parquet.iter_batches(batch_size=1 << 16, columns=[name]):
            array = batch.column(0)
            while pa.types.is_nested(array.type):
                array = array.flatten()[0] if pa.types.is_struct(array.type) else array.flatten()
            place = f"{where} > column {name}"
            if pa.types.is_dictionary(array.type):
                array = array.dictionary_decode()
            is_text = pa.types.is_string(array.type) or pa.types.is_large_string(array.type)
            if is_text and self._weak and self._is_id(name):
                self._whole(place, array.cast(pa.string()))
            elif (value := self._numbers.first(array, is_id=self._is_id(name))) is not None:
                self.scanner.found(Place(place, str(value), "number", ""))
            if in_pieces:
                values = (v if isinstance(v, bytes) else str(v).encode() for v in array.to_pylist())
                self.scanner.piece(place, b"\0".join(values))

    def _whole(self, place: str, cells: pa.Array) -> None:
        """Weak ids, where a cell of an id's column holds one and nothing else."""
        plain = pc.replace_substring_regex(pc.utf8_trim_whitespace(cells), r"\.0+$", "")
        found = pc.indices_nonzero(pc.is_in(plain, pa.array(list(self._weak), pa.string())))
        if len(found):
            value = self._weak[plain[found[0].as_py()].as_py()]
            self.scanner.found(Place(place, str(value), "whole cell", ""))

    def _sqlite(self, where: str, file: BinaryIO, depth: int) -> None:
        """Rows as well as bytes: a long value lies on several pages."""
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / "copy.db"
            with copy.open("wb") as target:
                shutil.copyfileobj(file, target)
            with sqlite3.connect(f"file:{copy}?mode=ro&immutable=1", uri=True) as database:
                listed = "SELECT name FROM sqlite_master WHERE type = 'table'"
                for (table,) in database.execute(listed).fetchall():
                    place = f"{where} > table {table}"
                    try:
                        self._sql_table(place, database, table)
                    except sqlite3.Error as error:  # Its rows may need an extension.
                        self._not_read(place, error)

    def _sql_table(self, where: str, database: sqlite3.Connection, table: str) -> None:
        cursor = database.execute('SELECT * FROM "{}"'.format(table.replace('"', '""')))
        names = [d[0] for d in cursor.description]
        while rows := cursor.fetchmany(1000):
            for name, cells in zip(names, zip(*rows, strict=True), strict=True):
                data = [c if isinstance(c, bytes) else str(c).encode() for c in cells if c]
                self.scanner.piece(f"{where}, column {name}", b"\0".join(data))
                if self._weak and self._is_id(name):
                    texts = [None if c is None or isinstance(c, bytes) else str(c) for c in cells]
                    self._whole(f"{where}, column {name}", pa.array(texts, pa.string()))

    def _table(self, where: str, file: BinaryIO, depth: int) -> None:
        """A text file with a header: weak ids in its columns of ids."""
        text = io.TextIOWrapper(file, encoding="utf-8-sig", errors="replace", newline="")
        try:
            header = text.readline(1 << 16)
            if not self._id_name.search(header) or header.lstrip()[:1] in ("{", "["):
                return
            delimiter = max(",;\t|", key=header.count)
            names = next(csv.reader([header], delimiter=delimiter))
            columns = [i for i, n in enumerate(names) if self._is_id(n)]
            records = csv.reader(text, delimiter=delimiter) if columns else iter(())
            while some := list(islice(records, 10_000)):
                cells = [c[i] for c in some for i in columns if i < len(c)]
                self._whole(f"{where} > record", pa.array(cells, pa.string()))
        except csv.Error as error:
            raise ValueError(str(error)) from None
        finally:
            text.detach()


def _is_tar(head: bytes) -> bool:
    try:
        tarfile.TarInfo.frombuf(head, "utf-8", "surrogateescape")
    except tarfile.HeaderError:
        return False
    return True
