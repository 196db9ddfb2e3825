"""Grain: one version of the registered model `relevance`, a ranker of text by judged pairs."""

from __future__ import annotations

import argparse
from dataclasses import replace
from functools import partial
from pathlib import Path

from shoplake.evaluate.training import record_parents
from shoplake.evaluate.tuning_job import folder_pairs, judge_ranker, lake_pairs, serving_ranker
from shoplake.governance.run import Run
from shoplake.models.config import model_file
from shoplake.models.launch import launch
from shoplake.models.relevance.adaptation import prepared
from shoplake.models.relevance.artifact import finished, load_ranker
from shoplake.models.relevance.settings import load_relevance
from shoplake.models.relevance.tracking import RankerRegistry
from shoplake.models.relevance.training import finetune
from shoplake.runtime.console import say
from shoplake.steps import job_parser, run_job


def parser() -> argparse.ArgumentParser:
    """The job's command line."""
    options = job_parser("finetune", __doc__)
    options.add_argument("--model", default="relevance", help="conf/models/<MODEL>.yml, or a file")
    options.add_argument("--data", type=Path, help="judged pairs of this folder, not the lake's")
    options.add_argument("--method", help="full, lora, adalora, prefix, houlsby or head")
    options.add_argument("--steps", type=int, help="most optimiser steps")
    options.add_argument("--launch", choices=("inline", "local", "spark"), default="inline")
    options.add_argument("--processes", type=int, default=1)
    return options


def finetune_ranker(run: Run, args: argparse.Namespace) -> None:
    """Fine-tune on judged pairs or clicks, judge on other queries, register, promote if earned."""
    config = load_relevance(model_file(args.model))
    config = replace(config, method=args.method or config.method, steps=args.steps or config.steps)
    pairs = folder_pairs(args.data, config) if args.data else lake_pairs(run, config)
    registry = RankerRegistry.of(run.lake.settings)
    version = registry.find(pairs.fingerprint)
    if version is not None and registry.verdict(version) is not None:
        say(run.step, f"{registry.name} version {version} [dim]unchanged[/]")
        return
    folder = Path(run.lake.settings.lake) / "runs" / pairs.fingerprint
    if not finished(folder).is_dir():
        plan = prepared(config, pairs.texts, folder / "base")
        made = launch(
            partial(finetune, sinks=run.lake.settings.tracking.sinks),
            plan,
            pairs.written(folder),
            run_dir=str(folder),
            mode=args.launch,
            processes=args.processes,
        )
        say(
            run.step,
            f"{made.trained:,} of {made.parameters:,} weights learnt, {made.seconds:.0f} s",
        )
    ranker, serving = load_ranker(finished(folder)), serving_ranker(registry)
    judged = judge_ranker(ranker, pairs, config, serving)
    if version is None:
        version = registry.register_ranker(
            finished(folder), config, pairs.parents(run),
            fingerprint=pairs.fingerprint, metrics=judged.metrics,
        )  # fmt: skip
    record_parents(run, pairs.parents(run), registry.name, version)
    champion = registry.promote(version, judged.passed, judged.verdict)
    say(run.step, judged.verdict)
    say(run.step, f"version {version} is {'champion' if champion else 'not promoted'}")


def main(argv: list[str] | None = None) -> None:
    """Entry point."""
    run_job(parser(), argv, finetune_ranker)


if __name__ == "__main__":
    main()
