"""Every step is killed (SIGKILL) at a random moment and run again: do the same tables come out?

    python tests/bench/bench_kills.py [ROUNDS] [--only STEP...]

`--only` kills these steps alone; the others run in peace. Two lakes get the same small built-in shop. On one nothing happens; on the other each step is killed
between a tenth and nine tenths of the time it took on the first, then run again. Tables are compared
by content, without the columns that say when and by which run a row came.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

from shoplake.runtime.settings import Settings, conf_dir, load
from shoplake.runtime.sql import query, tables

DAYS = 44
#: When and by which run a row came, not what it says.
WHEN = {
    *("_ingested_at", "_run_id", "batch_id", "run_id"),
    *("finished_at", "first_used_at", "recorded_at", "first_seen"),
}
#: Logs of what happened when; their data columns are compared by the tables they speak of.
LOGS = {"governance.ledger", "governance.files", "governance.rule_metrics"}


def steps(lake: str, model: Path) -> list[list[str]]:
    """The command lines of one cycle."""
    common = ["--lake", lake, "--shop", "builtin"]
    named: dict[str, list[str]] = {
        "simulate": ["--people", "60", "--products", "90", "--days", str(DAYS)],
        "ingest": ["--data", f"{lake}/raw", "--before", "2026-02-18"],
        **{name: [] for name in ("refine", "label", "features", "dataset")},
        "train": ["--model", str(model), "--launch", "inline"],
        "score": [],
        # The applications.
        **{name: [] for name in ("neighbours", "forecast", "target", "describe")},
        "answer": ["--most", "20"],
    }
    base = [sys.executable, "-m", "shoplake.cli", "step"]
    return [[*base, name, *common, *more] for name, more in named.items()]


def content(settings: Settings, table: str) -> list[str]:
    """The rows of a table as sorted text, but those that describe a column of `WHEN`."""
    rows = query(settings, f"SELECT * FROM {table}")
    said = [r for r in rows if r.get("column_name") not in WHEN]
    return sorted(repr(sorted((k, str(v)) for k, v in r.items() if k not in WHEN)) for r in said)


def run(command: list[str], environment: dict[str, str], kill_after: float | None = None) -> float:
    """Run to the end, or kill the whole process group after so many seconds; returns the seconds."""
    started = time.monotonic()
    with subprocess.Popen(
        command, env=environment, start_new_session=True, stdout=subprocess.DEVNULL
    ) as process:
        try:
            process.wait(kill_after)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return time.monotonic() - started
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    return time.monotonic() - started


def main() -> None:
    """Run the rounds; exit status 1 when a table differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rounds", type=int, nargs="?", default=1)
    parser.add_argument("--only", nargs="*", metavar="STEP", help="default: every step")
    args = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="shoplake-kills-"))
    environment = {**os.environ, "SHOPLAKE_PSEUDONYM_KEY": "a key for the kill bench"}
    config = yaml.safe_load((conf_dir() / "models" / "two_tower.yml").read_text())
    config |= {"base": "tiny", "dimension": 16, "steps": 10, "batch_size": 32}
    model = folder / "tiny.yml"
    model.write_text(yaml.safe_dump(config))
    calm = str(folder / "calm")
    seconds = [run(command, environment) for command in steps(calm, model)]
    chance, kills, wrong = random.Random(7), 0, 0
    for turn in range(args.rounds):
        lake = str(folder / f"killed{turn}")
        for command, usual in zip(steps(lake, model), seconds, strict=True):
            if args.only and command[4] not in args.only:
                run(command, environment)
                continue
            moment = usual * chance.uniform(0.1, 0.9)
            run(command, environment, kill_after=moment)
            run(command, environment)
            kills += 1
            print(f"{command[4]:<10} killed after {moment:5.1f} of {usual:5.1f} s", flush=True)
        for table in tables(load("local", lake=calm)):
            if table in LOGS:
                continue
            one, other = (content(load("local", lake=at), table) for at in (calm, lake))
            if one != other:
                wrong += 1
                print(f"DIFFERS {table}: {len(one)} and {len(other)} rows, such as")
                print(*sorted(set(one) ^ set(other))[:2], sep="\n")
    print(f"{kills} kills, {wrong} tables differ")
    shutil.rmtree(folder)
    raise SystemExit(bool(wrong))


if __name__ == "__main__":
    main()
