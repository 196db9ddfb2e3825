"""Ranking trees as text: they travel to other processes and into files without being pickled."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from shoplake.models.boosting import lightgbm
from shoplake.models.recommenders.interactions import Floats


class Trees:
    """A LightGBM model.

    Args:
        text: as LightGBM writes it.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._booster: Any = None

    def __getstate__(self) -> str:
        return self.text

    def __setstate__(self, text: str) -> None:
        self.__init__(text)  # type: ignore[misc]

    def predict(self, features: Floats) -> NDArray[np.float64]:
        """Scores [n] of features [n, f]; one thread, for Spark runs a process a core."""
        if not len(features):
            return np.zeros(0)
        if self._booster is None:
            self._booster = lightgbm().Booster(model_str=self.text)
        return np.asarray(self._booster.predict(features, num_threads=1))
