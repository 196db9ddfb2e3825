"""Training tokens/s beside the plain Transformers `Trainer`: same model, same pairs, same steps.

    python tests/bench/bench_training.py [--data FOLDER] [--steps 30] [--batch 64] [--tokens 40]

A cross-encoder of MiniLM learns judged pairs of home_depot. Both sides start from the same weights,
see the same pairs in every step, without dropout, and use AdamW, the same rates and the same norm
to clip at; so their losses must agree, and are compared step by step. The `Trainer` pads a batch to
its longest pair (DataCollatorWithPadding); Shoplake sorts a step's pairs by length, cuts them by a
token budget and adds up gradients. Tokens are counted without padding. The sides take turns.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from transformers import DataCollatorWithPadding, Trainer, TrainerCallback, TrainingArguments
from transformers.trainer_callback import PrinterCallback

from shoplake.models.base import MINILM, load_base
from shoplake.models.config import model_file
from shoplake.models.relevance.adaptation import rate
from shoplake.models.relevance.objectives import Grades
from shoplake.models.relevance.ranker import Ranker
from shoplake.models.relevance.settings import RelevanceConfig, load_relevance
from shoplake.models.relevance.stepping import optimizer_of
from shoplake.models.relevance.training import finetune, held_out
from shoplake.models.search.judgements import Judgements, read_judgements

#: (seconds, CPU seconds) at the end of each step, and its loss.
Timed = tuple[list[tuple[float, float]], list[float]]


class Plain(nn.Module):
    """The ranker as the `Trainer` wants a model: a padded batch in, its loss out."""

    def __init__(self, ranker: Ranker) -> None:
        super().__init__()
        self.encoder, self.head = ranker.encoder, ranker.head

    def forward(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor,
        token_type_ids: torch.Tensor,
        labels: torch.Tensor,
    ) -> dict[str, torch.Tensor]:
        read = self.encoder(
            input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids
        )
        mask = attention_mask.unsqueeze(-1).to(read.last_hidden_state.dtype)
        pooled = (read.last_hidden_state * mask).sum(1) / mask.sum(1)
        return {"loss": ((self.head(pooled)[:, 0] - labels) ** 2).mean()}


class InOrder(Trainer):
    """The `Trainer` with its pairs in the order given, so that both sides see the same steps."""

    def _get_train_sampler(self, *_: Any) -> torch.utils.data.Sampler:
        return torch.utils.data.SequentialSampler(self.train_dataset)  # type: ignore[arg-type]


class Clock(TrainerCallback):
    """When each step ended, and its loss."""

    def __init__(self) -> None:
        self.at: list[tuple[float, float]] = []
        self.losses: list[float] = []

    def on_step_end(self, *_: Any, **__: Any) -> None:
        self.at.append(now())

    def on_log(self, *_: Any, logs: dict[str, float] | None = None, **__: Any) -> None:
        if logs and "loss" in logs:
            self.losses.append(logs["loss"])


def by_trainer(config: RelevanceConfig, judged: Judgements, folder: Path) -> Timed:
    ranker = Ranker(load_base(config.base), config)
    rows = [row for step in range(config.steps) for row in drawn(config, judged, step)]
    queries = ranker.tokens(judged.queries.tolist())
    titles = ranker.tokens(judged.titles.tolist())
    pairs = []
    for row in rows:
        ids, sides = ranker.paired(queries[judged.query[row]], titles[judged.title[row]])
        label = float((judged.relevance[row] - 1) / 2)
        pairs.append(
            {
                "input_ids": ids,
                "attention_mask": [1] * len(ids),
                "token_type_ids": sides,
                "labels": label,
            }
        )
    model = Plain(ranker)
    optimizer = optimizer_of(config, model.parameters())
    for group in optimizer.param_groups:
        group["lr"] = config.learning_rate
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: rate(step, config.steps, config.warmup)
    )
    clock = Clock()
    asked = TrainingArguments(
        output_dir=str(folder),
        per_device_train_batch_size=config.batch_size,
        max_steps=config.steps,
        max_grad_norm=config.clip_norm,
        logging_steps=1,
        logging_nan_inf_filter=False,
        report_to="none",
        save_strategy="no",
        disable_tqdm=True,
        use_cpu=True,
        remove_unused_columns=False,
    )
    trainer = InOrder(
        model=model,
        args=asked,
        data_collator=DataCollatorWithPadding(ranker.tokenizer),
        train_dataset=pairs,  # type: ignore[arg-type]
        optimizers=(optimizer, schedule),
        callbacks=[clock],
    )
    trainer.remove_callback(PrinterCallback)
    trainer.train()
    return clock.at, clock.losses


def by_shoplake(config: RelevanceConfig, file: Path, folder: Path) -> Timed:
    at: list[tuple[float, float]] = []
    made = finetune(config, str(file), str(folder), lambda _: at.append(now()))
    return at, [loss for _, loss in made.curve]


def drawn(config: RelevanceConfig, judged: Judgements, step: int) -> np.ndarray:
    """The pairs of a step, as `objectives.Grades` draws them."""
    draw = np.random.default_rng([config.seed, step])
    return draw.choice(len(judged), config.batch_size, replace=False)


def tokens(config: RelevanceConfig, judged: Judgements) -> tuple[list[int], list[int]]:
    """Of each step: tokens that are none of padding, and tokens with the padding of a batch."""
    ranker = Ranker(load_base(config.base), config)
    aim = Grades(config, ranker, judged, None)
    lengths = [
        [len(ids) for part in aim.parts(step) for ids, _ in part.pairs]
        for step in range(config.steps)
    ]
    return [sum(row) for row in lengths], [max(row) * len(row) for row in lengths]


def without_dropout(folder: Path) -> str:
    """MiniLM in a folder of its own, set to drop nothing."""
    base = load_base(MINILM)
    base.encoder.config.hidden_dropout_prob = 0.0  # type: ignore[union-attr]
    base.encoder.config.attention_probs_dropout_prob = 0.0  # type: ignore[union-attr]
    base.save(folder)
    return str(folder)


def now() -> tuple[float, float]:
    """Seconds, and CPU seconds of this process: other programs count in the first only."""
    return time.perf_counter(), time.process_time()


def speed(at: Sequence[tuple[float, float]], real: Sequence[int]) -> np.ndarray:
    """Tokens a second and a CPU second; the first step, which warms up, is left out."""
    return sum(real[1:]) / np.subtract(at[-1], at[0])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    data = Path(os.environ.get("SHOPLAKE_DATA", "../shared/data")) / "home_depot"
    parser.add_argument("--data", type=Path, default=data)
    for name, default in (
        ("steps", 30),
        ("batch", 64),
        ("tokens", 40),
        ("pairs", 4000),
        ("runs", 2),
    ):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument(
        "--budget", type=int, help="tokens of a part of a step (default: the settings')"
    )
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        config = dataclasses.replace(
            load_relevance(model_file("relevance_cross")),
            base=without_dropout(folder / "base"),
            max_tokens=asked.tokens,
            steps=asked.steps,
            batch_size=asked.batch,
            validation=0.0,
            patience=0,
        )
        if asked.budget:
            config = dataclasses.replace(config, token_budget=asked.budget)
        pairs = folder / "pairs.parquet"
        found = read_judgements(asked.data).sample(asked.pairs, random_state=0)
        found.to_parquet(pairs)
        judged, _ = held_out(Judgements.of(found), config)
        real, full = tokens(config, judged)
        print(
            f"{asked.steps} steps of {asked.batch} pairs, {sum(real):,} tokens, "
            f"{sum(full):,} with a batch's padding"
        )
        speeds: list[tuple[np.ndarray, np.ndarray]] = []
        for run in range(asked.runs):
            plain = by_trainer(config, judged, folder / f"trainer{run}")
            own = by_shoplake(config, pairs, folder / f"shoplake{run}")
            gap = float(np.abs(np.array(plain[1]) - np.array(own[1])).max())
            if gap > 2e-3:
                raise SystemExit(f"the two sides disagree: losses differ by up to {gap}")
            print(f"losses of all steps differ by at most {gap:.1e}; last {own[1][-1]:.4f}")
            speeds.append((speed(plain[0], real), speed(own[0], real)))
        for at, per in enumerate(("s", "CPU s")):
            plain, own = (np.median([pair[side][at] for pair in speeds]) for side in (0, 1))
            print(
                f"Trainer {plain:,.0f} tokens/{per}, shoplake {own:,.0f}: {own / plain:.2f} times"
            )


if __name__ == "__main__":
    main()
