"""One process at a time: two that bring in the same at once would bring it in twice."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

from shoplake.errors import ShoplakeError
from shoplake.runtime.console import say
from shoplake.runtime.settings import Settings

FOLDER = ".locks"


@contextmanager
def alone(
    settings: Settings,
    name: str,
    step: str | None = None,
    *,
    wait: bool = True,
    shared: bool = False,
) -> Iterator[None]:
    """While no other process of this machine does the same in a lake of folders.

    The system takes the lock back from a process that ends, however it ends. Where the folder knows
    no locks there is none, nor under a catalog: there it is the platform that runs a job once.

    Args:
        settings: where the lake is.
        name: of what is done, such as a table that is built.
        step: for the line that tells of waiting; None: it is not told.
        wait: until the other has done; else it is an error that there is one.
        shared: with others who share it, and only while nobody is at it who does not.

    Raises:
        ShoplakeError: another process does it, and it is not waited for.
    """
    if settings.catalog:
        yield
        return
    kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    folder = settings.root / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / name).open("a") as file:
        try:
            fcntl.flock(file, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            if not wait:
                raise ShoplakeError(
                    f"another process has begun with {name}",
                    where=settings.lake,
                    remedy="let it go on, or stop it first",
                ) from None
            if step is not None:
                say(step, f"{name}: another process is at it; this one waits")
            fcntl.flock(file, kind)
        except OSError:
            yield
            return
        try:
            yield
        finally:
            # A child of this process may hold the file open for longer.
            with suppress(OSError):
                fcntl.flock(file, fcntl.LOCK_UN)


@contextmanager
def writing(settings: Settings, *tables: str) -> Iterator[None]:
    """While nobody removes the files that no version of these tables needs (`sweeping`).

    A file that is written and not yet committed is one of those.
    """
    with ExitStack() as held:
        for table in sorted(tables):
            held.enter_context(alone(settings, f"writing {table}", shared=True))
        yield


@contextmanager
def sweeping(settings: Settings, table: str) -> Iterator[None]:
    """While no other process of this machine writes to the table: those that do are waited for."""
    with alone(settings, f"writing {table}"):
        yield
