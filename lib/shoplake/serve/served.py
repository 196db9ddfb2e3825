"""Lists of everyone concerned, each from the version that serves them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from typing import TYPE_CHECKING

from pyspark.sql import DataFrame

from shoplake.serve.batch import recommend
from shoplake.serve.fallback import Fallback, build_fallback
from shoplake.serve.parents import tell_parents
from shoplake.serve.personal import PersonalFrequencyScorer

if TYPE_CHECKING:
    from shoplake.governance.run import Run
    from shoplake.models.tracking import Registry
    from shoplake.serve.canary import Side
    from shoplake.serve.catalogue import Catalogue
    from shoplake.serve.fairness import FairExposure
    from shoplake.serve.scorer import AnyScorer
    from shoplake.serve.settings import ServeSettings


@dataclass(frozen=True)
class Served:
    """What decides who is shown what.

    Attributes:
        run: of the step.
        registry, serving: the model, and whom which of its versions serves; the version None is
            personal frequency.
        settings: of serving.
        target: the table of the lists.
    """

    run: Run
    registry: Registry
    serving: tuple[Side, ...]
    settings: ServeSettings
    target: str

    def lists(
        self,
        whom: DataFrame,
        catalogue: Catalogue,
        scorer_of: Callable[[str], AnyScorer],
        *,
        as_of: datetime,
        items: DataFrame,
        popular: DataFrame,
        fallback: Fallback | None = None,
        fair: FairExposure | None = None,
        here: bool = False,
        reading: Callable[[AnyScorer], AnyScorer] = lambda scorer: scorer,
    ) -> DataFrame:
        """What `recommend` returns, of all versions.

        Args:
            whom: what `people.everyone` returns.
            catalogue: of `items`.
            scorer_of: the scorer of a version.
            as_of: the instant the histories end at.
            items: one `as_of` of gold.item_features.
            popular: of `fallback.recent_popularity`.
            fallback: what `build_fallback` made of it, where that is known already.
            fair, here: as in `recommend`.
            reading: how a scorer reads people.
        """
        if fallback is None:
            fallback = build_fallback(catalogue, self.settings, popular)
        parts = []
        for side in self.serving:
            version, name = side.version, self.registry.name
            base: AnyScorer = PersonalFrequencyScorer(catalogue.popularity)
            if version:
                base = scorer_of(version)
            tell_parents(
                self.run, f"{name}/{version}" if version else None, items, popular, self.target
            )
            made = recommend(
                whom if len(self.serving) == 1 else whom.where(side.serves()),
                *(reading(base), catalogue, fallback, self.settings),
                as_of=as_of,
                model_name=name if version else "personal_frequency",
                model_version=version or "0",
                fair=fair,
                here=here,
            )
            parts.append(made)
        return reduce(DataFrame.unionByName, parts)
