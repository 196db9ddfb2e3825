"""The tasks of `shoplake evaluate`: one module each, with `run(data, train, seed) -> Findings`."""

from __future__ import annotations

import inspect
from importlib import import_module
from pathlib import Path
from typing import Any, cast

from shoplake.errors import ShoplakeError
from shoplake.evaluate.findings import Findings

#: task -> what it asks; each is the module of that name beside this file.
TASKS = {
    "sessions": "the next item of a session (diginetica layout)",
    "sequences": "a person's next item after their history (amazon_games layout)",
    "purchases": "what people buy in the next 30 days (online_retail or dunnhumby layout)",
    "transfer": "a model of titles learned in one shop, served in another (either layout)",
    "fairness": "exposure of groups of products, re-ranked (online_retail or dunnhumby layout)",
    "membership": "was a person in the training data? (amazon_games or online_retail layout)",
    "behaviour": "who buys again, lapses, spends (online_retail or dunnhumby layout)",
    "ads": "who clicks or redeems (open_bandit or dunnhumby layout)",
    "demand": "what sells when, and the stock for it (online_retail or walmart_sales layout)",
    "descriptions": "reading and describing products' pictures (grocery_images layout)",
    "search": "relevance and retrieval for unseen queries (home_depot layout)",
    "intents": "what messages to customer service ask for (customer_service layout)",
    "questions": "answers to product questions (product_questions layout)",
    "labels": "how many labels a ranker needs, and which (home_depot layout)",
    "tuning": "fine-tuning methods of a ranker of text (home_depot layout)",
    "generalisation": "a ranker learnt on other topics or in another shop (home_depot layout)",
}


def evaluate(
    task: str, data: Path, train: Path | None = None, *, seed: int = 0, **options: Any
) -> Findings:
    """Learn on `train` (or on the training part of `data`) and judge on `data`.

    Args:
        task: of `TASKS`.
        data: folder to judge on.
        train: folder to learn on.
        seed: of whatever is drawn.
        options: what some tasks take besides; None is left out.

    Raises:
        ShoplakeError: no such task or option, or a file is missing or not of the task's layout.
    """
    if task not in TASKS:
        raise ShoplakeError(f"no task '{task}'", remedy=f"the tasks are {', '.join(TASKS)}")
    module = import_module(f"{__name__}.{task}")
    given = {name: value for name, value in options.items() if value is not None}
    known = inspect.signature(module.run).parameters
    if unknown := [name for name in given if name not in known]:
        raise ShoplakeError(f"the task '{task}' has no --{unknown[0]}")
    return cast(Findings, module.run(data, train, seed=seed, **given))
