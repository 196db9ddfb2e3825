"""Settings of the assistant; `conf/models/assistant.yml` and `conf/assistant/*.yml` fill them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from shoplake.errors import SettingsError
from shoplake.runtime.settings import conf_dir
from shoplake.runtime.typed import load_yaml


@dataclass(frozen=True)
class TuneConfig:
    """Fine-tuning of BERT with a classification head.

    Attributes:
        least: fewer utterances than this leave BERT as it is: it would only learn them by heart.
        steps: optimiser steps.
        layers: how many of its last layers learn.
        batch: examples a step.
        learning_rate: peak, AdamW, warm-up over a tenth, then linear to 0.
    """

    least: int
    steps: int
    layers: int
    batch: int
    learning_rate: float


@dataclass(frozen=True)
class AssistantConfig:
    """Everything in `conf/models/assistant.yml`.

    Attributes:
        base: base model, see `models.base.load_base`.
        max_tokens: tokens read of a message.
        classifier: `linear`: logistic regressions on frozen vectors and on words, averaged;
            `finetuned`: where there are enough utterances, BERT itself is fine-tuned as well and
            joins the average.
        entities: `rules`: what names a product is what is left of a message without the words of
            requests; `finetuned`: where there are enough utterances, BERT is fine-tuned to mark
            products in English messages. Numbers of orders are found by rules either way.
        strength: C of the logistic regressions.
        refused: share of messages with a known intent and unseen phrasing that may be taken for
            unknown; sets the threshold.
        unsure: below this confidence an answer is not given but handed over.
        finetune: see there.
        utterances: folder of the customer_service layout to learn from besides
            `conf/assistant/intents.yml`; null: none.
        questions: folder of the product_questions layout to find past answers in; null: none.
        least_answer: least score (0 to 1) of a past answer worth showing.
        rephrase: local causal language model, a folder or hub id, that words answers anew; null:
            the templates' words stand.
        rephrase_tokens: most tokens it may write.
        session_hours: a dialogue is forgotten after so long.
        seed: of splits and training.
    """

    base: str
    max_tokens: int
    classifier: Literal["linear", "finetuned"]
    entities: Literal["rules", "finetuned"]
    strength: float
    refused: float
    unsure: float
    finetune: TuneConfig
    utterances: str | None
    questions: str | None
    least_answer: float
    rephrase: str | None
    rephrase_tokens: int
    session_hours: float
    seed: int

    def __post_init__(self) -> None:
        for name in ("refused", "unsure", "least_answer"):
            if not 0 < getattr(self, name) < 1:
                raise SettingsError(
                    f"{name} is {getattr(self, name)}",
                    where="conf/models/assistant.yml",
                    remedy="set it between 0 and 1",
                )


@dataclass(frozen=True)
class Clause:
    """What is done about an intent.

    Attributes:
        facts: which rows answer it: the person's order, a product, recommendations, or none.
        policy: topic of `conf/assistant/policies.yml` that is told, if any.
        hand_over: a person has to act, whatever is told.
        phrases: how people say it; what the intent model learns from.
    """

    facts: Literal["order", "product", "recommendations", "none"]
    policy: str | None
    hand_over: bool
    phrases: list[str]


@dataclass(frozen=True)
class Policy:
    """A rule of the shop in words, in English and Chinese."""

    en: str
    zh: str


@dataclass(frozen=True)
class Intents:
    """`conf/assistant/intents.yml`: intent -> clause."""

    intents: dict[str, Clause]


@dataclass(frozen=True)
class ShopPolicies:
    """`conf/assistant/policies.yml`: topic -> what the shop says."""

    policies: dict[str, Policy]


def load_assistant(path: Path | None = None) -> AssistantConfig:
    """Read `conf/models/assistant.yml`, or another file of its form.

    Raises:
        SettingsError: a key is unknown, missing, or of a wrong type or value.
    """
    return load_yaml(path or conf_dir() / "models" / "assistant.yml", AssistantConfig)


def load_intents(path: Path | None = None) -> dict[str, Clause]:
    """Read `conf/assistant/intents.yml`; every policy it names must exist.

    Raises:
        SettingsError: as above, or a policy is not written.
    """
    path = path or conf_dir() / "assistant" / "intents.yml"
    intents = load_yaml(path, Intents).intents
    known = load_shop_policies()
    for name, clause in intents.items():
        if clause.policy is not None and clause.policy not in known:
            raise SettingsError(
                f"no policy '{clause.policy}'",
                where=f"{path}: intents.{name}",
                remedy=f"known: {', '.join(known)}",
            )
    return intents


def load_shop_policies(path: Path | None = None) -> dict[str, Policy]:
    """Read `conf/assistant/policies.yml`.

    Raises:
        SettingsError: a key is unknown, missing, or of a wrong type.
    """
    return load_yaml(path or conf_dir() / "assistant" / "policies.yml", ShopPolicies).policies
