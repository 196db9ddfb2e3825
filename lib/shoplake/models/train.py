"""The training loop, top to bottom; the same function in one process or in many."""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from shoplake.feed import Feed, Position
from shoplake.models.artifact import finished, save_artifact
from shoplake.models.base import load_base
from shoplake.models.checkpoint import (
    Checkpoint,
    drop_checkpoint,
    load_checkpoint,
    restore,
    save_checkpoint,
)
from shoplake.models.collectives import gathered, joined, summed
from shoplake.models.config import TwoTowerConfig
from shoplake.models.inputs import COLUMNS, Tokens, TrainInputs, read_catalogue, read_texts
from shoplake.models.objective import Fresh, Objective, sampled, whole_catalogue
from shoplake.models.progress import Progress, ProgressLine
from shoplake.models.sinks import opened
from shoplake.models.two_tower import TwoTower


@dataclass(frozen=True)
class TrainResult:
    """A finished training run.

    Attributes:
        folder: the model's files, see `artifact`.
        curve: (step, softmax loss of its global batch).
        examples: rows of one pass over the data.
        seconds: of this call; after a resume, of the rest.
    """

    folder: str
    curve: list[tuple[int, float]]
    examples: int
    seconds: float


def train(
    config: TwoTowerConfig,
    inputs: TrainInputs,
    run_dir: str,
    report: Callable[[Progress], None] | None = None,
    sinks: Sequence[str] = (),
) -> TrainResult:
    """Train a two-tower model; called again after a crash, go on from the last checkpoint.

    On a CPU a resumed run ends with the same bits as an undisturbed one. Any number of processes
    that divides `config.shards` sees the same global batches.

    Args:
        config: settings.
        inputs: files to read.
        run_dir: the run's own folder, the same for all processes.
        report: called by rank 0 after each step; prints a line every few seconds if not given.
        sinks: where rank 0 writes losses and rates as they come, see `sinks`.

    Raises:
        ModelError: the base model, the inputs or a checkpoint cannot be used.
        FeedError: the examples are too few for the batch size.
    """
    started = time.monotonic()
    folder = Path(run_dir)
    folder.mkdir(parents=True, exist_ok=True)
    report = report or ProgressLine()
    fingerprint = run_fingerprint(config, inputs)
    with (
        joined(config.timeout_seconds) as (rank, size, device),
        opened(() if rank else sinks, folder, asdict(config)) as told,
    ):
        # The model. Dropout stays off (`eval`): fine-tuning takes few steps at a small rate, and
        # without it a step is a function of weights and batch, whatever the number of processes.
        torch.manual_seed(config.seed)
        base = load_base(config.base)
        model = TwoTower(config, base.encoder, base.width).to(device).eval()
        objective = Objective(model, config.interest_weight)
        encoder = list(model.item_tower.encoder.parameters())
        optimiser = _optimiser(config, model)

        # The data. Text vectors are computed once; the first stage trains on them alone.
        catalogue = read_catalogue(inputs)
        popularity, share = catalogue.popularity.to(device), catalogue.share.to(device)
        items = len(catalogue.texts) - 1
        everyone = whole_catalogue(items, device) if items <= config.candidates else None

        # Where we were.
        step, position, curve = 0, Position(), []
        checkpoint = load_checkpoint(folder, fingerprint, device)
        if checkpoint:
            restore(checkpoint, model, optimiser)
            step, position, curve = checkpoint.step, checkpoint.position, checkpoint.curve
            texts = checkpoint.texts
        else:
            texts = read_texts(model.item_tower, base.tokenizer, catalogue.texts, config.max_tokens)
        tokens = Tokens(base.tokenizer, catalogue.texts, config.max_tokens)
        feed = Feed(
            inputs.examples,
            COLUMNS,
            batch_size=config.batch_size,
            seed=config.seed,
            rank=rank,
            world_size=size,
            shards=config.shards,
            start=position,
        )
        batches = iter(feed)
        epochs = config.max_epochs * feed.steps_per_epoch // config.accumulate
        frozen = min(config.steps, max(1, epochs))
        stages = ((0, frozen), (frozen, frozen + config.finetune.steps))
        first_step, stage_started = step, time.monotonic()

        for stage, (start, end) in enumerate(stages):
            # BERT is frozen in the first stage; in the second its last layers learn.
            for parameter in encoder:
                parameter.requires_grad_(False)
            if stage == 1:
                for layer in base.last_layers(config.finetune.layers):
                    layer.requires_grad_(True)
            parallel = DistributedDataParallel(objective) if size > 1 else objective

            while start <= step < end:
                for group in optimiser.param_groups:
                    group["lr"] = group["peak"] * _rate(step - start, end - start, config)
                mean = 0.0
                for part in range(config.accumulate):
                    rows, position = next(batches)
                    batch = {name: values.to(device) for name, values in rows.items()}
                    draw = step * config.accumulate + part
                    rivals = everyone or sampled(
                        batch["target_index"],
                        batch["history"],
                        share,
                        config.candidates,
                        config.seed,
                        draw,
                    )
                    fresh = None
                    if stage == 1:
                        fresh = _fresh(batch["target_index"], tokens, config, items, draw)
                    # Gradients are exchanged once a step, after its last part.
                    last = part + 1 == config.accumulate
                    hold = nullcontext() if last or size == 1 else parallel.no_sync()  # type: ignore[operator]
                    with (
                        hold,
                        torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"),
                    ):
                        losses = parallel(batch, texts, popularity, rivals, fresh)
                        (losses.total / config.accumulate).backward()
                    if fresh is not None:
                        texts[fresh.items] = losses.read
                    mean += float(summed(losses.softmax)) / size / config.accumulate
                nn.utils.clip_grad_norm_(model.parameters(), config.clip_norm)
                optimiser.step()
                optimiser.zero_grad(set_to_none=True)
                step += 1
                curve.append((step, mean))
                told(step, {"train_loss": mean, "learning_rate": optimiser.param_groups[0]["lr"]})
                if rank == 0:
                    if step % config.checkpoint_every == 0:
                        save_checkpoint(
                            folder,
                            Checkpoint(
                                fingerprint,
                                step,
                                position,
                                model.state_dict(),
                                optimiser.state_dict(),
                                texts,
                                curve,
                            ),
                        )
                    passed = time.monotonic() - stage_started
                    speed = (step - first_step) / passed
                    report(
                        Progress(
                            step,
                            stages[-1][1],
                            mean,
                            speed * config.batch_size * config.accumulate,
                            (stages[-1][1] - step) / speed,
                        )
                    )
        batches.close()
        if rank == 0:
            save_artifact(folder, config, base, model, curve)
            drop_checkpoint(folder)
    seconds = time.monotonic() - started
    return TrainResult(str(finished(folder)), curve, feed.rows, seconds)


def run_fingerprint(config: TwoTowerConfig, inputs: TrainInputs) -> str:
    """A digest of everything a checkpoint depends on."""
    said = json.dumps([asdict(config), asdict(inputs)], sort_keys=True)
    return hashlib.sha256(said.encode()).hexdigest()


def _optimiser(config: TwoTowerConfig, model: TwoTower) -> torch.optim.Optimizer:
    """Two groups with peak rates of their own: BERT, and everything else."""
    encoder = {id(parameter) for parameter in model.item_tower.encoder.parameters()}
    rest = [parameter for parameter in model.parameters() if id(parameter) not in encoder]
    groups = [
        {"params": rest, "peak": config.learning_rate},
        {
            "params": list(model.item_tower.encoder.parameters()),
            "peak": config.finetune.learning_rate,
        },
    ]
    if config.optimizer == "sgd":
        return torch.optim.SGD(groups, lr=0.0, momentum=0.9, weight_decay=config.weight_decay)
    return torch.optim.AdamW(groups, lr=0.0, weight_decay=config.weight_decay)


def _rate(step: int, steps: int, config: TwoTowerConfig) -> float:
    """Linear warm-up, then a cosine to 0 at the stage's end; a share of the peak rate.

    A short stage warms up in a tenth of its steps: else it would never reach its peak.
    """
    warmup = min(config.warmup_steps, max(1, steps // 10))
    if step < warmup:
        return (step + 1) / warmup
    return 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(steps - warmup, 1)))


def _fresh(
    targets: torch.Tensor, tokens: Tokens, config: TwoTowerConfig, items: int, draw: int
) -> Fresh:
    """Targets of the global batch, and other items if those are few: read anew in this step."""
    from shoplake.models.collectives import world

    rank, size = world()
    generator = torch.Generator().manual_seed(config.seed * 1_000_003 + draw)
    wanted = torch.unique(gathered(targets)).cpu()
    wanted = wanted[torch.randperm(len(wanted), generator=generator)]
    others = 1 + torch.randperm(items, generator=generator)
    chosen = torch.cat([wanted, others[~torch.isin(others, wanted)]])
    count = min(config.finetune.items_per_step, items) // size
    chosen = chosen[: count * size]
    ids, mask = tokens.padded(chosen[rank * count : (rank + 1) * count].numpy())
    return Fresh(chosen.to(targets.device), ids.to(targets.device), mask.to(targets.device))
