"""What goes wrong below us, for the reader: a full disk, a damaged file, another writer, no memory.

Spark, delta-rs and Python each say it in their own way, mostly deep in a stack trace.
"""

from __future__ import annotations

import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from shoplake.errors import ShoplakeError

_FULL = ("No space left on device", "Disk quota exceeded")
_DAMAGED = (
    "FAILED_READ_FILE", "CANNOT_READ_FILE_FOOTER", "is not a Parquet file", "Parquet error",
    "ParquetDecodingException", "Parquet magic bytes", "Couldn't deserialize thrift",
    "could not verify page integrity", "Parquet file size is",
)  # fmt: skip
#: A file that is as it was written, and not what was asked for.
_SOUND = ("PARQUET_COLUMN_DATA_TYPE_MISMATCH", "PARQUET_TYPE", "SchemaColumnConvertNotSupported")
_CLASH = (
    "ConcurrentAppendException", "ConcurrentDeleteReadException", "ConcurrentDeleteDeleteException",
    "ConcurrentTransactionException", "ConcurrentWriteException", "MetadataChangedException",
    "ProtocolChangedException", "DELTA_CONCURRENT", "DELTA_METADATA_CHANGED",
    "DELTA_PROTOCOL_CHANGED",
)  # fmt: skip
#: What Py4J says where there is no JVM any more.
_ENDED = (
    "Answer from Java side is empty", "Error while sending or receiving",
    "trying to connect to the Java server", "Unable to parse datatype. [Errno 111]",
)  # fmt: skip
_MEMORY = ("java.lang.OutOfMemoryError", "Java heap space", "GC overhead limit exceeded")
_DATA_FILE = re.compile(r"(?:file:/*)?(/[^\s'\"<>:]+\.parquet)")
#: Seconds before each further try of a commit.
_WAITS = (0.5, 2.0, 5.0)
Done = TypeVar("Done")
_AGAIN = "run the step again: it goes on where it was, and brings nothing in twice"


def explained(error: BaseException, lake: str | None = None) -> ShoplakeError | None:
    """The error in words that a reader can act on; None where it is none of these.

    Args:
        error: as it was raised.
        lake: the lake's folder, to tell how much room it has.
    """
    text = "\n".join(_said(error))
    if any(sign in text for sign in _FULL):
        return ShoplakeError(
            "the disk is full", where=_room(lake), remedy=f"make room, then {_AGAIN}"
        )
    if _is_clash(text):
        return ShoplakeError("another process wrote to the same table meanwhile", remedy=_AGAIN)
    if any(s in text for s in _DAMAGED) and not any(s in text for s in _SOUND):
        files = _DATA_FILE.findall(text)
        return ShoplakeError(
            "a data file is damaged or gone",
            where=files[0] if files else None,
            remedy="put it back from a backup. A table that a step makes from others, as all of"
            " silver, is made again: move its folder away and run that step",
        )
    if any(sign in text for sign in _MEMORY):
        return ShoplakeError(
            "Spark's memory is full",
            where="conf/env/<env>.yml: spark.memory",
            remedy=f"give it more, then {_AGAIN}",
        )
    if any(sign in text for sign in _ENDED):
        return ShoplakeError(
            "Spark's JVM has ended, or was ended by the system",
            where="conf/env/<env>.yml: spark.memory, and the memory that the machine has left",
            remedy=_AGAIN,
        )
    return None


def retried(work: Callable[[], Done], tell: Callable[[str], None]) -> Done:
    """What `work` returns; done again where another writer's commit came in between.

    Tables of one machine wait for each other (`runtime.alone`); this is for the writers of others.

    Args:
        work: changes nothing when it is done again, and looks itself whether it still should be.
        tell: is told before each further try.
    """
    for seconds in _WAITS:
        try:
            return work()
        except Exception as error:
            if not _is_clash("\n".join(_said(error))):
                raise
            tell(f"[yellow]another process wrote to the table meanwhile: again in {seconds:g} s[/]")
            time.sleep(seconds)
    return work()


def _is_clash(text: str) -> bool:
    return any(sign in text for sign in _CLASH)


def _said(error: BaseException) -> Iterator[str]:
    """What an error and those behind it say, with the JVM's stack trace where there is one."""
    seen: set[int] = set()
    behind: list[object] = [error]
    while behind:
        one = behind.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        yield f"{type(one).__name__}: {one}"
        yield str(getattr(one, "_stackTrace", None) or "")
        behind += [getattr(one, name, None) for name in ("__cause__", "__context__", "_cause")]


def _room(lake: str | None) -> str:
    places = [place for place in (lake, tempfile.gettempdir()) if place and Path(place).exists()]
    free = [f"{shutil.disk_usage(place).free / 1e6:,.0f} MB free at {place}" for place in places]
    return ", ".join(free)
