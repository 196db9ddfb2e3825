"""`shoplake rotate-key`: a new pseudonym key, and every table under it."""

from __future__ import annotations

import argparse
from typing import Any

from shoplake.commands.options import lake_options
from shoplake.runtime.console import console


def add(commands: Any) -> None:
    """Adds the command to the command line."""
    rotate = commands.add_parser("rotate-key", help="a new pseudonym key, every table under it")
    rotate.add_argument("--shop", default="builtin", help="as for `shoplake run`")
    lake_options(rotate).set_defaults(run=_rotate)


def _rotate(args: argparse.Namespace) -> None:
    from shoplake.refine.pseudonym import Secret
    from shoplake.refine.rekey import keep_vault, key_changed
    from shoplake.runtime.key import pseudonym_key, replace_key
    from shoplake.steps import common_options, job, job_parser, open_step

    where = common_options(args)
    run = open_step(job_parser("refine", __doc__).parse_args(where))
    key = Secret(pseudonym_key(run.lake.settings, run.lake.spark))
    if key_changed(run, key):
        console.print("the key has changed already; finishing what was begun")
    else:
        keep_vault(run, key)  # complete under the old key, which is gone afterwards
        replace_key(run.lake.settings)
    job("refine")(where)
