"""Where the lake is, as every command and job is told."""

from __future__ import annotations

import argparse

from shoplake.runtime.settings import Settings, load


def lake_options(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """Adds where the lake is: `--env`, `--lake`, `--catalog` and `--schema-prefix`."""
    parser.add_argument("--env", default="local", help="conf/env/<ENV>.yml, or a YAML file")
    parser.add_argument("--lake", help="folder of the lake (default: the environment's)")
    parser.add_argument("--catalog", help="Unity Catalog catalog (default: the environment's)")
    parser.add_argument("--schema-prefix", help="put before each schema's name")
    return parser


def settings_of(args: argparse.Namespace) -> Settings:
    """The settings that a command line with `lake_options` asks for."""
    return load(args.env, lake=args.lake, catalog=args.catalog, schema_prefix=args.schema_prefix)
