"""BERT fine-tuned to name intents (Devlin et al. 2019, single-sentence classification)."""

from __future__ import annotations

from collections.abc import Sequence

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
    tune = config.finetune
    encoder = TextEncoder.load(config.base, max_tokens=config.max_tokens)
    classes = sorted(set(intents))
    target = torch.tensor([classes.index(name) for name in intents])
    counts = torch.bincount(target, minlength=len(classes)).float()
    balance = len(target) / (len(classes) * counts)
    torch.manual_seed(config.seed)
    head = nn.Linear(encoder.base.width, len(classes))
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
    tokens = encoder.tokens(list(texts))
    random = np.random.default_rng(config.seed)
    encoder.base.encoder.train()
    for _ in range(tune.steps):
        rows = random.choice(len(tokens), min(tune.batch, len(tokens)), replace=False)
        with lean():
            pooled = encoder.forward([tokens[i] for i in rows])
        loss = nn.functional.cross_entropy(_SCALE * head(pooled), target[rows], weight=balance)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(body, 1.0)
        optimizer.step()
        schedule.step()
    return TunedClassifier(encoder, head, classes)
