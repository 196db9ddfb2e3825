"""Attacks on membership see what a model remembers, and nothing where there is nothing."""

from __future__ import annotations

import gzip
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from shoplake.evaluate.findings import Figure
from shoplake.evaluate.membership import attacked, auc, forgotten, likelihood_ratio
from shoplake.evaluate.metrics import EvaluationError
from shoplake.evaluate.tasks import membership
from shoplake.models.recommenders.interactions import Interactions
from shoplake.models.recommenders.private import Private, PrivateConfig

PEOPLE = Interactions.of(np.random.default_rng(0).integers(0, 60, (200, 4)).tolist(), catalogue=60)


BY_HEART = PrivateConfig(noise=0.0, steps=200, sampled=1.0, learning_rate=20.0)


def is_chance(figure: Figure) -> bool:
    """Whether an AUC is what one in a thousand attacks that know nothing would still find."""
    error = (figure.high - figure.low) / (2 * 1.96)
    return abs(figure.value - 0.5) < 3.3 * error


def fit(config: PrivateConfig):
    return lambda rows, seed: Private(config).fit(rows)


def test_a_model_that_learned_by_heart_is_found_out() -> None:
    model, inside, attacker = attacked(PEOPLE, fit(BY_HEART), seed=1, shadows=4)
    found = attacker.figures()
    assert inside.sum() == 100
    assert model.epsilon == np.inf
    assert all(figure.low > 0.6 for figure in found.values())


def test_a_model_that_learned_nothing_gives_nothing_away() -> None:
    nothing = PrivateConfig(noise=0.0, steps=1, learning_rate=0.0)
    _, _, attacker = attacked(PEOPLE, fit(nothing), seed=1, shadows=4)
    found = attacker.figures()
    assert all(map(is_chance, found.values()))


def test_after_erasure_and_retraining_the_erased_look_like_strangers() -> None:
    fitted = fit(BY_HEART)
    _, inside, attacker = attacked(PEOPLE, fitted, seed=1, shadows=4)
    trained: list[Interactions] = []

    def again(rows: Interactions, seed: int) -> Private:
        trained.append(rows)
        return fitted(rows, seed)

    _, found = forgotten(attacker, again, inside)
    assert len(trained[0]) == 50
    for name, figure in found.items():
        assert is_chance(figure)
        assert figure.high < attacker.figures()[name].low


def test_auc_counts_ties_half() -> None:
    assert auc(np.array([3.0, 2.0, 2.0, 1.0]), np.array([True, True, False, False])) == 0.875


def test_ratio_compares_with_the_persons_own_shadows() -> None:
    inside = np.array([[True, True], [True, True], [False, False], [False, False]])
    known = np.array([[2.0, 9.0], [2.2, 9.2], [1.0, 8.0], [1.2, 8.2]])
    ratio = likelihood_ratio(np.array([2.1, 8.1]), known, inside)
    assert ratio[0] > 0 > ratio[1]


def test_the_task_attacks_the_plain_model_the_private_one_and_one_after_an_erasure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = np.random.default_rng(3).integers(0, 60, (240, 6))
    lines = [f"{p}\t{' '.join(map(str, row[:-1]))}\t{row[-1]}" for p, row in enumerate(rows)]
    text = "\n".join(["user\thistory\tnext", *lines])
    (tmp_path / "histories.tsv.gz").write_bytes(gzip.compress(text.encode()))
    titles = "\n".join(["item\ttitle", *(f"{n}\tgame {n}" for n in range(60))])
    (tmp_path / "items.tsv").write_text(titles)
    monkeypatch.setattr(membership, "attacked", partial(attacked, shadows=2))
    found = membership.run(tmp_path, None, seed=0)
    assert list(found.figures) == ["popularity", "plain", membership.ERASED,
                                   "plain, as short as private", "private"]  # fmt: skip
    for name in list(found.figures)[1:]:
        assert {"ndcg@10", "loss attack AUC", "LiRA attack AUC"} <= set(found.figures[name])
    plain, again = (found.figures[n]["loss attack AUC"] for n in ("plain", membership.ERASED))
    assert again.high < plain.low
    assert "epsilon" in found.protocol["privacy"]


def test_a_training_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="takes no --train"):
        membership.run(tmp_path, tmp_path / "nonexistent", seed=0)
