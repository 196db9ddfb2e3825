"""Starts the training loop in this process, in several on this host, or on Spark's executors."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import shutil
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal, TextIO, TypeVar, cast

from shoplake.errors import ModelError, ShoplakeError

R = TypeVar("R")
Mode = Literal["inline", "local", "spark"]

_FAILURES = "failures"
_TASK_GPUS = "spark.task.resource.gpu.amount"


def launch(
    train: Callable[..., R],
    *args: object,
    run_dir: str,
    mode: Mode,
    processes: int = 1,
) -> R:
    """Run `train(*args, run_dir)` and return what rank 0 returns.

    Args:
        train: an importable function, such as `train.train`; with `joined` it finds the others.
        args: its arguments before run_dir; they must pickle.
        run_dir: the run's folder, which all processes reach under this path.
        mode: "inline" calls it here; "local" starts `processes` on this host; "spark" one on
            each of `processes` task slots, in barrier mode. Both use pyspark's TorchDistributor
            and need a Spark session.
        processes: how many. Each takes a GPU where there are any: of the host, or of those that
            Spark gives to each task (`spark.task.resource.gpu.amount`).

    Raises:
        ModelError: a process failed, with the rank and what went wrong there, or tasks share GPUs.
    """
    if mode == "inline":
        return train(*args, run_dir)
    from pyspark.ml.torch.distributor import TorchDistributor
    from pyspark.sql import SparkSession

    use_gpu = mode == "spark" and tasks_have_gpus(SparkSession.active().conf.get)
    shutil.rmtree(Path(run_dir) / _FAILURES, ignore_errors=True)
    distributor = TorchDistributor(
        num_processes=processes, local_mode=mode == "local", use_gpu=use_gpu
    )
    # Its constructor sets the level to INFO.
    distributor.logger.setLevel(logging.ERROR)
    with _environment(processes if mode == "local" else 1), _only_progress() as output:
        try:
            result = distributor.run(_recorded, train, args, run_dir)
        except Exception as error:
            raise _failure(Path(run_dir), output.error or str(error)) from None
    return cast(R, result)


def tasks_have_gpus(conf: Callable[[str, str], str | None]) -> bool:
    """Whether Spark gives its tasks GPUs: the distributor hides those that it is not told to use.

    Args:
        conf: the value of a setting of Spark's, or the default given.

    Raises:
        ModelError: tasks share GPUs, which the processes of one training cannot.
    """
    amount = conf(_TASK_GPUS, "0") or "0"
    if float(amount) > 0 and not float(amount).is_integer():
        raise ModelError(
            f"tasks share GPUs: {amount} for each",
            where=_TASK_GPUS,
            remedy="set it to 1 in Spark's settings, or train with --launch local or inline",
        )
    return float(amount) > 0


def _recorded(train: Callable[..., R], args: tuple[object, ...], run_dir: str) -> R:
    """Runs in each process: what goes wrong is written down, since pipes mix and cut it."""
    try:
        return train(*args, run_dir)
    except Exception as error:
        known = isinstance(error, ShoplakeError)
        folder = Path(run_dir) / _FAILURES
        folder.mkdir(parents=True, exist_ok=True)
        said = str(error) if known else "".join(traceback.format_exception_only(error)).strip()
        # The first to fail is the cause; the others fail because it is gone.
        path = folder / f"rank-{os.environ.get('RANK', '0')}.txt"
        path.write_text(said, encoding="utf-8")
        raise


def _failure(run_dir: Path, said: str) -> ModelError:
    """The error of the process that failed first."""
    notes = sorted((run_dir / _FAILURES).glob("rank-*.txt"), key=lambda path: path.stat().st_mtime)
    if not notes:
        return ModelError(
            "a training process was killed",
            where=said.strip()[:300],
            remedy="out of memory? lower batch_size or processes; then run again: training goes "
            "on from its last checkpoint",
        )
    first = notes[0]
    return ModelError(
        f"training failed in {first.stem.replace('-', ' ')}: {first.read_text(encoding='utf-8')}",
        where=str(run_dir),
        remedy="when it is mended, run again: training goes on from its last checkpoint",
    )


@contextlib.contextmanager
def _environment(neighbours: int) -> Iterator[None]:
    """Variables that the processes inherit: their share of threads, and no chatter."""
    wanted = {
        "OMP_NUM_THREADS": str(max(1, (os.cpu_count() or 1) // neighbours)),
        "TOKENIZERS_PARALLELISM": "false",
        "TORCH_CPP_LOG_LEVEL": "ERROR",
        "GLOG_minloglevel": "2",
        "TORCH_DISTRIBUTED_DEBUG": "OFF",
    }
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


class _ProgressOnly(io.TextIOBase):
    """Passes on lines of progress; of all others keeps the first that is about an error."""

    def __init__(self, to: TextIO) -> None:
        self._to = to
        self.error = ""

    def write(self, text: str) -> int:
        for line in text.splitlines():
            if line.startswith("train "):
                self._to.write(f"{line}\n")
                self._to.flush()
            elif "Error" in line and not self.error:
                self.error = line
        return len(text)


@contextlib.contextmanager
def _only_progress() -> Iterator[_ProgressOnly]:
    """TorchDistributor copies all that the processes print to standard output."""
    output = _ProgressOnly(sys.stdout)
    with contextlib.redirect_stdout(output):
        yield output
