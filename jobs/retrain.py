"""Grain: one row per decision about a model version, in governance.model_decisions."""

from __future__ import annotations

import argparse
from pathlib import Path

from shoplake.evaluate.family_job import planned
from shoplake.evaluate.retraining.challenger import Challenger
from shoplake.evaluate.retraining.decisions import DecisionBook
from shoplake.evaluate.retraining.settings import load_retrain_settings
from shoplake.evaluate.retraining.triggers import due, look, waits_until
from shoplake.evaluate.retraining.verdicts import Decision
from shoplake.features.behaviour import read_behaviour
from shoplake.governance.run import Run
from shoplake.ingest.check import shop_mapping
from shoplake.models.tracking import Registry
from shoplake.runtime.console import say
from shoplake.steps import common_options, job, job_parser, run_job


def parser() -> argparse.ArgumentParser:
    """The job's command line."""
    options = job_parser("retrain", __doc__)
    options.add_argument("--model", default="two_tower", help="conf/models/<MODEL>.yml, or a file")
    options.add_argument("--settings", type=Path, help="default: conf/retrain.yml")
    options.add_argument("--force", action="store_true", help="train though nothing calls for it")
    return options


def retrain(run: Run, args: argparse.Namespace) -> None:
    """One turn: judge the challenger that is being tried, or else learn again where it is due."""
    said = load_retrain_settings(args.settings)
    registry = Registry.of(run.lake.settings)
    book = DecisionBook(run, registry.name)
    behaviour = read_behaviour(run)
    champion, challenger = registry.champion(), registry.challenger()
    if champion is not None and challenger is not None:
        Challenger(book, registry, said, challenger, champion).settle(behaviour)
        return
    erasure = registry.erased(champion) if champion else None
    products = run.lake.read("silver.products")
    until, lost = book.learnt_until(champion), book.lost(champion)
    found = look(behaviour, products, champion, until, erasure, lost)
    reasons = due(found, said.triggers) or (["asked for"] if args.force else [])
    if not reasons:
        wait = waits_until(found, said.triggers)
        why = f"a new one lost: it waits until {wait:%Y-%m-%d}" if wait else "it is up to date"
        say(run.step, f"nothing calls for learning again: version {champion} serves, {why}")
        return
    why = "; ".join(reasons)
    book.record(champion or "0", Decision("trigger", "train", why), behaviour.as_of, champion)
    job("dataset")(common_options(args))
    job("train")([*common_options(args), "--model", args.model, "--hold"])
    mapping = shop_mapping(args.shop)
    pinned, config = planned(run, args.model, mapping)
    version = registry.find(pinned.fingerprint(config))
    now = registry.champion()
    if version is None or now is None or version == now:
        say(run.step, f"version {now} serves")
        return
    if book.last(version, "baselines").get("decision") != "hold":
        return
    candidate = Challenger(book, registry, said, version, now)
    candidate.compare(behaviour, pinned.cut, mapping.history_length, erasure)


def main(argv: list[str] | None = None) -> None:
    """Entry point."""
    run_job(parser(), argv, retrain)


if __name__ == "__main__":
    main()
