"""Faults that are no kills: does each end in recovery or a clear error, and in no loss?

    python tests/bench/bench_chaos.py [CASE ...]

The cases are in `chaos_messages.py`, `chaos_disks.py` and `chaos_writers.py`, and the faults are
real: processes, brokers, a small disk, damaged files. After each, what an undisturbed batch of the
same records holds is compared with what the disturbed lake holds; the ledger must balance, and no
error may be a stack trace. The full disk is a tmpfs, and the clock that jumps needs libfaketime
(Debian's package `libfaketime`, or SHOPLAKE_FAKETIME with its path); where one cannot be had its
case is passed over with a message. `bench_kills.py` and `bench_stream.py kills` end processes.
"""

from __future__ import annotations

import sys
import time

import chaos_disks  # noqa: F401
import chaos_messages  # noqa: F401
import chaos_writers  # noqa: F401
from chaos_cases import CASES, SkippedError
from chaos_shop import opened


def main() -> None:
    """Run the cases; exit status 1 when one is wrong."""
    wanted = sys.argv[1:] or list(CASES)
    bad = 0
    with opened() as shop:
        for name in wanted:
            began = time.monotonic()
            try:
                wrong = CASES[name](shop)
            except SkippedError as why:
                print(f"SKIPPED {name}: {why}", flush=True)
                continue
            except Exception as error:
                wrong = [f"{type(error).__name__}: {error}"]
            bad += bool(wrong)
            took = time.monotonic() - began
            print(f"{'WRONG' if wrong else 'ok':<6} {name} {took:.0f} s", flush=True)
            for text in wrong:
                print(f"    {text}", flush=True)
    raise SystemExit(bool(bad))


if __name__ == "__main__":
    main()
