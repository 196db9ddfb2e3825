"""The training loop of a ranker, top to bottom; the same function in one process or in many."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import nn

from shoplake.errors import ModelError
from shoplake.feed import Position
from shoplake.models.base import load_base
from shoplake.models.checkpoint import (
    Checkpoint,
    drop_checkpoint,
    load_checkpoint,
    save_checkpoint,
)
from shoplake.models.collectives import joined, summed
from shoplake.models.progress import Progress, ProgressLine
from shoplake.models.relevance.adaptation import rate
from shoplake.models.relevance.artifact import finished, save_ranker
from shoplake.models.relevance.memory import Kept, standing_bytes
from shoplake.models.relevance.methods import Budget, trainable
from shoplake.models.relevance.objectives import Objective, objective
from shoplake.models.relevance.ranker import Ranker
from shoplake.models.relevance.reading import FAMILIES
from shoplake.models.relevance.settings import RelevanceConfig
from shoplake.models.relevance.sharding import parted_state, shard, unsharded, whole
from shoplake.models.relevance.stepping import add_up, finite, optimizer_of, precision, put, turns
from shoplake.models.search.judgements import Judgements
from shoplake.models.sinks import opened
from shoplake.runtime.allocator import EVERY, give_back

_CALIBRATED_ON = 2000


@dataclass(frozen=True)
class Finetuned:
    """A finished fine-tuning.

    Attributes:
        folder: the ranker's files, see `artifact`.
        curve: (step, loss of its whole batch).
        validation: (step, loss on the queries held out).
        trained: parameters that learnt.
        parameters: all of them.
        bytes: of weights, gradients, the optimiser's state, and what the largest part kept.
        seconds: of this call; after a resume, of the rest.
    """

    folder: str
    curve: list[tuple[int, float]]
    validation: list[tuple[int, float]]
    trained: int
    parameters: int
    bytes: int
    seconds: float


def finetune(
    config: RelevanceConfig,
    pairs: str,
    run_dir: str,
    report: Callable[[Progress], None] | None = None,
    sinks: Sequence[str] = (),
) -> Finetuned:
    """Fine-tune a ranker; called again after a crash, go on from the last checkpoint.

    On a CPU a resumed run ends with the same bits as an undisturbed one. Processes share out the
    parts of a step and add up gradients once a step: `accumulate` groups of a bi-encoder, or what
    the token budget makes of a cross-encoder's pairs. By `parallel: fsdp` they share out the
    weights as well.

    Args:
        config: settings.
        pairs: Parquet file of judged pairs: query, title, relevance (1 to 3).
        run_dir: the run's own folder, the same for all processes.
        report: called by rank 0 after each step; prints a line every few seconds if not given.
        sinks: where rank 0 writes losses and rates as they come, see `models.sinks`.

    Raises:
        ModelError: the base model, the pairs or a checkpoint cannot be used, or training
            diverged; the last checkpoint is kept.
    """
    started = time.monotonic()
    folder = Path(run_dir)
    folder.mkdir(parents=True, exist_ok=True)
    report = report or ProgressLine()
    fingerprint = run_fingerprint(config, pairs)
    learn, held = held_out(Judgements.of(pd.read_parquet(pairs)), config)
    with (
        joined(config.timeout_seconds) as (rank, size, device),
        opened(() if rank else sinks, folder, asdict(config)) as told,
    ):
        model = Ranker(load_base(config.base, FAMILIES), config)
        model.set_levels(learn.relevance)
        sharded = config.parallel == "fsdp" and size > 1
        if sharded:
            shard(model, size, device)
        else:
            model.to(device)
        learns = trainable(model)
        optimizer = optimizer_of(config, learns.values())
        scaler = torch.amp.GradScaler(  # type: ignore[attr-defined]
            device.type, enabled=device.type == "cuda" and config.precision == "fp16"
        )
        budget, kept = Budget(model.encoder, config), Kept(model)
        aim = objective(config, model, learn, held)
        validation = aim.validation()

        # Where we were.
        step, curve, looks = 0, [], []
        best: dict[str, Any] = {}
        checkpoint = load_checkpoint(
            folder, fingerprint, torch.device("cpu") if sharded else device
        )
        if checkpoint:
            step, curve = checkpoint.step, checkpoint.curve
            more = checkpoint.optimiser
            put(learns, checkpoint.model)
            optimizer.load_state_dict(parted_state(more["optimizer"], list(learns.values())))
            scaler.load_state_dict(more["scaler"])
            budget.restore(more["budget"])
            best, looks, kept.most = more["best"], more["looks"], more["kept"]

        first, began = step, time.monotonic()
        while step < config.steps and not _done(looks, config.patience):
            for group in optimizer.param_groups:
                group["lr"] = config.learning_rate * rate(step, config.steps, config.warmup)
            model.train()
            total = torch.zeros((), dtype=torch.float64, device=device)
            for at, part, weight in turns(aim.parts(step), rank, size, together=sharded):
                torch.manual_seed((config.seed * 1_000_003 + step) * 1_009 + at)
                with kept.counted(), precision(config, device):
                    loss = aim.loss(model, part) * weight
                scaler.scale(loss).backward()
                total += loss.detach().double()
            # Also where a process has no part of the step: it takes the step with the others.
            scaler.scale(torch.zeros((), device=device))
            mean = finite(float(summed(total)), f"step {step + 1}", folder)
            # What belongs to the step and to no part is added once.
            penalty = budget.penalty()
            if isinstance(penalty, torch.Tensor) and rank == 0:
                scaler.scale(penalty).backward()
            if not sharded:  # Those of shared-out weights were added up on their way.
                add_up(learns.values(), size)
            scaler.unscale_(optimizer)
            nn.utils.clip_grad_norm_(list(learns.values()), config.clip_norm)
            scaler.step(optimizer)
            scaler.update()
            budget.update(step)
            optimizer.zero_grad(set_to_none=True)
            step += 1
            if step % EVERY == 0:
                give_back()
            curve.append((step, mean))
            told(step, {"training_loss": mean, "learning_rate": optimizer.param_groups[0]["lr"]})
            if validation and (step % config.validate_every == 0 or step == config.steps):
                look = _validated(model, aim, validation, rank, size, sharded)
                looks.append((step, finite(look, f"the look after step {step}", folder)))
                told(step, {"validation_loss": looks[-1][1]})
                if config.patience and looks[-1][1] <= min(v for _, v in looks):
                    best = {name: p.detach().clone() for name, p in learns.items()}
            if step % config.checkpoint_every == 0:
                state = {
                    "optimizer": whole(optimizer.state_dict()),
                    "scaler": scaler.state_dict(),
                    "budget": budget.state(),
                    "best": whole(best),
                    "looks": looks,
                    "kept": kept.most,
                }
                now = whole({name: p.detach() for name, p in learns.items()})
                if rank == 0:
                    made = Checkpoint(
                        fingerprint, step, Position(), now, state, torch.zeros(0), curve
                    )
                    save_checkpoint(folder, made)
            if rank == 0:
                speed = (step - first) / (time.monotonic() - began)
                rest = (config.steps - step) / speed
                report(Progress(step, config.steps, mean, speed * config.batch_size, rest))
        if best:
            put(learns, best)
        counts = [sum(p.numel() for p in found) for found in (learns.values(), model.parameters())]
        standing = standing_bytes(model, optimizer)
        done = unsharded(model) if sharded else model
        if rank == 0:
            _calibrate(done, learn, config.seed)
            save_ranker(folder, done.cpu(), curve, looks)
            drop_checkpoint(folder)
    seconds = time.monotonic() - started
    path = str(finished(folder))
    return Finetuned(path, curve, looks, counts[0], counts[1], standing + kept.most, seconds)


def run_fingerprint(config: RelevanceConfig, pairs: str) -> str:
    """A digest of everything a checkpoint depends on; `base` by name."""
    said = json.dumps(config.said(), sort_keys=True).encode() + Path(pairs).read_bytes()
    return hashlib.sha256(said).hexdigest()


def held_out(judged: Judgements, config: RelevanceConfig) -> tuple[Judgements, Judgements | None]:
    """Judgements to learn from, and those of the queries held out for early stopping.

    Raises:
        ModelError: there are fewer than two queries to learn from.
    """
    count = len(judged.queries)
    out = round(config.validation * count)
    if count - out < 2:
        raise ModelError(
            f"{count} judged queries are too few", remedy="give more, or set validation to 0"
        )
    if not out:
        return judged, None
    held = np.zeros(count, dtype=bool)
    held[np.random.default_rng(config.seed).permutation(count)[:out]] = True
    return judged.only(~held), judged.only(held)


def _validated(
    model: Ranker, aim: Objective, parts: list[Any], rank: int, size: int, together: bool
) -> float:
    model.eval()
    total = torch.zeros((), dtype=torch.float64, device=model.device)
    with torch.no_grad(), precision(model.config, model.device):
        for _, part, weight in turns(parts, rank, size, together=together):
            total += aim.loss(model, part).double() * weight
    return float(summed(total))


def _done(looks: list[tuple[int, float]], patience: int) -> bool:
    """Whether the last `patience` looks brought nothing."""
    if not patience or not looks:
        return False
    losses = [value for _, value in looks]
    return len(losses) - 1 - int(np.argmin(losses)) >= patience


def _calibrate(model: Ranker, learn: Judgements, seed: int) -> None:
    rows = np.random.default_rng(seed).permutation(len(learn))[:_CALIBRATED_ON]
    if model.config.architecture == "bi_encoder":
        queries, titles = learn.queries[learn.query[rows]], learn.titles[learn.title[rows]]
        model.calibrate(model.scores(queries.tolist(), titles.tolist()), learn.relevance[rows])
