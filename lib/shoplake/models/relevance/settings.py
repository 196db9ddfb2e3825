"""Settings of rankers of text; `conf/models/relevance.yml` fills them."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from shoplake.errors import SettingsError
from shoplake.runtime.settings import conf_dir
from shoplake.runtime.typed import load_yaml

Method = Literal["full", "lora", "adalora", "prefix", "houlsby", "head"]
METHODS: tuple[Method, ...] = ("full", "lora", "adalora", "prefix", "houlsby", "head")
#: Those that a GPT can be fine-tuned by: prefix and houlsby are written for the layers of BERT.
GPT_METHODS: tuple[Method, ...] = ("full", "lora", "adalora", "head")
#: As `base`: a small model with random weights and a tokenizer learnt from the texts at hand.
SCRATCH = "scratch"


@dataclass(frozen=True)
class ScratchConfig:
    """A model without outside weights.

    Attributes:
        vocabulary: most word pieces of the tokenizer; a GPT has 257 at least, one a byte.
        layers, width, heads: of the model.
        family: bert (WordPiece, reads both ways) or gpt (byte-level BPE, from left to right).
    """

    vocabulary: int
    layers: int
    width: int
    heads: int
    family: Literal["bert", "gpt"] = "bert"


@dataclass(frozen=True)
class AdaptConfig:
    """Learning from unlabelled text, before the labels are seen.

    Attributes:
        steps: optimiser steps; 0: none.
        batch_size: texts of a step.
        masked: share of the tokens to guess, of mlm.
        learning_rate: peak rate of AdamW.
        kind: mlm (masked tokens, for BERT), causal (the next token, for a GPT) or simcse (a text
            and itself through dropout, for both); see `pretexts`.
    """

    steps: int
    batch_size: int
    masked: float
    learning_rate: float
    kind: Literal["mlm", "simcse", "causal"] = "mlm"


@dataclass(frozen=True)
class AdapterConfig:
    """Sizes of the parameter-efficient methods.

    Attributes:
        rank: of LoRA; AdaLoRA starts at one and a half times it and prunes to it on average.
        alpha: LoRA's scale is alpha / rank.
        modules: linear layers that LoRA and AdaLoRA are added to.
        prefix: keys and values put before each layer's own.
        bottleneck: inner width of a Houlsby adapter.
    """

    rank: int
    alpha: int
    modules: list[str]
    prefix: int
    bottleneck: int


@dataclass(frozen=True)
class RelevanceConfig:
    """A ranker of text and its training.

    Attributes:
        architecture: bi_encoder (cosine of two vectors; contrastive) or cross_encoder (query and
            title read together).
        loss: of a cross_encoder: regression (squared error of relevance as 0..1) or
            classification (cross-entropy of classes cut at `cuts`).
        cuts: grades between classes.
        base: "scratch", or what `models.base.load_base` takes.
        scratch: the model for base "scratch".
        max_tokens: tokens read of a text, or of a pair.
        method: what learns: full, lora, adalora, prefix, houlsby, or the head alone.
        adapters: sizes of the parameter-efficient methods.
        learning_rates: peak rate by method.
        adapt: learning from unlabelled text before it.
        optimizer: AdamW, or SGD with momentum 0.9.
        weight_decay: of both.
        steps: most optimiser steps.
        batch_size: of a step: queries of a bi_encoder, pairs of a cross_encoder.
        accumulate: groups that a bi_encoder's step is made of; titles compete within a group.
        token_budget: tokens of a part of a cross_encoder's step; gradients of parts are summed.
        warmup: share of the steps in which the rate rises.
        clip_norm: largest norm of a step's gradient.
        temperature: of the softmax over cosines.
        hard_negatives: mined by BM25 for each query.
        precision: of matrix products on a GPU; a CPU computes in float32.
        validation: share of the queries that early stopping looks at; 0: none is held out.
        validate_every: steps between looks.
        patience: looks without a gain before training stops; 0: never stops, last weights count.
        checkpoint_every: steps between checkpoints.
        timeout_seconds: how long a process waits for the others before it gives up.
        seed: of everything drawn.
        parallel: of several processes: ddp (each has all weights) or fsdp (each a part of every
            weight, for a model that a device cannot hold; see `sharding`).
    """

    architecture: Literal["bi_encoder", "cross_encoder"]
    loss: Literal["regression", "classification"]
    cuts: list[float]
    base: str
    scratch: ScratchConfig
    max_tokens: int
    method: Method
    adapters: AdapterConfig
    learning_rates: dict[str, float]
    adapt: AdaptConfig
    optimizer: Literal["adamw", "sgd"]
    weight_decay: float
    steps: int
    batch_size: int
    accumulate: int
    token_budget: int
    warmup: float
    clip_norm: float
    temperature: float
    hard_negatives: int
    precision: Literal["float32", "bf16", "fp16"]
    validation: float
    validate_every: int
    patience: int
    checkpoint_every: int
    timeout_seconds: int
    seed: int
    parallel: Literal["ddp", "fsdp"] = "ddp"

    def __post_init__(self) -> None:
        least = {"max_tokens": 3, "steps": 1, "batch_size": 2, "accumulate": 1, "token_budget": 1}
        least |= {"validate_every": 1, "checkpoint_every": 1, "hard_negatives": 1}
        for name, minimum in least.items():
            if getattr(self, name) < minimum:
                raise SettingsError(
                    f"{name} is {getattr(self, name)}",
                    where=f"relevance: {name}",
                    remedy=f"set it to {minimum} or more",
                )
        if not 0 <= self.validation < 1:
            raise SettingsError("validation is a share below 1", where="relevance: validation")
        if self.patience and not self.validation:
            raise SettingsError(
                "early stopping has nothing to look at",
                where="relevance: patience",
                remedy="set validation to a share such as 0.1, or patience to 0",
            )
        if self.method not in self.learning_rates:
            raise SettingsError(f"no rate for {self.method}", where="relevance: learning_rates")
        if self.parallel == "fsdp" and (self.method == "adalora" or self.precision == "fp16"):
            what = "adalora" if self.method == "adalora" else "fp16"
            raise SettingsError(
                f"{what} needs whole gradients, which no process has by fsdp",
                where="relevance: parallel",
                remedy="set it to ddp, or take method lora and precision bf16",
            )

    @property
    def learning_rate(self) -> float:
        """The method's peak rate."""
        return self.learning_rates[self.method]

    def said(self) -> dict[str, Any]:
        """All settings that what is learnt depends on: not how processes share the work."""
        return {name: value for name, value in asdict(self).items() if name != "parallel"}

    def by(self, method: Method) -> RelevanceConfig:
        """The same by another method."""
        return replace(self, method=method)


def load_relevance(path: Path | None = None) -> RelevanceConfig:
    """Read `conf/models/relevance.yml` or another file of its form.

    Raises:
        SettingsError: a key that is unknown, missing or of a wrong type or value.
    """
    return load_yaml(path or conf_dir() / "models" / "relevance.yml", RelevanceConfig)
