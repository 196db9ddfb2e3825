"""Settings of rankers of text; `conf/models/relevance.yml` fills them."""

from __future__ import annotations

import itertools
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from shoplake.errors import SettingsError
from shoplake.models.relevance.ranges import above_0, at_least
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

    def __post_init__(self) -> None:
        sizes = {"vocabulary": self.vocabulary, "layers": self.layers, "width": self.width}
        at_least(1, sizes | {"heads": self.heads}, "scratch: ")
        if self.width % self.heads:
            raise SettingsError(
                f"{self.heads} heads cannot share a width of {self.width}",
                where="relevance: scratch: heads",
                remedy="set it to a number that divides the width",
            )


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

    def __post_init__(self) -> None:
        at_least(0, {"steps": self.steps}, "adapt: ")
        at_least(1, {"batch_size": self.batch_size}, "adapt: ")
        above_0({"learning_rate": self.learning_rate}, "adapt: ")
        if not 0 < self.masked < 1:
            raise SettingsError(
                f"masked is {self.masked}",
                where="relevance: adapt: masked",
                remedy="set it to a share between 0 and 1, such as 0.15",
            )


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

    def __post_init__(self) -> None:
        sizes = {"rank": self.rank, "alpha": self.alpha, "prefix": self.prefix}
        at_least(1, sizes | {"bottleneck": self.bottleneck}, "adapters: ")


@dataclass(frozen=True)
class RelevanceConfig:
    """A ranker of text and its training.

    Attributes:
        architecture: bi_encoder (cosine of two vectors; contrastive) or cross_encoder (query and
            title read together).
        loss: of a cross_encoder: regression (squared error of relevance as 0..1) or
            classification (cross-entropy of classes cut at `cuts`).
        cuts: grades between classes, ascending.
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
        accumulate: groups that a bi_encoder's step is made of; titles compete within a group. A
            cross_encoder's parts are those of its `token_budget`, so it takes 1 alone.
        token_budget: tokens of a part of a cross_encoder's step; gradients of parts are summed. A
            bi_encoder does not look at it.
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
        least |= {"weight_decay": 0, "patience": 0, "timeout_seconds": 1}
        for name, minimum in least.items():
            at_least(minimum, {name: getattr(self, name)})
        above_0({"clip_norm": self.clip_norm, "temperature": self.temperature})
        above_0(self.learning_rates, "learning_rates: ")
        if not 0 <= self.warmup <= 1:
            raise SettingsError(
                f"warmup is {self.warmup}",
                where="relevance: warmup",
                remedy="set it to a share of the steps, from 0 to 1",
            )
        if not 0 <= self.validation < 1:
            raise SettingsError("validation is a share below 1", where="relevance: validation")
        self._check_architecture()
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

    def _check_architecture(self) -> None:
        edges = [1.0, *self.cuts, 3.0]
        if not all(low < high for low, high in itertools.pairwise(edges)):
            raise SettingsError(
                f"cuts are {self.cuts}",
                where="relevance: cuts",
                remedy="give grades between 1 and 3, each above the one before: [2.0, 2.5]",
            )
        if self.architecture == "cross_encoder" and self.accumulate > 1:
            raise SettingsError(
                f"accumulate is {self.accumulate}, which a cross_encoder has no use for",
                where="relevance: accumulate",
                remedy="set it to 1: token_budget says how large the parts of a step are",
            )
        if (self.architecture, self.loss, self.cuts) == ("cross_encoder", "classification", []):
            raise SettingsError(
                "one class alone: there are no cuts",
                where="relevance: cuts",
                remedy="give grades between classes, such as [2.0, 2.5]",
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
