"""Grain: one row per message to customer service, gold.answers; answers go out by Kafka as well."""

from __future__ import annotations

import argparse

from pyspark.errors import PySparkException

from shoplake.errors import SourceError
from shoplake.features.behaviour import read_behaviour
from shoplake.governance.run import Run
from shoplake.ingest.check import shop_mapping
from shoplake.models.assistant.settings import load_assistant
from shoplake.runtime.console import say
from shoplake.runtime.kafka import kafka_options
from shoplake.serve.assistant.copied import CopyReader
from shoplake.serve.assistant.inbox import Inbox
from shoplake.serve.assistant.lake import Reader
from shoplake.serve.assistant.opening import open_assistant
from shoplake.serve.assistant.queue import AnswerQueue
from shoplake.steps import job_parser, run_job

NOTHING_NEW = "gold.answers: no new messages"


def parser() -> argparse.ArgumentParser:
    """The job's command line."""
    options = job_parser("answer", __doc__)
    options.set_defaults(shop=None)
    source = options.add_mutually_exclusive_group()
    source.add_argument(
        "--messages",
        metavar="DIR",
        help="JSON lines: id, person_key, text, sent_at (default: silver.messages)",
    )
    source.add_argument("--topic", help="the same as values of this Kafka topic")
    options.add_argument("--answers", metavar="TOPIC", help="send answers to this topic as well")
    options.add_argument("--kafka", metavar="HOST:PORT", help="default: the environment's")
    options.add_argument("--once", action="store_true", help="take what is there, then end")
    options.add_argument("--interval", default="1 second", help="how often to look for messages")
    options.add_argument("--most", type=int, default=1000, help="messages a batch")
    return options


def answer(run: Run, args: argparse.Namespace) -> None:
    """Answer every message once, each person from their own rows; `--shop`: to one shop."""
    lake, shop = run.lake, shop_mapping(args.shop).shop if args.shop else None
    reader = CopyReader(lake, shop) if lake.settings.catalog else Reader(lake.settings, shop)
    inbox = Inbox(reader, lambda: (open_assistant(load_assistant()), read_behaviour(run).as_of))
    options = None
    if args.topic or args.answers:
        options = kafka_options(lake.spark, lake.settings, args.kafka)
    queue = AnswerQueue(run, inbox, options, args.answers)
    if not args.topic:
        found = queue.folder(args.messages) if args.messages else queue.lake(args.most, shop)
        if not found:
            say(run.step, NOTHING_NEW)
        return
    inbox.open()
    query = queue.start(args.topic, once=args.once, interval=args.interval, most=args.most)
    try:
        query.awaitTermination()
    except KeyboardInterrupt:
        query.stop()
    except PySparkException as error:
        raise queue.failure or SourceError(
            f"the stream of answers ended: {str(error).strip().splitlines()[0][:300]}",
            where=args.topic,
            remedy="start it again: it goes on where it was",
        ) from None


def main(argv: list[str] | None = None) -> None:
    """Entry point."""
    run_job(parser(), argv, answer)


if __name__ == "__main__":
    main()
