"""Whatever dies when: every message is in every table once."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from shoplake.errors import SourceError
from shoplake.governance import publish as publishing
from shoplake.ingest import landing

if TYPE_CHECKING:
    from conftest import Corner


def die_before_the_ledger_hears(patch: pytest.MonkeyPatch) -> None:
    """The table is written but its ledger line is not: the worst moment."""

    def publish_and_die(*args: object, **named: object) -> object:
        patch.setattr(args[1], "record", lambda **_: None)
        publishing.publish(*args, **named)  # type: ignore[arg-type]
        raise RuntimeError("dead")

    patch.setattr(landing, "publish", publish_and_die)


@pytest.mark.slow
def test_killed_restarted_and_robbed_of_its_checkpoint(
    corner: Corner, line: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        die_before_the_ledger_hears(patch)
        corner.send(line(1), line(2))
        with pytest.raises(SourceError, match="ended: "):
            corner.take()
    assert corner.orders() == ["1", "2"]

    # The checkpoint is lost with a batch half done: it is finished, from the table of offsets.
    shutil.rmtree(corner.folder / "lake" / "streams")
    corner.send(line(3))
    corner.take()
    assert corner.orders() == ["1", "2", "3"]

    # The checkpoint is there: the stream goes on.
    corner.send(line(4))
    corner.take()
    assert corner.orders() == ["1", "2", "3", "4"]

    lake = corner.run().lake
    lines = lake.read("governance.ledger").where("table_name = 'bronze.orders'").collect()
    assert sorted(r.rows_good for r in lines) == [1, 1, 2]
    states = lake.read("governance.offsets").groupBy("state").sum("records").collect()
    assert dict(map(tuple, states)) == {"planned": 4, "taken": 4}
