"""A rewording may be friendlier, but says nothing of an order that the answer does not say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from chat_lake import ANN

from shoplake.errors import ModelError
from shoplake.runtime.settings import Settings
from shoplake.serve.assistant.answering import Assistant
from shoplake.serve.assistant.desk import Desk
from shoplake.serve.assistant.grounded import faithful
from shoplake.serve.assistant.lake import Reader
from shoplake.serve.assistant.rewording import PROMPT, reworder
from taught import gpt2_config, spaced, taught

ANSWER = "Order AC-40177 of 2026-01-17: 2 item(s), 7731.13 GBP in all, placed."
CHINESE = "订单 AC-40177（2026-01-17）：共 2 件，合计 7731.13 GBP，已下单。"


@pytest.mark.parametrize(
    "more",
    [
        "It is on its way and will arrive tomorrow.",
        "It is on  its\nway.",
        "It will be with you soon.",
        "It arrives on Monday.",
        "It takes three working days.",
        "It has been dispatched.",
        "The courier has it.",
        "It is in our warehouse.",
        "Your parcel is out for delivery.",
        "We have received your payment.",
        "It\u2019s delayed.",
        "You don\u2019t have to wait.",
        "It comes this evening.",
        "包裹明天到。",
        "包裹在路上。",
        "三天内收到。",
    ],
)
def test_a_status_or_time_that_the_answer_lacks_is_refused(more: str) -> None:
    assert not faithful(f"{ANSWER} {more}", ANSWER)
    assert not faithful(f"{CHINESE} {more}", CHINESE)


@pytest.mark.parametrize(
    "again",
    [
        "Good news! Your order AC-40177 of 2026-01-17 has 2 item(s), 7731.13 GBP in all: placed.",
        f"Of course, happy to help. {ANSWER} Is there anything else?",
    ],
)
def test_a_friendlier_wording_is_kept(again: str) -> None:
    assert faithful(again, ANSWER)


def test_a_time_that_the_answer_has_may_not_go_missing() -> None:
    answer = "Delivery takes 3 to 5 working days."
    assert faithful("As a rule, delivery takes 3 to 5 working days!", answer)
    assert not faithful("As a rule, delivery takes 3 to 5.", answer)


def worded(
    settings: Settings, assistant: Assistant, folder: Path, says: Callable[[str], str]
) -> tuple[str, str]:
    """An answer, and the same with a small GPT-2 that learnt to say something of it."""
    from transformers import GPT2LMHeadModel

    text = Desk(Reader(settings), ANN, assistant).ask("where is my order?").text
    prompt, new = PROMPT.format(text=text), says(text)
    tokenizer = spaced(f"{prompt} {new}")
    torch.manual_seed(0)
    model = GPT2LMHeadModel(gpt2_config(len(tokenizer), positions=400))
    taught(model, tokenizer, folder, prompt, new, steps=150)
    said = replace(assistant, reword=reworder(str(folder), 120))
    return text, Desk(Reader(settings), ANN, said).ask("where is my order?").text


def test_a_model_words_the_answer_anew(
    lake: Settings, assistant: Assistant, tmp_path: Path
) -> None:
    before, after = worded(lake, assistant, tmp_path, lambda text: f"Good news! {text}")
    assert after == f"Good news! {before}"


def test_what_the_model_adds_is_not_said(
    lake: Settings, assistant: Assistant, tmp_path: Path
) -> None:
    before, after = worded(lake, assistant, tmp_path, lambda text: f"{text} It arrives tomorrow.")
    assert after == before


def test_a_model_that_is_not_there_is_named_with_its_setting(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no image-text or causal model") as error:
        reworder(str(tmp_path), 120)
    assert "`rephrase` in conf/models/assistant.yml" in str(error.value)
