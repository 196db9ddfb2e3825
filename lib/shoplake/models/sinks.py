"""Where a training's figures go besides MLflow: TensorBoard files, Weights & Biases.

Both are extras: `pip install 'shoplake[tensorboard]'`, `pip install 'shoplake[wandb]'`. They get
figures and settings, no text and nothing of a person. Weights & Biases writes
files below the run's folder, for `wandb sync`, unless WANDB_MODE says otherwise.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Protocol

from shoplake.errors import ModelError, SettingsError

#: The folder of TensorBoard's files below a run's; MLflow keeps it under the same name.
TENSORBOARD = "tensorboard"
#: Takes a step and its figures by name.
Figures = Callable[[int, Mapping[str, float]], None]


class Sink(Protocol):
    """One place for figures."""

    def write(self, step: int, figures: Mapping[str, float]) -> None:
        """Keep a step's figures."""

    def close(self) -> None:
        """Nothing more will come."""


@contextmanager
def opened(names: Sequence[str], run_dir: Path, settings: Mapping[str, Any]) -> Iterator[Figures]:
    """A function that writes figures to every sink named; to none does nothing.

    Args:
        names: of "tensorboard" and "wandb".
        run_dir: the run's own folder; a run that is resumed there goes on in the same places.
        settings: what the run was started with.

    Raises:
        SettingsError: a sink is unknown, or its extra is not installed.
        ModelError: Weights & Biases refuses to start.
    """
    if unknown := [name for name in names if name not in _SINKS]:
        raise SettingsError(
            f"no sink '{unknown[0]}'", where="tracking: sinks", remedy=f"known: {', '.join(_SINKS)}"
        )
    with ExitStack() as stack:
        sinks: list[Sink] = []
        for name in names:
            sink = _SINKS[name](run_dir, settings)
            stack.callback(sink.close)
            sinks.append(sink)

        def write(step: int, figures: Mapping[str, float]) -> None:
            for sink in sinks:
                sink.write(step, figures)

        yield write


class _TensorBoard:
    def __init__(self, run_dir: Path, settings: Mapping[str, Any]) -> None:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            raise _missing("tensorboard") from None
        self._kind = SummaryWriter
        self._folder = run_dir / TENSORBOARD
        self._writer: SummaryWriter | None = None

    def write(self, step: int, figures: Mapping[str, float]) -> None:
        if self._writer is None:
            # A killed run told steps after its last checkpoint; they are taken again and told anew.
            self._writer = self._kind(str(self._folder), purge_step=step, flush_secs=10)
        for name, value in figures.items():
            self._writer.add_scalar(name, value, step)

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()


class _WeightsAndBiases:
    def __init__(self, run_dir: Path, settings: Mapping[str, Any]) -> None:
        try:
            # Reports of its own errors to its makers.
            os.environ.setdefault("WANDB_ERROR_REPORTING", "false")
            import wandb
        except ImportError:
            raise _missing("wandb") from None
        mode: Any = os.environ.get("WANDB_MODE", "offline")
        quiet = wandb.Settings(
            console="off",
            silent=True,
            host="",
            disable_git=True,
            disable_code=True,
            x_disable_meta=True,
            x_disable_stats=True,
            x_disable_machine_info=True,
        )
        run_dir.mkdir(parents=True, exist_ok=True)
        try:
            self._run = wandb.init(
                project=os.environ.get("WANDB_PROJECT", "shoplake"),
                id=hashlib.sha256(str(run_dir.resolve()).encode()).hexdigest()[:16],
                name=run_dir.name,
                dir=str(run_dir),
                mode=mode,
                # Offline there is nothing to ask whether the run is known.
                resume="allow" if mode == "online" else None,
                config=dict(settings),
                settings=quiet,
            )
        except wandb.Error as error:
            raise ModelError(
                "Weights & Biases refuses to start",
                where=str(error).splitlines()[0],
                remedy="log in with `wandb login`, or set WANDB_MODE=offline",
            ) from None
        # Its own steps may not go back, those of a resumed run do.
        self._run.define_metric("step")
        self._run.define_metric("*", step_metric="step")

    def write(self, step: int, figures: Mapping[str, float]) -> None:
        self._run.log({"step": step, **figures})

    def close(self) -> None:
        self._run.finish()


def _missing(extra: str) -> SettingsError:
    return SettingsError(
        f"{extra} is not installed",
        where="tracking: sinks",
        remedy=f"pip install 'shoplake[{extra}]', or take it out of `tracking: sinks`",
    )


_SINKS: dict[str, Callable[[Path, Mapping[str, Any]], Sink]] = {
    "tensorboard": _TensorBoard,
    "wandb": _WeightsAndBiases,
}
