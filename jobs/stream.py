"""Grain: one row per message, in bronze.<entity>, as it comes; silver follows what changed."""

from __future__ import annotations

import argparse
import gc

from shoplake.governance.maintain.often import join_files
from shoplake.governance.run import Run
from shoplake.ingest.check import shop_mapping
from shoplake.ingest.mapping_model import Mapping
from shoplake.ingest.stream.agenda import Agenda
from shoplake.ingest.stream.consume import Consumer, wait
from shoplake.refine.pseudonym import Secret
from shoplake.refine.settings import RefineSettings
from shoplake.refine.tables import build_all
from shoplake.runtime.alone import alone
from shoplake.runtime.kafka import kafka_options
from shoplake.runtime.key import pseudonym_key
from shoplake.steps import job_parser, run_job, stream_options


def parser() -> argparse.ArgumentParser:
    """The job's command line."""
    return stream_options(job_parser("stream", __doc__))


def stream(run: Run, args: argparse.Namespace) -> None:
    """Take messages into bronze until interrupted; bring silver after them meanwhile."""
    mapping = shop_mapping(args.shop)
    with alone(run.lake.settings, f"the stream of {mapping.shop}", run.step, wait=False):
        _stream(run, mapping, args)


def _stream(run: Run, mapping: Mapping, args: argparse.Namespace) -> None:
    lake = run.lake
    options = kafka_options(lake.spark, lake.settings, args.kafka)
    consumer = Consumer(run, mapping, options)
    agenda, ended = Agenda(args.refine_every, begun=lake.exists("governance.offsets")), False
    query = consumer.start(once=args.once, interval=args.interval, most=args.most)
    try:
        while not ended:
            ended = wait(query, consumer, 1.0 if args.live else args.refine_every or 60.0)
            if args.once and not ended:
                # A backfill is refined once, at its end.
                continue
            batches = consumer.batches
            fresh = agenda.refine(batches, ended=ended)
            if fresh:
                refresh(Run("refine", lake, run.contracts))
                agenda.refined(batches)
                # Java objects that Python has used are in circles of references. Until those are
                # looked for, the JVM keeps the plans and, on disk, what they shuffled.
                gc.collect()
            lists_of = lake.version("gold.recommendations") if args.live else None
            if args.live and agenda.lists(batches, lists_of, refined=fresh):
                # Here, since a cluster that only streams need not have the models' packages.
                from shoplake_jobs.live import live

                live(Run("live", lake, run.contracts), args)
                gc.collect()
            if agenda.join(batches):
                join_files(lake)
    except KeyboardInterrupt:
        query.stop()


def refresh(run: Run) -> None:
    """Bring the silver tables whose sources changed up to date, as the step refine does."""
    build_all(run, RefineSettings(Secret(pseudonym_key(run.lake.settings, run.lake.spark))))


def main(argv: list[str] | None = None) -> None:
    """Entry point."""
    run_job(parser(), argv, stream)


if __name__ == "__main__":
    main()
