"""Grain: one row per model version, task, metric and scorer, in governance.model_metrics."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path

from shoplake.evaluate.family_job import planned, train_family
from shoplake.evaluate.training import judge, record, tell_lineage, train_inputs
from shoplake.features.behaviour import read_behaviour
from shoplake.governance.run import Run
from shoplake.ingest.check import shop_mapping
from shoplake.models.artifact import finished, load_artifact
from shoplake.models.launch import launch
from shoplake.models.recommenders.lake_config import LakeFamily
from shoplake.models.tracking import Registry
from shoplake.models.train import train
from shoplake.runtime.console import say
from shoplake.steps import job_parser, run_job


def parser() -> argparse.ArgumentParser:
    """The job's command line."""
    options = job_parser("train", __doc__)
    options.add_argument("--model", default="two_tower", help="conf/models/<MODEL>.yml, or a file")
    options.add_argument("--launch", choices=("inline", "local", "spark"))
    options.add_argument("--processes", type=int)
    options.add_argument("--hold", action="store_true", help="leave it to `step retrain`")
    return options


def train_model(run: Run, args: argparse.Namespace) -> None:
    """Train on the newest training set, judge beside the baselines, register, promote if earned."""
    settings = run.lake.settings
    pinned, config = planned(run, args.model, shop_mapping(args.shop))
    registry = Registry.of(settings)
    if isinstance(config, LakeFamily):
        train_family(run, pinned, config, registry, hold=args.hold)
        return
    fingerprint = pinned.fingerprint(config)
    version = registry.find(fingerprint)
    # The verdict is written last, so a version that has one is done with.
    if version is not None and registry.verdict(version) is not None:
        say(run.step, f"{registry.name} version {version} [dim]unchanged[/]")
        return
    made = finished(run_dir := Path(settings.lake) / "runs" / fingerprint)
    # A run that died between training and registering has left its model.
    if version is None and not made.is_dir():
        trained = launch(
            partial(train, sinks=settings.tracking.sinks),
            config,
            train_inputs(run, pinned, config),
            run_dir=str(run_dir),
            mode=args.launch or settings.training.launch,
            processes=args.processes or settings.training.processes,
        )
        say(run.step, f"{trained.examples:,} examples [dim]{trained.seconds:.1f} s[/]")
    model = registry.fetch(version, load_artifact, "train anew") if version else load_artifact(made)
    judged = judge(run, pinned, model, read_behaviour(run).interactions, registry, version)
    parents = pinned.parents(run)
    if version is None:
        version = registry.register(
            made, config, parents,
            fingerprint=fingerprint, metrics=judged.scalars(registry.name),
        )  # fmt: skip
    take = record(run, pinned, judged, parents, registry, version, hold=args.hold)
    tell_lineage(run, pinned, registry.name, version)
    took = registry.promote(version, take, judged.verdict.text())
    say(run.step, f"version {version} is {'champion' if took else 'not promoted'}")


def main(argv: list[str] | None = None) -> None:
    """Entry point."""
    run_job(parser(), argv, train_model)


if __name__ == "__main__":
    main()
