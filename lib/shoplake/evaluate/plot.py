"""An evaluation as a picture: each model's figures with their intervals, a panel a metric."""

from __future__ import annotations

from pathlib import Path

from shoplake.evaluate.findings import Findings

_SHOWN = 4


def draw(found: Findings, path: Path) -> None:
    """Write a PNG with a panel for the first metrics, the deciding one first."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    models = list(found.figures)[::-1]
    metrics = list(dict.fromkeys(m for row in found.figures.values() for m in row))
    metrics = sorted(metrics, key=lambda metric: metric != found.main)[:_SHOWN]
    figure, axes = plt.subplots(
        1,
        len(metrics),
        figsize=(3.6 * len(metrics) + 2, 0.36 * len(models) + 1.6),
        sharey=True,
        squeeze=False,
        layout="constrained",
    )
    for axis, metric in zip(axes[0], metrics, strict=True):
        for y, model in enumerate(models):
            at = found.figures[model].get(metric)
            if at is None:
                continue
            colour = "#1a7f37" if model == found.champion else "#57606a"
            if model in found.baselines:
                colour = "#b0b8c1"
            if at.low is not None and at.high is not None:
                axis.plot([at.low, at.high], [y, y], color=colour, linewidth=2)
            axis.plot([at.value], [y], "o", color=colour)
            axis.annotate(
                f"{at.value:.3f}",
                (at.value, y),
                (0, 6),
                textcoords="offset points",
                ha="center",
                fontsize=8,
            )
        axis.set_title(metric, fontsize=10)
        axis.grid(axis="x", alpha=0.3)
        axis.set_yticks(range(len(models)), models)
        axis.margins(y=0.12)
        for side in ("top", "right", "left"):
            axis.spines[side].set_visible(False)
    figure.suptitle(f"{found.task}: 95% intervals; grey: baselines, green: champion", fontsize=10)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)
    plt.close(figure)
