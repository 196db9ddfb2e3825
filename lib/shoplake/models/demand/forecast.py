"""A calibrated forecast from an origin: candidates, a mixture learnt on the windows before it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from shoplake.models.demand.classic import started
from shoplake.models.demand.combine import Mixture, Window, demand_class, learn_mixture
from shoplake.models.demand.fit import active, candidates
from shoplake.models.demand.panel import DemandError, Floats, Ints, Panel
from shoplake.models.demand.settings import DemandConfig


@dataclass(frozen=True)
class Forecast:
    """Demand from an origin on.

    Attributes:
        series: [n] which series were forecast: those that sell.
        quantiles: [n, h, L] at LEVELS, of the mixture.
        made: candidate -> [n, h, L].
        classes: [n] classes of demand.
        mixture: how `quantiles` came out of `made`.
        origin: first period forecast.
        windows: the past windows the mixture was learnt on, and their origins.
    """

    series: Ints
    quantiles: Floats
    made: dict[str, Floats]
    classes: Ints
    mixture: Mixture
    origin: int
    windows: dict[int, Window]


@dataclass
class Forecaster:
    """Forecasts of one panel; what one origin needed is kept for the next.

    Attributes:
        panel: the panel; periods after an origin are only read as outcomes of past windows.
        horizon: periods ahead.
        config: settings.
    """

    panel: Panel
    horizon: int
    config: DemandConfig
    _made: dict[int, dict[str, Floats]] = field(default_factory=dict)

    def made(self, origin: int) -> dict[str, Floats]:
        """The candidates' quantiles [S, h, L] of all series."""
        if origin not in self._made:
            self._made[origin] = candidates(self.panel, origin, self.horizon, self.config)
        return self._made[origin]

    def forecast(self, origin: int) -> Forecast:
        """The forecast from `origin`, which uses nothing of that period or later.

        Raises:
            DemandError: the past is too short, or nothing sells.
        """
        h = self.horizon
        least = self.least_origin()
        origins = [o for k in range(self.config.backtests) if (o := origin - (k + 1) * h) >= least]
        if not origins:
            raise DemandError(
                f"{origin} periods are too few to learn from",
                remedy=f"give at least {least + h} {self.panel.unit}s of sales",
            )
        outcome = self.panel.history(origin)
        windows = {}
        for start in origins:
            alive = self.alive(start)
            made = {name: q[alive] for name, q in self.made(start).items()}
            classes = demand_class(started(self.panel, start)[alive])
            windows[start] = Window(made, outcome[alive, start : start + h], classes)
        mixture = learn_mixture(
            list(windows.values()), counts=self.panel.counts, seed=self.config.seed
        )
        series = self.alive(origin)
        if not len(series):
            raise DemandError("nothing was sold lately", remedy="look at the newest sales")
        made = {name: q[series] for name, q in self.made(origin).items()}
        classes = demand_class(started(self.panel, origin)[series])
        quantiles = mixture.apply(made, classes, counts=self.panel.counts)
        return Forecast(series, quantiles, made, classes, mixture, origin, windows)

    def alive(self, origin: int) -> Ints:
        """Series that sell at an origin."""
        periods = self.config.active_periods[self.panel.unit]
        return np.flatnonzero(active(self.panel, origin, periods))

    def least_origin(self) -> int:
        """The first origin from which global models can learn and be tried."""
        season = 2 * self.panel.season if self.panel.unit == "day" else 8
        return max(season, self.horizon) + self.horizon
