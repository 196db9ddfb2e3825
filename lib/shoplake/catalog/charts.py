"""Small charts as inline SVG: every one has a title, a description and its values as text.

Colours and strokes are the style sheet's; nothing here depends on a colour alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from markupsafe import Markup, escape

from shoplake.catalog.cards import Metric
from shoplake.catalog.facts import Batch
from shoplake.catalog.figures import moment, number
from shoplake.catalog.outcomes import RuleHistory

_W, _H = 168, 32
_DESCRIBED = 12


def rule_chart(history: RuleHistory) -> Markup:
    """Rows broken per batch as bars, or of a rule about batches its value between its bounds."""
    name = f"{history.table}-{history.rule.name}"
    told = history.outcomes
    if any(o.value is not None for o in told):
        measured = [o for o in told if o.value is not None]
        return _values(
            name,
            f"{history.rule.name}: value per batch",
            [(o.at, float(o.value)) for o in measured if o.value is not None],
            measured[-1].minimum,
            measured[-1].maximum,
            [o.broken > 0 for o in measured],
        )
    said = [f"{moment(o.at)}: {o.broken:,} of {o.judged:,} rows" for o in told]
    bars = [(o.broken, "bad" if o.broken else "ok") for o in told]
    return _bars(name, f"{history.rule.name}: rows broken per batch", bars, said)


def trend(name: str, title: str, points: Sequence[tuple[datetime, float]]) -> Markup:
    """Rows per batch as bars."""
    said = [f"{moment(at)}: {number(value)} rows" for at, value in points]
    return _bars(name, title, [(value, "good") for _, value in points], said)


def conservation(batch: Batch, most: int) -> Markup:
    """Where a batch's rows went: good, held and repeated, as one bar; `most` is the full width."""
    width, parts, x = 180, [], 0.0
    shares = (("good", batch.good), ("held", batch.held), ("repeated", batch.duplicates))
    for word, n in shares:
        w = width * n / most if most else 0
        if n:
            w = max(w, 2.0)
            parts.append(
                Markup(
                    '<rect class="part {}" x="{:.1f}" y="3" width="{:.1f}" height="12">'
                    "<title>{}: {:,}</title></rect>"
                ).format(word, x, w, word, n)
            )
            x += w
    said = [f"{n:,} {word}" for word, n in shares]
    return _svg(
        f"batch-{batch.table}-{batch.batch_id}",
        f"{batch.rows_in:,} rows in",
        said,
        Markup("").join(parts),
        (width, 18),
    )


def loss_chart(name: str, points: Sequence[tuple[int, float]]) -> Markup:
    """Training loss by step."""
    if len(points) < 2:
        return Markup("")
    w, h = 420, 120
    low, high = min(v for _, v in points), max(v for _, v in points)
    last = max(points[-1][0], 1)
    span = (high - low) or 1
    d = "L".join(f"{40 + 370 * s / last:.1f},{10 + 85 * (high - v) / span:.1f}" for s, v in points)
    body = Markup(
        '<path class="axis" d="M40,8V96H412"/><path class="line" d="M{}"/>'
        '<text x="36" y="14" class="end">{}</text><text x="36" y="97" class="end">{}</text>'
        '<text x="40" y="112">step {}</text><text x="412" y="112" class="end">{}</text>'
    ).format(d, number(high), number(low), points[0][0], points[-1][0])
    said = [f"from {number(points[0][1])} at step {points[0][0]} to {number(points[-1][1])}"]
    return _svg(name, "Training loss by step", said, body, (w, h))


def intervals(name: str, metric: Metric) -> Markup:
    """A metric of the model beside the baselines, each with its 95% interval."""
    row, left, right, w = 22, 138, 146, 432
    h = row * len(metric.scores) + 8
    top = max([s.high if s.high is not None else s.value for s in metric.scores] or [0]) or 1.0
    scale = (w - left - right) / top
    best = max((s.low or 0 for s in metric.scores if s.is_model), default=0)
    parts = [Markup('<path class="axis" d="M{x},2V{h}"/>').format(x=left, h=h - 4)]
    if any(s.is_model for s in metric.scores):
        x = left + best * scale
        parts.append(Markup('<path class="guide" d="M{x:.1f},2V{h}"/>').format(x=x, h=h - 4))
    for i, s in enumerate(metric.scores):
        y = row * i + row / 2 + 2
        kind = "model" if s.is_model else "baseline"
        x = left + s.value * scale
        mark = (
            Markup('<rect class="mark" x="{:.1f}" y="{:.1f}" width="9" height="9"/>').format(
                x - 4.5, y - 4.5
            )
            if s.is_model
            else Markup('<circle class="mark" cx="{:.1f}" cy="{:.1f}" r="4"/>').format(x, y)
        )
        whisker = (
            Markup('<path class="whisker" d="M{a:.1f},{t:.1f}v8m0,-4H{b:.1f}m0,-4v8"/>').format(
                a=left + s.low * scale, b=left + s.high * scale, t=y - 4
            )
            if s.low is not None and s.high is not None
            else Markup("")
        )
        parts.append(
            Markup(
                '<g class="{}"><text x="{}" y="{:.1f}" class="end">{}</text>{}{}'
                '<text x="{}" y="{:.1f}">{}</text></g>'
            ).format(
                kind, left - 10, y + 4, s.scorer, whisker, mark, w - right + 8, y + 4, _said(s)
            )
        )
    said = [f"{s.scorer} {_said(s)}" for s in metric.scores]
    return _svg(name, f"{metric.task} {metric.metric}", said, Markup("").join(parts), (w, h))


def _said(score: object) -> str:
    low, high, value = (getattr(score, a) for a in ("low", "high", "value"))
    return f"{value:.3f}" if low is None else f"{value:.3f} ({low:.3f}–{high:.3f})"


def _bars(name: str, title: str, bars: Sequence[tuple[float, str]], said: Sequence[str]) -> Markup:
    """One bar a batch, with a stub where the value is zero."""
    top = max([value for value, _ in bars] or [0])
    step = min(16.0, (_W - 4) / max(len(bars), 1))
    parts = [Markup('<path class="axis" d="M0,{y}H{w}"/>').format(y=_H - 1.5, w=_W)]
    for i, ((value, kind), what) in enumerate(zip(bars, said, strict=True)):
        height = max(3.0, (_H - 4) * value / top) if value else 2.0
        parts.append(
            Markup(
                '<rect class="bar {}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}">'
                "<title>{}</title></rect>"
            ).format(kind, 2 + i * step, _H - 2 - height, max(step - 3, 1), height, what)
        )
    return _svg(name, title, said[-_DESCRIBED:], Markup("").join(parts))


def _values(
    name: str,
    title: str,
    points: Sequence[tuple[datetime, float]],
    low: float | None,
    high: float | None,
    broken: Sequence[bool],
) -> Markup:
    """A line of values over batches, over the band that they should lie in."""
    values = [v for _, v in points if v == v and abs(v) != float("inf")]
    if not values:
        return Markup("")
    reach = [*values, *(b for b in (low, high) if b is not None)]
    bottom, top = min(reach), max(reach)
    span = (top - bottom) or 1.0

    def y(v: float) -> float:
        return _H - 6 - (_H - 12) * (v - bottom) / span

    step = (_W - 12) / max(len(points) - 1, 1)
    drawn = [
        (6 + i * step, y(v), at, v, bad)
        for i, ((at, v), bad) in enumerate(zip(points, broken, strict=True))
        if v == v and abs(v) != float("inf")
    ]
    parts = []
    if low is not None or high is not None:
        upper, lower = (0.0 if high is None else y(high)), (float(_H) if low is None else y(low))
        band = '<rect class="band" x="0" y="{:.1f}" width="{}" height="{:.1f}"/>'
        parts.append(Markup(band).format(upper, _W, max(lower - upper, 1)))
    d = "L".join(f"{x:.1f},{v:.1f}" for x, v, *_ in drawn)
    parts.append(Markup('<path class="line" d="M{}"/>').format(d))
    for x, h, at, v, bad in drawn[-24:]:
        dot = (
            Markup('<path class="dot bad" d="M{:.1f},{:.1f}l4,4m0,-4l-4,4">').format(x - 2, h - 2)
            if bad
            else Markup('<circle class="dot" cx="{:.1f}" cy="{:.1f}" r="2">').format(x, h)
        )
        end = Markup("</path>") if bad else Markup("</circle>")
        parts.append(dot + Markup("<title>{}: {}</title>").format(moment(at), number(v)) + end)
    said = [f"{moment(at)}: {number(v)}" for at, v in points[-_DESCRIBED:]]
    return _svg(name, title, said, Markup("").join(parts))


def _svg(
    name: str,
    title: str,
    said: Sequence[str],
    body: Markup,
    size: tuple[float, float] = (_W, _H),
) -> Markup:
    key = re.sub(r"[^A-Za-z0-9_-]", "-", name)
    return Markup(
        '<svg class="chart" role="img" aria-labelledby="{k}-t {k}-d" viewBox="0 0 {w} {h}" '
        'width="{w}" height="{h}"><title id="{k}-t">{t}</title><desc id="{k}-d">{d}</desc>{b}</svg>'
    ).format(
        k=key, w=size[0], h=size[1], t=title, d="; ".join(said) or "no batch yet", b=escape(body)
    )
