"""Settings of product similarity, conf/models/neighbours.yml."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from shoplake.errors import SettingsError
from shoplake.models.config import model_file
from shoplake.runtime.typed import load_yaml

Kind = Literal["near_duplicate", "variant", "complement", "substitute"]
KINDS: tuple[Kind, ...] = ("near_duplicate", "variant", "complement", "substitute")


@dataclass(frozen=True)
class NeighbourConfig:
    """How neighbours are found and told apart.

    Attributes:
        base: the text encoder, as conf/models/search.yml names one.
        max_tokens: tokens read of a product's text.
        neighbours: most neighbours of each kind.
        candidates: products alike in text that each is compared with.
        largest_basket: most products of a basket that are paired.
        least_together: fewest baskets that a pair of products shares to count.
        least_lift: how many times more than by chance complements are bought together.
        shrink: baskets of doubt: added below every share of baskets, so that few prove little.
        duplicate: least Jaccard similarity of the names' words of near duplicates.
        alike: least cosine of texts of substitutes that nobody viewed together.
        interchangeable: least cosine of texts of products of a category that are substitutes,
            although they are bought together, where nobody viewed them together.
        weights: what a substitute's score is made of: cosine, jaccard, viewed.
        options: words that name an option of a product (a colour, a size) and not another product;
            numbers are options too.
    """

    base: str
    max_tokens: int
    neighbours: int
    candidates: int
    largest_basket: int
    least_together: int
    least_lift: float
    shrink: float
    duplicate: float
    alike: float
    interchangeable: float
    weights: dict[str, float]
    options: tuple[str, ...]

    def __post_init__(self) -> None:
        if set(self.weights) != {"cosine", "jaccard", "viewed"}:
            raise SettingsError(
                f"weights are of {', '.join(self.weights) or 'nothing'}",
                where="conf/models/neighbours.yml: weights",
                remedy="give cosine, jaccard and viewed",
            )
        for name in ("neighbours", "candidates", "least_together"):
            if getattr(self, name) < 1:
                raise SettingsError(
                    f"{name} is {getattr(self, name)}",
                    where="conf/models/neighbours.yml",
                    remedy="set it to 1 or more",
                )


def load_neighbours(file: str = "neighbours") -> NeighbourConfig:
    """conf/models/<file>.yml."""
    return load_yaml(model_file(file), NeighbourConfig)
