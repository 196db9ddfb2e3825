"""Grain: one row per message, in bronze.<entity>, as it comes; silver follows what changed."""

from __future__ import annotations

import argparse
import time

from shoplake.governance.maintain.often import join_files
from shoplake.governance.run import Run
from shoplake.ingest.check import shop_mapping
from shoplake.ingest.stream.consume import Consumer, wait
from shoplake.refine.pseudonym import Secret
from shoplake.refine.settings import RefineSettings
from shoplake.refine.tables import build_all
from shoplake.runtime.kafka import kafka_options
from shoplake.runtime.key import pseudonym_key
from shoplake.steps import job_parser, run_job, stream_options

#: Batches after which the little files of the evidence are joined.
JOIN_EVERY = 200


def parser() -> argparse.ArgumentParser:
    """The job's command line."""
    return stream_options(job_parser("stream", __doc__))


def stream(run: Run, args: argparse.Namespace) -> None:
    """Take messages into bronze until interrupted; bring silver after them meanwhile."""
    lake = run.lake
    options = kafka_options(lake.spark, lake.settings, args.kafka)
    consumer = Consumer(run, shop_mapping(args.shop), options)
    query = consumer.start(once=args.once, interval=args.interval, most=args.most)
    every, batch_of = args.refine_every, "gold.recommendations"
    # What came before a stream that was killed may not be in silver yet.
    refined = listed = joined = -1 if lake.exists("governance.offsets") else 0
    lists_of, due = lake.version(batch_of), time.monotonic() + every
    try:
        ended = False
        while not ended:
            # Lists know of new events before silver does, so they follow each batch.
            ended = wait(query, consumer, 1.0 if args.live else every or 60.0)
            if args.once and not ended:
                # A backfill is refined once, at its end.
                continue
            batches, newest = consumer.batches, lake.version(batch_of)
            # Beside a first batch, which makes the tables of the evidence, nothing is refined.
            fresh = every and (ended or (batches > refined and time.monotonic() >= due))
            if fresh:
                refresh(Run("refine", lake, run.contracts))
                refined, due = batches, time.monotonic() + every
            if args.live and (fresh or batches > listed or newest != lists_of):
                # Here, since a cluster that only streams need not have the models' packages.
                from shoplake_jobs.live import live

                listed, lists_of = batches, newest
                live(Run("live", lake, run.contracts), args)
            if batches >= joined + JOIN_EVERY:
                joined = batches
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
