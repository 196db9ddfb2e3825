"""Grain: one row per message, in bronze.<entity>, as it comes; silver follows what changed."""

from __future__ import annotations

import argparse
import gc

from shoplake.governance.maintain.often import join_files
from shoplake.governance.run import Run
from shoplake.ingest.check import shop_mapping
from shoplake.ingest.mapping_model import Mapping
from shoplake.ingest.stream.agenda import Agenda, Listing
from shoplake.ingest.stream.consume import Consumer, wait
from shoplake.refine.tables import refresh
from shoplake.runtime.alone import alone
from shoplake.runtime.beside import Beside
from shoplake.runtime.kafka import kafka_options
from shoplake.steps import job_parser, run_job, stream_options


def parser() -> argparse.ArgumentParser:
    """The job's command line."""
    return stream_options(job_parser("stream", __doc__))


def stream(run: Run, args: argparse.Namespace) -> None:
    """Take messages into bronze until interrupted; bring silver and lists after them meanwhile."""
    mapping = shop_mapping(args.shop)
    with alone(run.lake.settings, f"the stream of {mapping.shop}", run.step, wait=False):
        _stream(run, mapping, args)


def _stream(run: Run, mapping: Mapping, args: argparse.Namespace) -> None:
    lake, begun, ended = run.lake, run.lake.exists("governance.offsets"), False
    consumer = Consumer(run, mapping, kafka_options(lake.spark, lake.settings, args.kafka))
    agenda, listing = Agenda(args.refine_every, begun=begun, once=args.once), Listing(begun=begun)

    def due() -> bool:
        told = consumer.batches, agenda.refinements, lake.version("gold.recommendations")
        return listing.due(*told)

    query = consumer.start(once=args.once, interval=args.interval, most=args.most)
    try:
        lists = Beside(lake.spark, due, lambda: relist(run, args), pool="lists")
        with lists.unless(args.once or not args.live):
            while not ended:
                ended = wait(query, consumer, 1.0 if args.live else args.refine_every or 60.0)
                lists.check()
                if agenda.refine(batches := consumer.batches, ended=ended):
                    refresh(Run("refine", lake, run.contracts))
                    agenda.refined(batches)
                    # Java objects that Python has used are in circles of references. Until those
                    # are looked for, the JVM keeps the plans and, on disk, what they shuffled.
                    gc.collect()
                if agenda.join(batches):
                    join_files(lake)
        if args.once and args.live and due():
            relist(run, args)
    except KeyboardInterrupt:
        query.stop()


def relist(run: Run, args: argparse.Namespace) -> None:
    """Bring gold.live_recommendations up to date, as the step live does."""
    # Here, since a cluster that only streams need not have the models' packages.
    from shoplake_jobs.live import live

    live(Run("live", run.lake, run.contracts), args)
    gc.collect()


def main(argv: list[str] | None = None) -> None:
    """Entry point."""
    run_job(parser(), argv, stream)


if __name__ == "__main__":
    main()
