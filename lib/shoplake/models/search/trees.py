"""LightGBM, or an error that says what is missing."""

from __future__ import annotations

from types import ModuleType

from shoplake.errors import ModelError


def lightgbm() -> ModuleType:
    """The package.

    Raises:
        ModelError: the OpenMP library it needs is not installed.
    """
    try:
        import lightgbm as package
    except OSError as error:
        raise ModelError(
            "LightGBM cannot start",
            where=str(error),
            remedy="install OpenMP: the Debian package libgomp1",
        ) from None
    return package
