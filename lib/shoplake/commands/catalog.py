"""`shoplake catalog`: the lake as a web site that opens from disk."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from shoplake.commands.options import lake_options, settings_of


def add(commands: Any) -> None:
    """Adds the command to the command line."""
    catalog = commands.add_parser("catalog", help="write the lake's catalogue as a web site")
    catalog.add_argument("--out", help="folder of the site (default: LAKE/catalog)")
    catalog.add_argument("--open", action="store_true", help="show it in the browser")
    lake_options(catalog).set_defaults(run=_catalog)


def _catalog(args: argparse.Namespace) -> None:
    import webbrowser

    from shoplake.catalog.folder import put
    from shoplake.catalog.site import site
    from shoplake.runtime.settings import conf_dir

    settings = settings_of(args)
    out = Path(args.out) if args.out else settings.root / "catalog"
    put(site(settings, conf_dir()), out)
    index = out.absolute() / "index.html"
    print(index)
    if args.open:
        webbrowser.open(index.as_uri())
