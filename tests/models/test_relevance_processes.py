"""Rankers trained by two processes: the same as by one, and a run that loses one goes on."""

import os
import pickle
import signal
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from shoplake.errors import SettingsError
from shoplake.models.relevance.artifact import load_ranker
from shoplake.models.relevance.settings import load_relevance
from shoplake.models.relevance.stepping import turns
from shoplake.models.relevance.training import finetune

THINGS = ["lamp", "chair", "table", "mirror"]
ROWS = [
    (f"{colour} {thing}", f"Nice {colour.title()} {other.title()}", 3.0 if thing == other else 1.0)
    for colour in ("red", "blue", "green", "pink")
    for thing in THINGS
    for other in THINGS
]
#: What each process runs; with DIES, rank 1 is killed after that step.
PROCESS = """
import os, pickle, signal, sys
from shoplake.models.collectives import world
from shoplake.models.relevance.training import finetune
config, pairs, folder, dies = pickle.load(open(sys.argv[1], "rb"))
def report(progress):
    # Rank 0 reports; it is the other that goes.
    if progress.step == dies:
        os.kill(int(open(folder + "/rank-1").read()), signal.SIGKILL)
os.makedirs(folder, exist_ok=True)
if os.environ["RANK"] == "1":
    open(folder + "/rank-1", "w").write(str(os.getpid()))
made = finetune(config, pairs, folder, report)
pickle.dump(made, open(f"{folder}/made-{os.environ['RANK']}", "wb"))
"""


@pytest.fixture
def pairs(tmp_path):
    path = tmp_path / "pairs.parquet"
    pd.DataFrame(ROWS, columns=["query", "title", "relevance"]).to_parquet(path)
    return str(path)


def config(**changes):
    tiny = {"base": "tiny", "steps": 6, "batch_size": 6, "accumulate": 3, "checkpoint_every": 2}
    still = {"validation": 0.25, "validate_every": 2, "patience": 9, "timeout_seconds": 20}
    return replace(load_relevance(), **tiny | still | changes)


def by_two(plan, pairs, folder, dies=0):
    """Exit codes of two processes, and what the first of them made."""
    given = Path(f"{folder}.pickle")
    given.write_bytes(pickle.dumps((plan, pairs, str(folder), dies)))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    both = {"WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1"}
    both |= {"MASTER_PORT": port, "OMP_NUM_THREADS": "1"}
    run = [sys.executable, "-c", PROCESS, str(given)]
    started = [
        subprocess.Popen(
            run,
            env=os.environ | both | {"RANK": rank, "LOCAL_RANK": rank},
            stderr=subprocess.PIPE,
        )
        for rank in "01"
    ]
    said = [process.communicate(timeout=400)[1].decode()[-2000:] for process in started]
    made = Path(folder) / "made-0"
    codes = [process.returncode for process in started]
    return codes, pickle.loads(made.read_bytes()) if made.is_file() else said


def scores(made):
    queries, titles, _ = zip(*ROWS, strict=True)
    return load_ranker(Path(made.folder)).scores(queries, titles)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("method", "parallel", "architecture"),
    [
        ("lora", "ddp", "bi_encoder"),
        ("lora", "fsdp", "bi_encoder"),
        ("full", "fsdp", "cross_encoder"),
        ("prefix", "fsdp", "bi_encoder"),
        ("houlsby", "fsdp", "bi_encoder"),
    ],
)
def test_two_processes_learn_what_one_learns(method, parallel, architecture, pairs, tmp_path):
    # A bi-encoder's step is of groups, a cross-encoder's of parts of so many tokens.
    groups = 3 if architecture == "bi_encoder" else 1
    plan = config(
        method=method, parallel=parallel, architecture=architecture, token_budget=60,
        accumulate=groups,
    )  # fmt: skip
    codes, two = by_two(plan, pairs, tmp_path / "two")
    assert codes == [0, 0], two
    one = finetune(plan, pairs, str(tmp_path / "one"), lambda _: None)
    for name in ("curve", "validation"):
        assert np.allclose(getattr(one, name), getattr(two, name), atol=1e-5)
    assert two.trained == one.trained
    assert np.allclose(scores(one), scores(two), atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("parallel", ["ddp", "fsdp"])
def test_a_run_that_loses_a_process_ends_and_is_gone_on_with(parallel, pairs, tmp_path):
    plan = config(parallel=parallel, method="full")
    codes, said = by_two(plan, pairs, tmp_path / "run", dies=5)
    assert codes[1] == -signal.SIGKILL
    assert codes[0] != 0, said
    # By one process now: a checkpoint is whole.
    rest = finetune(plan, pairs, str(tmp_path / "run"), lambda _: None)
    whole = finetune(plan, pairs, str(tmp_path / "whole"), lambda _: None)
    assert [step for step, _ in rest.curve] == list(range(1, 7))
    assert np.allclose(rest.curve, whole.curve, atol=1e-5)
    assert np.allclose(scores(rest), scores(whole), atol=1e-4)


def test_processes_share_out_the_parts_and_wait_for_each_other_where_weights_are_shared():
    parts = ["a", "b", "c"]
    assert list(turns(parts, 1, 2, together=False)) == [(1, "b", 1.0)]
    assert list(turns(parts, 1, 2, together=True)) == [(1, "b", 1.0), (2, "c", 0.0)]
    assert list(turns(parts, 0, 2, together=True)) == [(0, "a", 1.0), (2, "c", 1.0)]


def test_what_shared_out_weights_cannot_do_is_refused():
    with pytest.raises(SettingsError, match="adalora needs whole gradients"):
        config(method="adalora", parallel="fsdp")
