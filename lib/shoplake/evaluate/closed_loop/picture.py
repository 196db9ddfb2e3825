"""The closed loop as a picture: what each policy sells by cycle, and what learning again gained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

_COLOURS = {"never again": "#8c959f", "again, without feedback": "#bf8700", "again": "#1a7f37"}


def draw_loop(found: dict[str, Any], path: Path) -> None:
    """Write a PNG of a `gains.summary`."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    main = found["main_metric"]
    policies, gains = found["policies"][main], found["gains"][main]
    cycles = range(1, len(next(iter(policies.values()))) + 1)
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
    for policy, values in policies.items():
        colour = _COLOURS.get(policy, "#57606a")
        style = "o-" if policy in _COLOURS else ":"
        left.plot(cycles, [v["value"] for v in values], style, color=colour, label=policy)
    left.set_title("purchases expected of a list shown", fontsize=10)
    left.set_ylim(bottom=0)
    left.legend(fontsize=8, loc="lower right")
    for shift, (name, row) in zip((-0.06, 0.06), gains.items(), strict=True):
        colour = "#1a7f37" if "never" in name else "#bf8700"
        values = row["by_cycle"]
        at = [c + shift for c in cycles]
        if all(v["low"] is not None for v in values):
            right.vlines(
                at, [v["low"] for v in values], [v["high"] for v in values], color=colour, lw=2
            )
        share = f" ({row['relative']:+.1%} after the first)" if row["relative"] is not None else ""
        right.plot(at, [v["value"] for v in values], "o-", color=colour, label=name + share)
    right.axhline(0, color="#57606a", lw=1)
    right.set_title("gain by cycle, 95% intervals over seeds", fontsize=10)
    right.legend(fontsize=8, loc="upper left")
    for axis in (left, right):
        axis.set_xlabel("cycle")
        axis.set_xticks(list(cycles))
        axis.grid(axis="y", alpha=0.3)
        for side in ("top", "right"):
            axis.spines[side].set_visible(False)
    shop, seeds = found["protocol"]["shop"], len(found["protocol"]["seeds"])
    figure.suptitle(f"closed loop: {shop}, {seeds} seeds", fontsize=10)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)
    plt.close(figure)
