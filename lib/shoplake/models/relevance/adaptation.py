"""Adaptation on unlabelled text: masked language modelling (Devlin et al. 2019, section 3.1)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from shoplake.models.base import Base, load_base
from shoplake.models.relevance.scratch import scratch_base
from shoplake.models.relevance.settings import SCRATCH, RelevanceConfig
from shoplake.models.search.encoder import TextEncoder, padded
from shoplake.runtime.console import tell

_TOLD_EVERY = 25


def prepared(config: RelevanceConfig, texts: Sequence[str], folder: Path) -> RelevanceConfig:
    """The config with `base` made of unlabelled text, where it asks for that.

    Args:
        config: `base`, `scratch` and `adapt` are used.
        texts: titles and queries, without labels.
        folder: where the base model is kept; one that is whole there is used again.

    Raises:
        ModelError: there is no base model, or no text.
    """
    if config.base != SCRATCH and not config.adapt.steps:
        return config
    if not folder.is_dir():
        base = scratch_base(texts, config) if config.base == SCRATCH else load_base(config.base)
        adapt(base, texts, config)
        new = folder.with_suffix(".new")
        base.save(new)
        new.replace(folder)
    return replace(config, base=str(folder))


def adapt(base: Base, texts: Sequence[str], config: RelevanceConfig) -> list[float]:
    """Let the encoder guess masked tokens of the texts, in place; returns each step's loss.

    Of the tokens chosen, 80% are masked, 10% replaced at random, 10% left.
    """
    from transformers import BertForMaskedLM

    plan = config.adapt
    if not plan.steps:
        return []
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.manual_seed(config.seed)
    encoder: Any = base.encoder
    model: Any = BertForMaskedLM(encoder.config)
    model.bert.embeddings = encoder.embeddings
    model.bert.encoder = encoder.encoder
    model.cls.predictions.decoder.weight = encoder.embeddings.word_embeddings.weight
    model.to(device).train()
    tokens = TextEncoder(base, max_tokens=config.max_tokens).tokens(sorted(set(texts)))
    mask, size = base.tokenizer.mask_token_id, int(encoder.config.vocab_size)
    optimizer = torch.optim.AdamW(model.parameters(), lr=plan.learning_rate, weight_decay=0.01)
    losses: list[float] = []
    for step in range(plan.steps):
        draw = np.random.default_rng([config.seed, step])
        torch.manual_seed(config.seed * 1_000_003 + step)
        rows = draw.choice(len(tokens), min(plan.batch_size, len(tokens)), replace=False)
        ids, kept = padded([tokens[i] for i in rows])
        inner = kept.bool() & (ids != base.tokenizer.cls_token_id)
        inner &= ids != base.tokenizer.sep_token_id
        chosen = inner & (torch.rand(ids.shape) < plan.masked)
        way = torch.rand(ids.shape)
        seen = torch.where(chosen & (way < 0.8), mask, ids)
        other = torch.randint(5, size, ids.shape)
        seen = torch.where(chosen & (way >= 0.8) & (way < 0.9), other, seen)
        wanted = torch.where(chosen, ids, -100)
        if not chosen.any():
            continue
        for group in optimizer.param_groups:
            group["lr"] = plan.learning_rate * rate(step, plan.steps, 0.1)
        given = {"input_ids": seen, "attention_mask": kept, "labels": wanted}
        loss = model(**{name: values.to(device) for name, values in given.items()}).loss
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        losses.append(float(loss.detach()))
        if (step + 1) % _TOLD_EVERY == 0:
            tell("adapt", f"step {step + 1} of {plan.steps}, loss {np.mean(losses[-25:]):.3f}")
    base.encoder.to("cpu")
    return losses


def rate(step: int, steps: int, warmup: float) -> float:
    """Share of the peak rate: linear warm-up over a share of the steps, then a cosine to 0."""
    warm = max(1, round(warmup * steps))
    if step < warm:
        return (step + 1) / warm
    return 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, steps - warm)))
