"""Notebooks without a kernel: their cells run one after the other in this process."""

from __future__ import annotations

import ast
from typing import Any

import matplotlib
import matplotlib.pyplot as plt
import nbformat
import pytest

from shoplake.runtime.settings import conf_dir


def run_cells(name: str, lake: str, patch: pytest.MonkeyPatch) -> tuple[list[Any], int]:
    """Execute a notebook's code.

    Args:
        name: of the notebook, without its ending.
        lake: folder of the lake that it reads.
        patch: undone when the test ends.

    Returns:
        What it shows (displayed, or the last expression of a cell), and how many plots it drew.
    """
    shown: list[Any] = []
    plots = 0

    def show() -> None:
        nonlocal plots
        plots += len(plt.get_fignums())
        plt.close("all")

    matplotlib.use("Agg")
    patch.setenv("SHOPLAKE_LAKE", lake)
    patch.setattr(plt, "show", show)
    names: dict[str, Any] = {"display": shown.append}
    path = conf_dir().parent / "notebooks" / f"{name}.ipynb"
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type != "code":
            continue
        body = ast.parse(cell.source).body
        last = body.pop() if isinstance(body[-1], ast.Expr) else None
        exec(compile(ast.Module(body, []), f"{name}.ipynb", "exec"), names)
        if last is not None:
            value = eval(compile(ast.Expression(last.value), f"{name}.ipynb", "eval"), names)
            shown += [] if value is None else [value]
    show()
    return shown, plots
