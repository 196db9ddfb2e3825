"""When a stream refines, lists and tidies."""

from __future__ import annotations

import pytest

from shoplake.errors import ShoplakeError
from shoplake.ingest.stream.agenda import JOIN_EVERY, Agenda, Listing


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_silver_waits_for_a_batch_and_for_its_time() -> None:
    clock = Clock()
    agenda = Agenda(30, begun=False, clock=clock)
    clock.now = 31
    assert not agenda.refine(0, ended=False)
    assert agenda.refine(1, ended=False)
    agenda.refined(1)
    assert not agenda.refine(2, ended=False)
    clock.now = 62
    assert agenda.refine(2, ended=False)
    agenda.refined(2)
    clock.now = 93
    assert not agenda.refine(2, ended=False)


def test_what_a_killed_stream_took_is_refined_without_another_message() -> None:
    clock = Clock()
    agenda = Agenda(30, begun=True, clock=clock)
    clock.now = 31
    assert agenda.refine(0, ended=False)


def test_the_end_of_a_stream_refines_whatever_the_time() -> None:
    assert Agenda(30, begun=False, clock=Clock()).refine(0, ended=True)


def test_a_backfill_is_refined_at_its_end_alone() -> None:
    clock = Clock()
    agenda = Agenda(30, begun=True, once=True, clock=clock)
    clock.now = 31
    assert not agenda.refine(3, ended=False)
    assert agenda.refine(3, ended=True)


@pytest.mark.parametrize("every", [-1.0, float("nan"), float("inf")], ids=["less", "nan", "never"])
def test_a_length_of_time_that_is_none_is_refused(every: float) -> None:
    with pytest.raises(ShoplakeError, match="refine-every 30"):
        Agenda(every, begun=False)


def test_silver_that_is_to_be_left_alone_never_is() -> None:
    assert not Agenda(0, begun=True, clock=Clock()).refine(5, ended=True)


def test_lists_follow_each_batch_silver_and_the_batch_of_lists() -> None:
    lists = Listing(begun=False)
    assert lists.due(0, 0, 4)
    assert not lists.due(0, 0, 4)
    assert lists.due(1, 0, 4)
    assert lists.due(1, 1, 4)
    assert lists.due(1, 1, 5)
    assert not lists.due(1, 1, 5)


def test_that_there_is_no_batch_of_lists_is_told_once() -> None:
    lists = Listing(begun=False)
    assert [lists.due(n, n, None) for n in range(3)] == [True, False, False]
    assert lists.due(3, 2, 0)


def test_refinements_are_counted() -> None:
    agenda = Agenda(30, begun=False, clock=Clock())
    assert agenda.refinements == 0
    agenda.refined(3)
    assert agenda.refinements == 1


def test_files_are_joined_once_in_so_many_batches() -> None:
    agenda = Agenda(30, begun=False, clock=Clock())
    asked = [n for n in range(2 * JOIN_EVERY + 1) if agenda.join(n)]
    assert asked == [JOIN_EVERY, 2 * JOIN_EVERY]
