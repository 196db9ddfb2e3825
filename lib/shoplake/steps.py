"""The steps of the suite in order, and what every job's command line has in common."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import warnings
from collections.abc import Callable

from rich.markup import escape

from shoplake.errors import ShoplakeError, TooYoungError
from shoplake.governance.run import Run, open_run
from shoplake.ingest.shop.config import ShopConfig, load_shop_config
from shoplake.runtime.console import console, say
from shoplake.runtime.options import lake_options, settings_of
from shoplake.runtime.session import get_spark, interpret, is_little
from shoplake.runtime.settings import Settings
from shoplake.runtime.trouble import explained

#: In the order in which they are run; `simulate` and `respond` are the built-in shop's own.
STEPS = (
    "simulate",
    "ingest",
    "refine",
    "label",
    "features",
    "dataset",
    "train",
    "score",
    "respond",
)
#: What the governed tables and the models are used for; each stands on the steps before it alone.
APPLICATIONS = ("neighbours", "rank", "forecast", "target", "describe")
#: Everything that is a job.
JOBS = (
    *STEPS,
    *APPLICATIONS,
    "monitor",
    "maintain",
    "stream",
    "live",
    "answer",
    "finetune",
    "retrain",
)

Body = Callable[[Run, argparse.Namespace], None]


def job_parser(step: str, doc: str | None) -> argparse.ArgumentParser:
    """The options that every job takes.

    Args:
        step: the step's name.
        doc: the job's docstring; its first line is the help text.
    """
    parser = argparse.ArgumentParser(
        prog=f"jobs/{step}.py", description=(doc or "").strip().splitlines()[0]
    )
    lake_options(parser).set_defaults(step=step)
    parser.add_argument("--shop", default="builtin", help="conf/sources/<SHOP>.yml, or a YAML file")
    return parser


def as_of_option(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """Adds `--as-of` to a job that looks at the past from an instant."""
    parser.add_argument("--as-of", metavar="YYYY-MM-DD", help="default: the end of the data")
    return parser


def common_options(args: argparse.Namespace) -> list[str]:
    """The command line of another step on the same lake and shop."""
    said = {"--env": args.env, "--shop": args.shop, "--lake": args.lake}
    said |= {"--catalog": args.catalog, "--schema-prefix": args.schema_prefix}
    return [part for name, value in said.items() if value is not None for part in (name, value)]


def shop_options(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """Adds the options of the jobs that simulate the built-in shop."""
    parser.add_argument("--data", help="where raw/ and truth/ are (default: the lake)")
    parser.add_argument("--people", type=int, help="default: conf/shop.yml")
    parser.add_argument("--products", type=int, help="default: conf/shop.yml")
    parser.add_argument("--days", type=int, help="how many days to write")
    return parser


def stream_options(options: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """Adds what a stream of Kafka messages can be told."""
    options.add_argument("--kafka", metavar="HOST:PORT", help="default: the environment's")
    options.add_argument("--once", action="store_true", help="take what is there, then end")
    options.add_argument("--interval", default="1 second", help="how often to look for messages")
    options.add_argument("--most", type=int, default=50_000, help="messages a batch")
    options.add_argument(
        "--refine-every", type=float, default=30.0, metavar="SECONDS",
        help="bring silver up to date at most so often; 0: leave silver alone",
    )  # fmt: skip
    options.add_argument(
        "--live", action="store_true", help="each time, also gold.live_recommendations"
    )
    return options


def shop_config(args: argparse.Namespace) -> ShopConfig:
    """conf/shop.yml with the sizes of a command line that has `shop_options`."""
    sizes = {k: v for k in ("people", "products") if (v := getattr(args, k)) is not None}
    return load_shop_config(**sizes)


def run_job(parser: argparse.ArgumentParser, argv: list[str] | None, body: Body) -> None:
    """Parse, open a run and do the step; an error meant for the reader ends in exit status 1.

    A shop that is too young for the step is told so, and that is no failure.

    Raises:
        SystemExit: the step failed, with its error printed.
    """
    args = parser.parse_args(argv)
    quiet()
    try:
        body(open_step(args), args)
    except TooYoungError as early:
        say(args.step, f"[yellow]not yet:[/] {escape(str(early))}")
    except Exception as error:
        told = error if isinstance(error, ShoplakeError) else explained(error, args.lake)
        if told is None:
            raise
        console.print(f"[bold red]{args.step} failed:[/] ", end="")
        console.print(str(told), markup=False)
        raise SystemExit(1) from None


def open_step(args: argparse.Namespace) -> Run:
    """The run that a parsed job command line asks for."""
    sizes = (getattr(args, name, None) for name in ("people", "products", "days"))
    return start(args.step, settings_of(args), getattr(args, "data", None), sized=any(sizes))


def start(step: str, settings: Settings, data: str | None = None, *, sized: bool = False) -> Run:
    """A run with a Spark session as the settings want it.

    Args:
        step: its name.
        settings: where.
        data: a folder that it reads.
        sized: a shop is simulated as large as somebody asked, so that what lies there says nothing.
    """
    limit = settings.spark.interpret_below_mb * 1_000_000
    folders = settings.spark.local and not settings.catalog
    bronze = settings.root / f"{settings.schema_prefix}bronze"
    little = folders and not sized and is_little(limit, bronze, data)
    spark = get_spark(
        f"shoplake {step}",
        local=settings.spark.local,
        cores=settings.spark.cores,
        memory=settings.spark.memory,
        conf=settings.spark.conf,
        # A stream goes on: what is compiled well pays.
        brief=little and step != "stream",
    )
    if folders:
        # What simulates is heavy on few rows.
        interpret(spark, little and step not in ("simulate", "respond"), settings.spark.conf)
    return open_run(step, spark, settings)


def job(step: str) -> Callable[[list[str] | None], None]:
    """The `main` of `jobs/<step>.py`.

    Raises:
        ShoplakeError: there is no such step.
    """
    if step not in JOBS:
        raise ShoplakeError(f"no step '{step}'", remedy=f"steps: {', '.join(JOBS)}")
    main: Callable[[list[str] | None], None] = importlib.import_module(f"shoplake_jobs.{step}").main
    return main


def quiet() -> None:
    """Keep libraries' chatter off the screen; their errors still come as exceptions."""
    if not sys.warnoptions:
        warnings.simplefilter("ignore")
    os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
