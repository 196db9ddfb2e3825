"""How the embedded writer is learnt, and where it is kept."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from shoplake.models.descriptions.decoder import END, POSITIONS, SPECIAL, Decoder, Example
from shoplake.models.descriptions.language import tokens
from shoplake.models.descriptions.settings import DecoderConfig
from shoplake.models.search.cache import cache_folder


def learn_decoder(
    key: str, make: Callable[[], Sequence[Example]], config: DecoderConfig, *, seed: int
) -> Decoder:
    """A decoder that learnt to answer examples, kept in the cache under `key`.

    Args:
        key: changes when the examples, the settings or the seed do.
        make: the examples, requests and texts; not called where the cache has the decoder.
        config: size of the network and its training.
        seed: of weights and batches.
    """
    path = cache_folder() / "descriptions" / f"{key}.pt"
    if path.is_file():
        return _load(path, config)
    examples = make()
    texts = [tokens(e.text) for e in examples]
    texts = [[t if t.startswith("{") else t.lower() for t in text] for text in texts]
    prompts = [e.request.prompt() for e in examples]
    words = [*SPECIAL, *sorted({w for row in (*texts, *prompts) for w in row} - set(SPECIAL))]
    index = {word: i for i, word in enumerate(words)}
    spoken: dict[str, set[int]] = {}
    for example, text in zip(examples, texts, strict=True):
        spoken.setdefault(example.request.language, set()).update(index[w] for w in text)
    network = _network(len(words), config, seed)
    rows = [
        ([index[w] for w in prompt], [index[w] for w in text] + [index[END]])
        for prompt, text in zip(prompts, texts, strict=True)
    ]
    _train(network, rows, config, seed)
    decoder = Decoder(network, words, {k: sorted(v) for k, v in spoken.items()})
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(f".{os.getpid()}")
    torch.save({"state": network.state_dict(), "words": words, "spoken": decoder.spoken}, new)
    new.replace(path)
    return decoder


def _load(path: Path, config: DecoderConfig) -> Decoder:
    kept = torch.load(path, weights_only=True)
    network = _network(len(kept["words"]), config, 0)
    network.load_state_dict(kept["state"])
    return Decoder(network.eval(), kept["words"], kept["spoken"])


def _network(words: int, config: DecoderConfig, seed: int) -> Any:
    from transformers import GPT2Config, GPT2LMHeadModel

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        made = GPT2LMHeadModel(
            GPT2Config(
                vocab_size=words,
                n_positions=POSITIONS,
                n_embd=config.width,
                n_layer=config.layers,
                n_head=config.heads,
                resid_pdrop=config.dropout,
                embd_pdrop=config.dropout,
                attn_pdrop=config.dropout,
                # The same function as GPT-2's own, in one kernel.
                activation_function="gelu_pytorch_tanh",
                bos_token_id=1,
                eos_token_id=2,
            )
        )
    return made.eval()


def _train(
    network: Any, rows: list[tuple[list[int], list[int]]], config: DecoderConfig, seed: int
) -> None:
    """Next-token cross-entropy of the texts; batches are of about equal length."""
    draw = np.random.default_rng(seed)
    order = sorted(range(len(rows)), key=lambda i: len(rows[i][0]) + len(rows[i][1]))
    size = min(config.batch_size, len(rows))
    batches = [order[i : i + size] for i in range(0, len(order), size)]
    optimizer = torch.optim.AdamW(network.parameters(), lr=config.learning_rate, weight_decay=0.01)
    network.train()
    torch.manual_seed(seed)
    for step in range(config.steps):
        for group in optimizer.param_groups:
            group["lr"] = config.learning_rate * _schedule(step, config.steps)
        chosen = batches[int(draw.integers(len(batches)))]
        longest = min(POSITIONS, max(len(rows[i][0]) + len(rows[i][1]) for i in chosen))
        ids = np.zeros((len(chosen), longest), dtype=np.int64)
        wanted = np.full((len(chosen), longest), -100, dtype=np.int64)
        for row, i in enumerate(chosen):
            prompt, text = rows[i]
            whole = (prompt + text)[:longest]
            ids[row, : len(whole)] = whole
            wanted[row, len(prompt) : len(whole)] = whole[len(prompt) :]
        logits = network(input_ids=torch.from_numpy(ids)).logits[:, :-1]
        loss = torch.nn.functional.cross_entropy(
            logits.reshape(-1, logits.shape[-1]), torch.from_numpy(wanted[:, 1:]).reshape(-1)
        )
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
    network.eval()


def _schedule(step: int, steps: int) -> float:
    """Linear warm-up over a twentieth of the steps, then a cosine to a twentieth."""
    warm = max(1, steps // 20)
    if step < warm:
        return (step + 1) / warm
    return 0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, steps - warm)))
