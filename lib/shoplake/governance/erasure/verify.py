"""`shoplake erase --verify`: every byte of the lake and the model store, searched for a person.

What is searched: each file's bytes as they lie there, which covers whatever is not compressed
(Delta's log and checksums, statistics and keys in Parquet footers, free pages of SQLite, pickles,
safetensors); the pages of Parquet files decompressed, dictionaries included, whether or not a
Delta version still names the file; values that an encoding cuts into pieces; ids and telephone
numbers in columns of numbers; gzip, bzip2, xz, lzma, zstd, LZ4, zlib, ZIP, tar, Spark's state
(HDFS-backed, RocksDB) and SQLite rows, each in the others, six deep. Links are followed.

How a value may be written: UTF-8, UTF-16, UTF-32, Latin-1, in JSON's or Java's escapes,
URL-encoded, hexadecimal, base64 at any alignment; ASCII letters in any case; a telephone number
with any separators. A value longer than 32 characters is looked for by its first 32.

What is not: values that are encrypted, hashed or split over columns, base64 of compressed data,
numbers in arrays of NumPy or PyTorch, archives in `unread`. A file or folder that could not be
looked into is reported, for it proves nothing.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from shoplake.governance.erasure.containers import Walker
from shoplake.governance.erasure.scan import Place, Scanner
from shoplake.governance.erasure.values import Value, mask_regexes, patterns
from shoplake.governance.erasure.walk import files_below

_AT_ONCE = 2
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Search:
    """What a search found.

    Attributes:
        places: where a value is; none means clean, if `unread` is empty too.
        unread: files that could not be looked into, and why.
        files, bytes_read: how much was searched; bytes count again where they were unpacked.
        values: how many values were looked for.
        skipped: kinds of values that were not: they are too short or not this person's alone.
        manifest: SHA-256 of the list of all files with their SHA-256 and size.
    """

    places: tuple[Place, ...]
    unread: tuple[str, ...]
    files: int
    bytes_read: int
    values: int
    skipped: tuple[str, ...]
    manifest: str

    @property
    def is_clean(self) -> bool:
        """Whether nothing was found and everything was searched."""
        return not self.places and not self.unread


def search(
    roots: Sequence[Path],
    values: Iterable[Value],
    id_names: Iterable[str] = (),
    *,
    progress: Progress | None = None,
    leave: Sequence[Path] = (),
) -> Search:
    """Search everything below `roots`; memory stays bounded whatever the files' sizes.

    Args:
        roots: folders; the lake, and the model store where it lies elsewhere.
        values: of the subject.
        id_names: further names of columns that hold a person's id.
        progress: called with (bytes done, bytes in all).
        leave: files that are not searched: the order of the erasure itself.
    """
    known = list(dict.fromkeys(values))
    names = list(id_names)
    looked_for = patterns(known, names)
    skipped = sorted({str(v.kind) for v in known if not v.is_strong and not v.is_weak_id})
    listed = [files_below(root) for root in roots]
    files = [(p, name) for below, _ in listed for p, name in below if p not in leave]
    total = sum(map(_size, (p for p, _ in files)))
    done = [0] * _AT_ONCE

    def part(number: int) -> tuple[list[Place], list[str], int, list[str]]:
        scanner = Scanner(looked_for)
        walker = Walker(scanner, known, names)
        manifest = []
        for path, name in files[number::_AT_ONCE]:
            digest, size = hashlib.sha256(), 0

            def seen(chunk: bytes, digest=digest) -> None:  # type: ignore[no-untyped-def]
                digest.update(chunk)
                done[number] += len(chunk)
                if progress is not None:
                    progress(sum(done), total)

            try:
                size = path.stat().st_size
                scanner.piece(f"{name} > its name", name.encode())
                walker.file(path, name, seen)
            except OSError as error:
                walker.unread.append(f"{name}: {error.strerror}")
            manifest.append(f"{name}\t{size}\t{digest.hexdigest()}")
        scanner.flush()
        return scanner.places, walker.unread, scanner.read, manifest

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        parts = list(pool.map(part, range(_AT_ONCE)))
    manifest = sorted(line for p in parts for line in p[3])
    unread = [*(x for _, refused in listed for x in refused), *(x for p in parts for x in p[1])]
    in_names = mask_regexes(known)
    return Search(
        places=tuple(sorted({_masked(x, in_names) for p in parts for x in p[0]})),
        unread=tuple(sorted(_in_name(x, in_names) for x in unread)),
        files=len(files),
        bytes_read=sum(p[2] for p in parts),
        values=len({p.value for p in looked_for}),
        skipped=tuple(skipped),
        manifest=hashlib.sha256("\n".join(manifest).encode()).hexdigest(),
    )


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0  # What cannot be read is reported when it is to be searched.


def _masked(place: Place, in_names: list[re.Pattern[str]]) -> Place:
    return replace(place, where=_in_name(place.where, in_names))


def _in_name(where: str, in_names: list[re.Pattern[str]]) -> str:
    """A file may be called after the person."""
    for regex in in_names:
        where = regex.sub("***", where)
    return where
