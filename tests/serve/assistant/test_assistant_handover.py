"""Whoever takes over a dialogue can read it, and nobody without that role."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from chat_lake import ANN, NOW, book, write

from shoplake.errors import PolicyError
from shoplake.governance.policies.ask import query_as
from shoplake.governance.policies.load import load_policies
from shoplake.runtime.settings import conf_dir, load

SQL = "SELECT person_key, question, answer, citations, reason FROM gold.answers WHERE handover"


def test_support_reads_what_was_handed_over(tmp_path: Path) -> None:
    settings = dataclasses.replace(load("local"), lake=str(tmp_path / "lake"))
    row = {
        "message_id": "m1", "batch": "b", "person_key": ANN, "asked_at": NOW, "as_of": NOW,
        "question": "cancel order 1001, mail me at [email]", "intent": "cancel_order",
        "confidence": 0.9, "answer": "A colleague will take over.", "handover": True,
        "citations": ["silver.orders[shop:1001]@v0"], "reason": "a person has to act",
        "model_version": "v",
    }  # fmt: skip
    write(settings, "gold.answers", [row])
    policies = load_policies(conf_dir() / "policies.yml", book())
    (seen,) = query_as(settings, policies, book(), "support", SQL)
    # The words are shown as in silver.messages; what else is personal is not, as everywhere.
    assert seen == {name: row[name] for name in seen} | {"citations": None}
    for role in ("marketing", "public"):
        with pytest.raises(PolicyError):
            query_as(settings, policies, book(), role, SQL)
