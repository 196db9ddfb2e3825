"""`shoplake audience`: who may be advertised to, what with, and what to bid, without Spark."""

from __future__ import annotations

import argparse
import json
from typing import Any

from shoplake.commands.options import lake_options, need_top, print_rows, settings_of
from shoplake.commands.products import need_table, quoted
from shoplake.errors import ShoplakeError

_PEOPLE, _SCORES = "gold.audiences", "gold.ad_scores"
_NEWEST = f"as_of = (select max(as_of) from {_PEOPLE})"
#: Consent may have been withdrawn since the audiences were made.
_AGREE = "person_key in (select person_key from silver.people where consent)"
#: And then too few may be left for nobody to be singled out.
_ENOUGH = "having count(distinct {}person_key) >= {:d}"


def add(commands: Any) -> None:
    """Adds the command to the command line."""
    audience = commands.add_parser("audience", help="audiences, and what to bid for whom")
    audience.add_argument("name", nargs="?", help="an audience (default: lists them)")
    audience.add_argument("--top", type=int, default=20, help="how many bids (default: 20)")
    audience.add_argument("--json", action="store_true", help="every number, as JSON")
    lake_options(audience).set_defaults(run=_audience)


def _audience(args: argparse.Namespace) -> None:
    need_top(args.top)
    settings = settings_of(args)
    need_table(settings, _PEOPLE, "target")
    need_table(settings, "silver.people", "refine")
    from shoplake.models.ads.settings import load_ads
    from shoplake.runtime.sql import query, tables

    least = load_ads().audience.minimum
    # A young shop has audiences before it has anything to bid on.
    scored = _SCORES in tables(settings)
    listed = query(
        settings,
        f"""select a.audience, count(distinct a.person_key) as people,
            count(distinct case when a.is_seed then a.person_key end) as seeds,
            count(distinct case when s.bid > 0 then s.person_key end) as bid_for,
            sum(s.expected_cost) as expected_cost,
            sum(case when s.bid > 0 then s.value end) as value
        from {_PEOPLE} a left join {_SCORES} s
            on s.audience = a.audience and s.person_key = a.person_key and s.as_of = a.as_of
        where a.{_NEWEST} and a.{_AGREE} group by a.audience
        {_ENOUGH.format("a.", least)} order by a.audience"""
        if scored
        else f"""select audience, count(distinct person_key) as people,
            count(distinct case when is_seed then person_key end) as seeds
        from {_PEOPLE} where {_NEWEST} and {_AGREE} group by audience
        {_ENOUGH.format("", least)} order by audience""",
    )
    if args.name is None:
        _show(listed, args.json, "audiences")
        return
    if args.name not in {row["audience"] for row in listed}:
        raise ShoplakeError(
            f"no audience '{args.name}'",
            where=f"{_PEOPLE} in {settings.root}",
            remedy=f"audiences: {', '.join(row['audience'] for row in listed) or 'none'}",
        )
    if not scored:
        raise ShoplakeError(
            f"nothing to bid on for '{args.name}' yet",
            where=f"no {_SCORES} in {settings.root}",
            remedy="run `shoplake step target` once there are some days of impressions and clicks",
        )
    bids = query(
        settings,
        f"""select s.person_key, s.product_id, f.name, s.click_probability,
            s.purchase_probability, s.value, s.bid
        from {_SCORES} s left join gold.item_features f
            on f.product_id = s.product_id and f.as_of = s.as_of
        where s.audience = {quoted(args.name)} and s.{_NEWEST} and s.{_AGREE} and s.bid > 0
        order by s.value desc, s.person_key, s.rank limit {args.top:d}""",
    )
    _show(bids, args.json, f"{args.name}: bids of the highest expected margin")


def _show(rows: list[dict[str, Any]], as_json: bool, title: str) -> None:
    if as_json:
        print(json.dumps(rows, indent=2, ensure_ascii=False, default=str))
        return
    print_rows([{k.replace("_", " "): _short(v) for k, v in r.items()} for r in rows], title=title)


def _short(value: Any) -> Any:
    return f"{value:.4g}" if isinstance(value, float) else value
