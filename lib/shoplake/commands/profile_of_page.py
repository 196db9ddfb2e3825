"""A profile as tables for the terminal and as one self-contained HTML page."""

from __future__ import annotations

from html import escape
from typing import Any

Row = dict[str, Any]
_LEANINGS = {
    "categories": ("category_affinity", "category_evidence"),
    "brands": ("brand_affinity", "brand_evidence"),
    "price, against its category": ("price_affinity", "price_evidence"),
    "platforms": ("platform_share", "platform_evidence"),
}
_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;color:#1a1a1a;background:#fff;margin:0 auto;
max-width:46rem;padding:1rem}
h1{font-size:1.3rem;overflow-wrap:anywhere}h2{font-size:1.05rem;margin:1.4rem 0 .3rem}
table{border-collapse:collapse;width:100%}
td,th{padding:.2rem .5rem .2rem 0;text-align:left;vertical-align:top;overflow-wrap:anywhere}
th{font-weight:600;width:40%}td.n{text-align:right;white-space:nowrap;color:#4a4a4a}
svg{max-width:100%;height:auto;display:block}small,.e{color:#4a4a4a}
tr{border-bottom:1px solid #ddd}
"""


def facts(profile: Row) -> list[Row]:
    """What is said in one value each, with the evidence for it."""
    p = profile.get

    def row(what: str, value: Any, evidence: str) -> Row:
        return {"what": what, "value": "unknown" if value is None else value, "evidence": evidence}

    orders = f"{p('orders')} orders"
    scores = [p(f"{of}_score") for of in ("recency", "frequency", "value")]
    rfm = None if None in scores else " / ".join(f"{score}" for score in scores) + " of 5"
    segment = p("behaviour_segment")
    return [
        row("segment", segment, f"{p('segment_people') or 'fewer than 10'} people in it"),
        row("segment, as the shop says", p("segment"), "the shop"),
        row("recency / frequency / value", rfm, orders),
        row(
            "lifecycle stage",
            p("lifecycle_stage"),
            f"{p('active_days')} active days, usually {_number(p('rhythm_days'))} days apart",
        ),
        row("net spend", p("spend"), f"{orders}, {p('items')} products"),
        row("mean price paid", _number(p("mean_price")), orders),
        row(
            "bought below the usual price",
            _share(p("price_sensitivity")),
            f"{p('price_sensitivity_evidence')} purchases of products sold at several prices",
        ),
        row(
            "price against the category",
            None if p("relative_price") is None else f"{p('relative_price'):.2f} x",
            f"{p('relative_price_evidence')} purchases",
        ),
        row(
            "last and first seen",
            f"{p('recency_days')} and {p('tenure_days')} days ago",
            f"{sum(p('active_hours') or [])} interactions",
        ),
    ]


def leanings(profile: Row) -> dict[str, list[Row]]:
    """Shares by name with the interactions behind each, largest first."""
    found = {}
    for title, (share, evidence) in _LEANINGS.items():
        shares, seen = _pairs(profile.get(share)), _pairs(profile.get(evidence))
        rows = [
            {"name": name, "share": of, "interactions": seen.get(name)}
            for name, of in sorted(shares.items(), key=lambda pair: (-pair[1], pair[0]))
        ]
        if rows:
            found[title] = rows
    return found


def sections(profile: Row, recommended: list[Row]) -> list[tuple[str, list[Row]]]:
    """(title, rows) of the terminal page."""
    found: list[tuple[str, list[Row]]] = []
    if profile:
        found.append((f"{profile['person_key']}, as of {profile['as_of']}", facts(profile)))
        for title, rows in leanings(profile).items():
            found.append((title, [{**row, "share": _share(row["share"])} for row in rows]))
        hours = profile.get("active_hours")
        if hours:
            busy = sorted((-count, hour) for hour, count in enumerate(hours) if count)[:5]
            rows = [{"hour": f"{hour:02d}:00", "interactions": -least} for least, hour in busy]
            found.append(("busiest hours, the shop's time", rows))
    if recommended:
        found.append((f"recommended, as of {recommended[0]['as_of']}", _why(recommended)))
    return found


def page(profile: Row, recommended: list[Row], hidden: list[str]) -> str:
    """The HTML page; it needs nothing else, and no script."""
    who = (profile or recommended[0])["person_key"]
    as_of = (profile or recommended[0])["as_of"]
    parts = [f"<h1>Person {escape(str(who))}</h1>", f"<p>As of {escape(str(as_of))}; ", "nothing"]
    parts.append(" at or after it was used.</p>")
    if profile:
        parts.append("<h2>What is known</h2><table>")
        for row in facts(profile):
            value, evidence = escape(str(row["value"])), escape(row["evidence"])
            parts.append(
                f"<tr><th scope=row>{escape(row['what'])}</th>"
                f"<td>{value}<br><span class=e>{evidence}</span></td></tr>"
            )
        parts.append("</table>")
        for title, rows in leanings(profile).items():
            parts.append(f"<h2>Interest by {title}</h2>" if title != "platforms" else "")
            parts.append("<h2>Platforms</h2>" if title == "platforms" else "")
            parts.append(_bars(rows))
        parts.append(_hours(profile.get("active_hours") or []))
    if recommended:
        parts.append(f"<h2>Recommended, and why</h2><p class=e>{_model(recommended[0])}</p><table>")
        for row in _why(recommended):
            name, why = escape(str(row["product"])), escape(str(row["why"]))
            parts.append(f"<tr><td class=n>{row['rank']}</td><td>{name}<br>")
            parts.append(f"<span class=e>{why}</span></td></tr>")
        parts.append("</table>")
    if hidden:
        parts.append(f"<p class=e>Not shown to this role: {escape('; '.join(hidden))}</p>")
    return (
        '<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content="width='
        f'device-width,initial-scale=1"><title>Profile</title><style>{_STYLE}</style>'
        f"{''.join(parts)}</html>\n"
    )


def _bars(rows: list[Row]) -> str:
    cells = []
    for row in rows:
        width = round(100 * row["share"])
        bar = (
            f'<svg viewBox="0 0 100 8" width=100 height=8 role=img aria-label="{width}%">'
            f'<rect width=100 height=8 fill="#e6e6e6"/><rect width={width} height=8 '
            'fill="#1f5fa8"/></svg>'
        )
        cells.append(
            f"<tr><th scope=row>{escape(str(row['name']))}{bar}</th><td class=n>"
            f"{_share(row['share'])}</td><td class=n>{row['interactions']} interactions</td></tr>"
        )
    return f"<table>{''.join(cells)}</table>"


def _hours(counts: list[int]) -> str:
    if not sum(counts):
        return ""
    top = max(counts)
    bars = "".join(
        f"<rect x={12 * hour} y={60 - round(60 * n / top)} width=10 height={round(60 * n / top)} "
        f'fill="#1f5fa8"><title>{hour}:00, {n} interactions</title></rect>'
        for hour, n in enumerate(counts)
    )
    marks = "".join(
        f'<text x={12 * hour} y=74 font-size=11 fill="#1a1a1a">{hour}</text>'
        for hour in range(0, 24, 6)
    )
    return (
        f"<h2>Active hours</h2><p class=e>{sum(counts)} interactions, in the shop's time</p>"
        f'<svg viewBox="0 0 288 78" width=576 role=img aria-label="Interactions by hour">'
        f"{bars}{marks}</svg>"
    )


def _why(recommended: list[Row]) -> list[Row]:
    return [
        {
            "rank": row["rank"],
            "product": row["product_name"] or row["product_id"],
            "why": row["reason"],
        }
        for row in recommended
    ]


def _model(row: Row) -> str:
    return escape(f"{row['model_name']} version {row['model_version']}, as of {row['as_of']}")


def _pairs(value: Any) -> dict[str, Any]:
    return dict(value or {})


def _share(value: float | None) -> str | None:
    return None if value is None else f"{value:.0%}"


def _number(value: float | None) -> str | None:
    return None if value is None else f"{value:.1f}"
