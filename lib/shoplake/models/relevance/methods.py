"""What learns of an encoder: everything, a few added weights, or nothing but the head."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from shoplake.errors import ModelError
from shoplake.models.relevance.bottleneck import add_bottlenecks
from shoplake.models.relevance.prefix import PrefixedEncoder
from shoplake.models.relevance.reading import is_gpt
from shoplake.models.relevance.settings import GPT_METHODS, Method, RelevanceConfig

_ORTHOGONAL = 0.5
_IMPORTANCES = ("ipt", "exp_avg_ipt", "exp_avg_unc")


def with_method(encoder: nn.Module, config: RelevanceConfig) -> nn.Module:
    """The encoder by the config's method; its `requires_grad` says what learns.

    LoRA: Hu et al. 2021; AdaLoRA: Zhang et al. 2023; both by peft.

    Raises:
        ModelError: `modules` names no layer of the encoder, or a GPT has no such method.
    """
    check_method(encoder, config.method)
    sizes = config.adapters
    encoder.requires_grad_(config.method == "full")
    if config.method == "houlsby":
        add_bottlenecks(encoder, sizes.bottleneck)
    elif config.method == "prefix":
        return PrefixedEncoder(encoder, sizes.prefix)
    elif config.method in ("lora", "adalora"):
        return _low_rank(encoder, config)
    return encoder


def check_method(encoder: nn.Module, method: Method) -> None:
    """Refuse a method that is written for other layers.

    Raises:
        ModelError: a GPT is to be fine-tuned by prefix or houlsby.
    """
    if is_gpt(encoder) and method not in GPT_METHODS:
        raise ModelError(
            f"a GPT cannot be fine-tuned by {method}, which is written for the layers of BERT",
            where="relevance: method",
            remedy=f"set it to one of {', '.join(GPT_METHODS)}",
        )


def _low_rank(encoder: nn.Module, config: RelevanceConfig) -> nn.Module:
    from peft import AdaLoraConfig, LoraConfig, PeftConfig, get_peft_model

    sizes, steps = config.adapters, config.steps
    shape: Any = encoder.config
    # GPT-2's linear layers (Conv1D) keep their weights transposed.
    transposed = shape.model_type == "gpt2"
    plan: PeftConfig = LoraConfig(
        r=sizes.rank,
        lora_alpha=sizes.alpha,
        target_modules=sizes.modules,
        fan_in_fan_out=transposed,
    )
    if config.method == "adalora":
        # Ranks are pruned between the first tenth and the last half of the steps.
        plan = AdaLoraConfig(
            init_r=sizes.rank * 3 // 2,
            target_r=sizes.rank,
            lora_alpha=sizes.alpha,
            target_modules=sizes.modules,
            fan_in_fan_out=transposed,
            total_step=steps,
            tinit=steps // 10,
            tfinal=steps // 2,
            deltaT=max(1, steps // 50),
        )
    try:
        return get_peft_model(encoder, plan)  # type: ignore[arg-type]
    except ValueError as error:
        raise ModelError(
            "LoRA finds no layer to be added to",
            where=str(error).splitlines()[0],
            remedy="set adapters: modules to linear layers: query, value of BERT, c_attn of GPT-2, "
            "q_proj, v_proj of other GPTs",
        ) from None


class Budget:
    """AdaLoRA's part of a training step; nothing for other methods."""

    def __init__(self, encoder: nn.Module, config: RelevanceConfig) -> None:
        self._base: Any = encoder.base_model if config.method == "adalora" else None
        self._encoder = encoder

    def penalty(self) -> Tensor | float:
        """How far the added matrices are from orthogonal (the paper's equation 4)."""
        if self._base is None:
            return 0.0
        found = []
        for name, weight in self._encoder.named_parameters():
            if "lora_A" in name or "lora_B" in name:
                square = weight @ weight.T if "lora_A" in name else weight.T @ weight
                found.append(torch.norm(square - torch.eye(len(square), device=square.device)))
        return _ORTHOGONAL * torch.stack(found).mean()

    def update(self, step: int) -> None:
        """After the optimiser's step, before gradients are dropped: prune what matters least."""
        if self._base is not None:
            self._base.update_and_allocate(step)

    def state(self) -> dict[str, Any]:
        """What the next update depends on, besides weights."""
        if self._base is None:
            return {}
        allocator = self._base.rankallocator
        kept = {name: dict(getattr(allocator, name)) for name in _IMPORTANCES}
        pattern = self._base.peft_config["default"].rank_pattern
        return {**kept, "pattern": dict(pattern or {})}

    def restore(self, state: dict[str, Any]) -> None:
        """Put it back."""
        if self._base is not None:
            for name in _IMPORTANCES:
                setattr(self._base.rankallocator, name, dict(state[name]))
            self._base.peft_config["default"].rank_pattern = dict(state["pattern"]) or None


def trainable(model: nn.Module) -> dict[str, nn.Parameter]:
    """Parameters that learn, by name."""
    return {name: p for name, p in model.named_parameters() if p.requires_grad}
