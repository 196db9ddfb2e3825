"""LightGBM, made ready: its wheel wants an OpenMP runtime that not every machine has."""

from __future__ import annotations

from types import ModuleType

from shoplake.errors import ModelError


def lightgbm() -> ModuleType:
    """The package.

    PyTorch is loaded first: its wheel brings libgomp.so.1, which LightGBM then finds.

    Raises:
        ModelError: there is no OpenMP runtime.
    """
    import torch  # noqa: F401

    try:
        import lightgbm as package
    except OSError as error:
        raise ModelError(
            "LightGBM cannot be loaded",
            where=str(error),
            remedy="install OpenMP's runtime: the Debian package libgomp1",
        ) from None
    return package
