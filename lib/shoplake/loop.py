"""The whole loop in one process: two cycles, so that what comes back is seen to matter."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from shoplake.errors import ShoplakeError
from shoplake.ingest.check import shop_mapping
from shoplake.ingest.mapping_model import Mapping
from shoplake.ingest.shop.config import day_text, load_shop_config
from shoplake.report import cycle_summary, report
from shoplake.runtime.console import Clock, console, heading
from shoplake.runtime.settings import load
from shoplake.steps import APPLICATIONS, STEPS, job

_DATE = re.compile(r"(20\d\d-\d\d-\d\d|19\d\d-\d\d-\d\d)")

Step = Callable[..., None]

#: The applications after the last cycle; `forecast` is in it, before the lists that use it.
AFTERWARDS = (*(name for name in APPLICATIONS if name != "forecast"), "answer")


def run_loop(
    env: str,
    shop: str,
    *,
    data: str | None,
    lake: str | None,
    until: str | None,
    applications: bool | None = None,
) -> None:
    """Raw data to recommendations, twice; prints progress and ends with a page of results.

    The built-in shop is simulated, and between the cycles its people react to what they were
    recommended. Another shop's newest files (its mapping's `hold_back_files`) are held back from
    the first cycle and arrive in the second; a shop whose files carry no dates has one cycle.

    Args:
        env: environment name or file.
        shop: shop name or mapping file.
        data: the shop's folder; the built-in shop makes its own below the lake.
        lake: the lake's folder.
        until: stop after this step, the first time it is done.
        applications: after the last cycle, also what the tables are used for: neighbours, search
            rankings, demand and stock, audiences, descriptions, answers to messages. Default: of
            the built-in shop; on a large one they may take hours.

    Raises:
        ShoplakeError: the mapping, the folder or a step is not right, or there is no such step.
        SystemExit: a step failed, with its error printed.
    """
    clock = Clock()
    settings = load(env, lake=lake)
    mapping = shop_mapping(shop)
    built_in = mapping.shop == "builtin"
    if applications is None:
        applications = built_in
    if built_in:
        first_cycle_ends: str | None = day_text(load_shop_config().days)
        data = str(settings.root / "raw")
    else:
        if data is None:
            raise ShoplakeError(
                f"where are the files of {mapping.shop}?",
                remedy=f"shoplake run --shop {shop} --data FOLDER",
            )
        first_cycle_ends = _hold_back(mapping, Path(data))
    common = ["--env", env, "--lake", settings.lake, "--shop", shop]

    def step(name: str, *more: str) -> None:
        job(name)([*common, *more])

    summaries = []
    cycles = (1, 2) if first_cycle_ends else (1,)
    plan = {c: steps_of(c, built_in, applications and c == cycles[-1]) for c in cycles}
    if until and not any(until in names for names in plan.values()):
        raise ShoplakeError(
            f"a run of {mapping.shop} has no step {until}",
            remedy=f"--until {'|'.join(plan[1])}",
        )
    for cycle, names in plan.items():
        heading(f"{mapping.shop}: cycle {cycle}")
        for name in names:
            more = ["--data", data] if name == "ingest" else []
            if name == "ingest" and cycle == 1 and first_cycle_ends:
                more += ["--before", first_cycle_ends]
            step(name, *more)
            if name == until:
                return
        summaries.append(cycle_summary(settings))
    if applications:
        heading(f"{mapping.shop}: applications")
        for name in AFTERWARDS:
            step(name)
    heading("results")
    report(settings, mapping, summaries)
    console.print(f"\n[dim]{clock.seconds / 60:.1f} minutes in all[/]")


def steps_of(cycle: int, built_in: bool, forecast: bool) -> list[str]:
    """The steps of one cycle in order.

    Args:
        cycle: from 1.
        built_in: whether the shop makes its own data, before each cycle.
        forecast: whether `score` is to know about stock.
    """
    makes = ["simulate" if cycle == 1 else "respond"] if built_in else []
    names = [*makes, "ingest", *STEPS[STEPS.index("refine") : STEPS.index("respond")]]
    if forecast:
        names.insert(names.index("score"), "forecast")
    return names


def _hold_back(mapping: Mapping, folder: Path) -> str | None:
    """The first date of the newest `hold_back_files` dates that file names carry."""
    dates = sorted({m[1] for p in folder.rglob("*") if (m := _DATE.search(p.name))})
    if not mapping.hold_back_files or len(dates) <= mapping.hold_back_files:
        return None
    return dates[-mapping.hold_back_files]
