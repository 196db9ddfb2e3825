"""BERT fine-tuned to name intents (Devlin et al. 2019, single-sentence classification)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from shoplake.models.assistant.settings import AssistantConfig
from shoplake.models.search.encoder import TextEncoder, budgeted, lean


class TunedClassifier:
    """A fine-tuned encoder with a linear head over its pooled, normalised vector.

    Attributes:
        classes_: intents in order.
    """

    def __init__(self, encoder: TextEncoder, head: nn.Linear, classes: list[str]) -> None:
        self._encoder, self._head = encoder, head
        self.classes_ = np.asarray(classes, dtype=object)

    def predict_log_proba(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """[n, intents]."""
        tokens = self._encoder.tokens(list(texts))
        found = np.zeros((len(tokens), len(self.classes_)))
        self._encoder.base.encoder.eval()
        with torch.inference_mode():  # in float32: see `TextEncoder.encode`, exact
            for batch in budgeted([len(t) for t in tokens], 4096):
                pooled = self._encoder.forward([tokens[i] for i in batch])
                logits = _SCALE * self._head(pooled).float()
                found[batch] = torch.log_softmax(logits, dim=1).numpy()
        return found


#: Unit vectors give small logits; this is what their head is multiplied by.
_SCALE = 20.0


def fit_tuned(
    texts: Sequence[str], intents: Sequence[str], config: AssistantConfig
) -> TunedClassifier:
    """Fine-tune the base's last layers and a head by cross-entropy.

    Args:
        texts: utterances [n].
        intents: the intent of each.
        config: `base`, `finetune` and `seed` are used.

    Raises:
        ModelError: there is no base model.
    """
    encoder = TextEncoder.load(config.base, max_tokens=config.max_tokens)
    classes = sorted(set(intents))
    target = torch.tensor([classes.index(name) for name in intents])
    counts = torch.bincount(target, minlength=len(classes)).float()
    balance = len(target) / (len(classes) * counts)
    torch.manual_seed(config.seed)
    head = nn.Linear(encoder.base.width, len(classes))
    tokens = encoder.tokens(list(texts))

    def loss(rows: Sequence[int]) -> torch.Tensor:
        with lean():
            pooled = encoder.forward([tokens[i] for i in rows])
        wanted = target[torch.as_tensor(rows)]
        return nn.functional.cross_entropy(_SCALE * head(pooled), wanted, weight=balance)

    fine_tune(encoder, head, len(tokens), loss, config)
    return TunedClassifier(encoder, head, classes)


def fine_tune(
    encoder: TextEncoder,
    head: nn.Linear,
    count: int,
    loss: Callable[[Sequence[int]], torch.Tensor],
    config: AssistantConfig,
) -> None:
    """Learn an encoder's last layers and a head, in place; the other layers stay.

    Args:
        encoder: whose base is changed.
        head: learns ten times as fast: it begins with nothing.
        count: how many examples there are.
        loss: of the examples at these rows, with gradient.
        config: `finetune` and `seed` are used.
    """
    tune = config.finetune
    encoder.base.encoder.requires_grad_(requires_grad=False)
    for layer in encoder.base.last_layers(tune.layers):
        layer.requires_grad_(requires_grad=True)
    body = [p for p in encoder.base.encoder.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(
        [
            {"params": body, "lr": tune.learning_rate},
            {"params": head.parameters(), "lr": 10 * tune.learning_rate},
        ],
        weight_decay=0.01,
    )
    warm = max(1, tune.steps // 10)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda s: min((s + 1) / warm, (tune.steps - s) / max(1, tune.steps - warm))
    )
    random = np.random.default_rng(config.seed)
    encoder.base.encoder.train()
    for _ in range(tune.steps):
        rows = random.choice(count, min(tune.batch, count), replace=False)
        optimizer.zero_grad(set_to_none=True)
        lost = loss(rows.tolist())
        lost.backward()
        nn.utils.clip_grad_norm_(body, 1.0)
        optimizer.step()
        schedule.step()
