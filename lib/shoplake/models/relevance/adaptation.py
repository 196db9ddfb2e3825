"""Adaptation on unlabelled text before labels are seen; `pretexts` says what is learnt of it."""

from __future__ import annotations

import hashlib
import json
import math
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import torch

from shoplake.feed import Position
from shoplake.models.base import Base, load_base
from shoplake.models.checkpoint import (
    Checkpoint,
    drop_checkpoint,
    load_checkpoint,
    save_checkpoint,
)
from shoplake.models.relevance.methods import check_method
from shoplake.models.relevance.pretexts import check_pretext, pretext
from shoplake.models.relevance.reading import FAMILIES, check_positions
from shoplake.models.relevance.scratch import scratch_base
from shoplake.models.relevance.settings import SCRATCH, RelevanceConfig
from shoplake.models.relevance.stepping import finite
from shoplake.runtime.allocator import EVERY, give_back
from shoplake.runtime.console import tell

_TOLD_EVERY = 25
#: Called with a step (from 1) and its loss.
Report = Callable[[int, float], None]


def prepared(config: RelevanceConfig, texts: Sequence[str], folder: Path) -> RelevanceConfig:
    """The config with `base` made of unlabelled text, where it asks for that.

    Called again after a crash, adaptation goes on from its last checkpoint.

    Args:
        config: `base`, `scratch`, `method` and `adapt` are used.
        texts: titles and queries, without labels.
        folder: where the base model is kept; one that is whole there is used again.

    Raises:
        ModelError: there is no base model, or no text, or the base model cannot be adapted or
            fine-tuned as the config says.
    """
    if config.base != SCRATCH and not config.adapt.steps:
        return config
    if not folder.is_dir():
        start, run_dir = folder.with_suffix(".start"), folder.with_suffix(".adapting")
        if config.base == SCRATCH and not start.is_dir():
            _save(scratch_base(texts, config), start)
        base = load_base(str(start) if config.base == SCRATCH else config.base, FAMILIES)
        check_method(base.encoder, config.method)
        adapt(base, texts, config, run_dir)
        _save(base, folder)
        for made in (start, run_dir):
            shutil.rmtree(made, ignore_errors=True)
    return replace(config, base=str(folder))


def adapt(
    base: Base,
    texts: Sequence[str],
    config: RelevanceConfig,
    run_dir: Path | None = None,
    report: Report | None = None,
) -> list[float]:
    """Let the base model learn from texts without labels, in place; returns the steps' losses.

    Args:
        base: BERT or GPT.
        texts: equal ones count once.
        config: `adapt`, `max_tokens`, `temperature`, `checkpoint_every` and `seed` are used.
        run_dir: where checkpoints go, if anywhere; one that is there is gone on with.
        report: called after each step with its number and loss; prints a line now and then if
            not given.

    Raises:
        ModelError: the base model cannot learn that way, the checkpoint is another run's, or it
            diverged.
    """
    plan = config.adapt
    if not plan.steps:
        return []
    check_pretext(base, config)
    check_positions(base, config.max_tokens)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.manual_seed(config.seed)
    task = pretext(base, config)
    model = task.model.to(device).train()
    texts = sorted(set(texts))
    tokens = task.tokens(texts)
    optimizer = torch.optim.AdamW(model.parameters(), lr=plan.learning_rate, weight_decay=0.01)
    fingerprint = _fingerprint(config, texts)
    curve: list[tuple[int, float]] = []
    first = 0
    if run_dir and (found := load_checkpoint(run_dir, fingerprint, device)):
        model.load_state_dict(found.model)
        optimizer.load_state_dict(found.optimiser)
        first, curve = found.step, found.curve
    report = report or _Lines(plan.steps)
    for step in range(first, plan.steps):
        draw = np.random.default_rng([config.seed, step])
        torch.manual_seed(config.seed * 1_000_003 + step)
        rows = draw.choice(len(tokens), min(plan.batch_size, len(tokens)), replace=False)
        loss = task.loss([tokens[i] for i in rows], device)
        if loss is not None:
            told = finite(float(loss.detach()), f"adaptation's step {step + 1}", run_dir or "adapt")
            for group in optimizer.param_groups:
                group["lr"] = plan.learning_rate * rate(step, plan.steps, 0.1)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            curve.append((step + 1, told))
        if run_dir and (step + 1) % config.checkpoint_every == 0:
            run_dir.mkdir(parents=True, exist_ok=True)
            state = (model.state_dict(), optimizer.state_dict(), torch.zeros(0), curve)
            save_checkpoint(run_dir, Checkpoint(fingerprint, step + 1, Position(), *state))
        if (step + 1) % EVERY == 0:
            give_back()
        if loss is not None:
            report(step + 1, curve[-1][1])
    if run_dir:
        drop_checkpoint(run_dir)
    base.encoder.to("cpu").eval()
    return [loss for _, loss in curve]


def rate(step: int, steps: int, warmup: float) -> float:
    """Share of the peak rate: linear warm-up over a share of the steps, then a cosine to 0."""
    warm = max(1, round(warmup * steps))
    if step < warm:
        return (step + 1) / warm
    return 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, steps - warm)))


class _Lines:
    """Prints the mean loss every few steps."""

    def __init__(self, steps: int) -> None:
        self._steps = steps
        self._losses: list[float] = []

    def __call__(self, step: int, loss: float) -> None:
        self._losses.append(loss)
        if step % _TOLD_EVERY == 0:
            mean = np.mean(self._losses[-_TOLD_EVERY:])
            tell("adapt", f"step {step} of {self._steps}, loss {mean:.3f}")


def _save(base: Base, folder: Path) -> None:
    """Whole or not there."""
    new = folder.with_suffix(".new")
    shutil.rmtree(new, ignore_errors=True)
    base.save(new)
    new.replace(folder)


def _fingerprint(config: RelevanceConfig, texts: Sequence[str]) -> str:
    digest = hashlib.sha256(json.dumps(asdict(config), sort_keys=True).encode())
    for text in texts:
        digest.update(text.encode(errors="surrogatepass") + b"\0")
    return digest.hexdigest()
