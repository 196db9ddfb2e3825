from __future__ import annotations

import torch

from shoplake.models.objective import sampled


def test_own_targets_always_compete_and_histories_are_kept_apart() -> None:
    share = torch.full((101,), 0.01)
    history = torch.tensor([[5, 90, 0], [7, 5, 0]])
    drawn = sampled(torch.tensor([5, 6]), history, share, drawn=10, seed=1, step=0)
    assert {5, 6} <= set(drawn.items.tolist())
    assert set(drawn.others.tolist()) == {7, 90} - set(drawn.items.tolist())


def test_chance_of_competing_is_that_of_repeated_draws() -> None:
    share = torch.zeros(101)
    share[1], share[2:] = 0.3, 0.7 / 99
    targets = torch.multinomial(share, 20 * 400, replacement=True).view(400, 20)
    none = torch.zeros(20, 1, dtype=torch.long)
    draws = [sampled(t, none, share, drawn=5, seed=1, step=n) for n, t in enumerate(targets)]
    seen, said = torch.zeros(101), torch.zeros(101)
    for draw in draws:
        seen[draw.items] += 1 / 400
        said[draw.items] = draw.log_chance.exp()
    assert abs(seen[1] - said[1]) < 0.02
    assert abs(seen[2:].mean() - said[2:].mean()) < 0.02


def test_every_process_draws_the_same_in_a_step_and_other_items_in_the_next() -> None:
    share = torch.full((1001,), 0.001)
    none = torch.zeros(1, 1, dtype=torch.long)
    a, b, c = (sampled(torch.tensor([1]), none, share, 20, 1, step) for step in (4, 4, 5))
    assert a.items.equal(b.items)
    assert not a.items.equal(c.items)
