"""`shoplake profile-of`: what is known of a person, with its evidence, without Spark."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import Any

from shoplake.commands.options import lake_options, print_rows, settings_of
from shoplake.commands.products import need_table
from shoplake.errors import PolicyError, ShoplakeError
from shoplake.runtime.console import console
from shoplake.runtime.settings import Settings, conf_dir

_PROFILES, _RECOMMENDED = "gold.user_profiles", "gold.recommendations"
_KEY = re.compile(r"[0-9a-f]{32}")
_ORDER = {_PROFILES: "as_of", _RECOMMENDED: "as_of, rank"}


def add(commands: Any) -> None:
    """Adds the command to the command line."""
    profile = commands.add_parser("profile-of", help="what is known of a person, with evidence")
    profile.add_argument("person", help="person_key, or <shop>:<id as the shop knows them>")
    profile.add_argument("--as", dest="role", help="what this role of conf/policies.yml may see")
    profile.add_argument("--html", type=Path, metavar="FILE", help="a page to write as well")
    lake_options(profile).set_defaults(run=_profile_of)


def _profile_of(args: argparse.Namespace) -> None:
    from shoplake.commands.profile_of_page import page, sections
    from shoplake.serve.assistant.person import person_key

    settings = settings_of(args)
    need_table(settings, _PROFILES, "features")
    person = person_key(settings, args.person)
    if not _KEY.fullmatch(person):
        raise ShoplakeError(
            "a person is named by key or by <shop>:<id>",
            where=args.person,
            remedy="shoplake sql 'select person_key from gold.user_profiles limit 5'",
        )
    hidden: list[str] = []
    profile = _newest(settings, args.role, _PROFILES, person, hidden)
    shown = _newest(settings, args.role, _RECOMMENDED, person, hidden)
    if not profile and not shown:
        raise ShoplakeError(
            f"role {args.role} sees nothing of this person"
            if hidden
            else "nothing is known of them",
            where=f"{', '.join(hidden) or _PROFILES} in {settings.root}",
            remedy="ask as another role" if hidden else "check the id, or run `shoplake run`",
        )
    parts = sections(profile[0] if profile else {}, shown)
    for title, rows in parts:
        print_rows(rows, title=title)
    if hidden:
        console.print(f"not for role {args.role}: {'; '.join(hidden)}", highlight=False)
    if args.html:
        args.html.parent.mkdir(parents=True, exist_ok=True)
        args.html.write_text(page(profile[0] if profile else {}, shown, hidden), encoding="utf-8")
        console.print(f"page: {args.html}", highlight=False)


def _newest(
    settings: Settings, role: str | None, table: str, person: str, hidden: list[str]
) -> list[dict[str, Any]]:
    """The person's rows of the newest as_of; none, and a word in `hidden`, if the role may not."""
    from shoplake.contracts.book import load_contracts
    from shoplake.governance.policies.ask import query_as
    from shoplake.governance.policies.load import load_policies
    from shoplake.runtime.sql import query, tables

    if table not in tables(settings):
        return []
    # `person` is hex digits, whatever was written.
    sql = f"select * from {table} where person_key = '{person}' order by {_ORDER[table]}"
    if role is None:
        rows = query(settings, sql)
    else:
        book = load_contracts(conf_dir() / "contracts")
        policies = load_policies(conf_dir() / "policies.yml", book)
        known = policies.roles.get(role)
        subject = person if known is not None and known.subject else None
        try:
            rows = query_as(settings, policies, book, role, sql, subject)
        except PolicyError as error:
            hidden.append(f"{table} ({error.what})")
            return []
    return [row for row in rows if row["as_of"] == rows[-1]["as_of"]]
