"""Every step is ended at many moments of its run and run again: do the same tables come out?

    python tests/bench/bench_freezes.py [KILLS] [--only STEP...]

A small built-in shop goes through a cycle. While a step runs, its processes (Python, the JVM and
Spark's workers) are stopped (SIGSTOP) again and again at random moments and its lake copied: the copy
is what SIGKILL at that moment would have left. The step then goes on to its end. On each copy it is
run again, by the same process, whose JVM is warm, which is what makes many cheap; then tables are
compared with those of the step that went to its end, and the ledger must balance. Moments at which no
file had changed since the last one are not counted. `bench_kills.py` does kill, and starts anew, but
few times.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import tempfile
import time
from pathlib import Path

import yaml
from bench_kills import DAYS, LOGS, content
from freezing import Stepper, relocate

from shoplake.runtime.settings import conf_dir, load
from shoplake.runtime.sql import query, tables

#: Until here the first lists know; what comes after is for the live ones.
BEFORE = "2026-02-16"
#: A batch that was cut off before it was on record has lines here twice; the later ones count.
TWICE = {"governance.column_metrics"}
#: Tables that say when something happened, and nothing else that two runs have in common.
MORE_LOGS = {"governance.maintenance", "governance.alerts"}


def cycle(lake: str, folder: Path) -> list[tuple[str, bool, list[str]]]:
    """Steps in order, whether their kind is counted, and their options."""
    raw = ["--data", f"{lake}/raw"]
    sizes = ["--people", "60", "--products", "90"]
    return [
        ("simulate", True, [*sizes, "--days", str(DAYS)]),
        ("ingest", True, [*raw, "--before", BEFORE]),
        *[(name, True, []) for name in ("refine", "label", "features", "dataset")],
        ("train", True, ["--model", str(folder / "tiny.yml"), "--launch", "inline"]),
        ("score", True, []),
        *[(name, True, []) for name in ("neighbours", "forecast", "target", "describe")],
        ("rank", True, ["--queries", "20"]),
        ("answer", True, ["--most", "20"]),
        ("respond", True, [*sizes, "--first-day", "42", "--days", "2"]),
        ("ingest", False, raw),
        ("refine", False, []),
        ("live", True, []),
        ("finetune", True, ["--model", str(folder / "ranker.yml"), "--steps", "3"]),
        ("retrain", True, ["--model", str(folder / "tiny.yml"), "--force"]),
        ("monitor", True, ["--now", "2026-12-31"]),
        ("maintain", True, []),
    ]


def models(folder: Path) -> None:
    """Models as small as they get."""
    for name, source, more in (
        ("tiny", "two_tower", {"base": "tiny", "dimension": 16, "steps": 10, "batch_size": 32}),
        ("ranker", "relevance", {"base": "scratch", "checkpoint_every": 1}),
    ):
        config = yaml.safe_load((conf_dir() / "models" / f"{source}.yml").read_text())
        (folder / f"{name}.yml").write_text(yaml.safe_dump(config | more))


class Held:
    """What a lake holds, to be compared with."""

    def __init__(self, lake: Path) -> None:
        settings = load("local", lake=str(lake))
        logs = LOGS | MORE_LOGS
        self.tables = {t: content(settings, t) for t in tables(settings) if t not in logs}
        for table in self.tables.keys() & TWICE:
            self.tables[table] = sorted(set(self.tables[table]))
        self.files = {
            str(file.relative_to(lake)): file.read_bytes()
            for name in ("raw", "truth")
            for file in sorted((lake / name).rglob("*"))
            if file.is_file()
        }

    def differences(self, lake: Path) -> list[str]:
        """What another lake holds that is not the same, and where its ledger does not balance."""
        other, found = Held(lake), unbalanced(lake)
        for table in sorted(self.tables.keys() | other.tables.keys()):
            one, two = self.tables.get(table, []), other.tables.get(table, [])
            if one != two:
                example = sorted(set(one) ^ set(two))[:1]
                found.append(f"{table}: {len(one)} and {len(two)} rows {str(example)[:400]}")
        differ = {
            n for n in self.files.keys() | other.files if self.files.get(n) != other.files.get(n)
        }
        return found + [f"file {name}" for name in sorted(differ)[:3]]


def unbalanced(lake: Path) -> list[str]:
    """Tables whose ledger lost rows."""
    settings = load("local", lake=str(lake))
    if "governance.ledger" not in tables(settings):
        return []
    lines = query(
        settings,
        "SELECT DISTINCT table_name, batch_id FROM governance.ledger"
        " WHERE rows_in <> rows_good + rows_quarantined + rows_deduplicated",
    )
    return [f"the ledger of {r['table_name']} does not balance" for r in lines]


def main() -> None:
    """Go through the cycle; exit status 1 where a table differs or a step fails."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kills", type=int, nargs="?", default=50, help="of each kind of step")
    parser.add_argument("--only", nargs="*", metavar="STEP", help="default: every step")
    parser.add_argument("--seed", type=int, default=7)
    args = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="shoplake-freezes-"))
    os.environ["SHOPLAKE_PSEUDONYM_KEY"] = "a key for the kill bench"
    models(folder)
    lake = folder / "lake"
    lake.mkdir()
    stepper, bad, kills = Stepper(), 0, 0
    try:
        for name, counted, more in cycle(str(lake), folder):
            options = ["--lake", str(lake), "--shop", "builtin", *more]
            many = args.kills if counted and (not args.only or name in args.only) else 0
            began = time.monotonic()
            kept, wrong = taken(stepper, name, options, lake, many, args.seed)
            calm = Held(lake) if kept else None
            for number, copy in enumerate(kept):
                relocate(lake, copy)
                there = [o.replace(str(lake), str(copy)) for o in options]
                status, said = stepper.run(name, there)
                assert calm is not None
                found = [f"ends with {status}: {said[-1500:]}"] if status else []
                found = found or calm.differences(copy)
                wrong += bool(found)
                for text in found[:4]:
                    print(f"    {name} {number}: {text}", flush=True)
                shutil.rmtree(copy.parent)
            kills, bad = kills + len(kept), bad + wrong
            took = time.monotonic() - began
            print(f"{name:<10} {len(kept):>3} kills, {wrong} wrong  {took:.0f} s", flush=True)
    finally:
        stepper.close()
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{kills} kills, {bad} wrong")
    raise SystemExit(bool(bad))


def taken(
    stepper: Stepper, name: str, options: list[str], lake: Path, many: int, seed: int
) -> tuple[list[Path], int]:
    """Copies of a lake from within a step, of several runs where one shows too few states.

    Returns:
        The copies, and 1 where the step failed though nobody ended it.
    """
    if not many:
        status, said = stepper.run(name, options)
        return [], failed(name, status, said)
    before, chance = lake.parent / "before", random.Random(seed)
    kept: list[Path] = []
    shutil.copytree(lake, before, symlinks=True)
    for turn in range(4):
        if turn:
            shutil.rmtree(lake)
            shutil.copytree(before, lake, symlinks=True)
        to = lake.parent / f"images{turn}"
        more = many - len(kept)
        status, said, found = stepper.images(name, options, lake, to, chance, more)
        kept += found
        if status or len(kept) >= many:
            break
    shutil.rmtree(before)
    return kept, failed(name, status, said)


def failed(name: str, status: int, said: str) -> int:
    """Tells of a step that failed though nobody ended it."""
    if status:
        print(f"    {name} ends with {status} though nobody ended it: {said[-1500:]}", flush=True)
    return int(status != 0)


if __name__ == "__main__":
    main()
