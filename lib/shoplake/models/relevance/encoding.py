"""A fine-tuned bi-encoder in the place of search's encoder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torch import Tensor

from shoplake.errors import ModelError
from shoplake.models.base import Base
from shoplake.models.relevance.ranker import Ranker
from shoplake.models.search.encoder import TextEncoder


class RankerEncoder(TextEncoder):
    """A ranker's vectors of queries and products.

    Args:
        ranker: of the architecture bi_encoder.
        name: for the record, such as its registered model and version.

    Raises:
        ModelError: it is a cross-encoder, which has no vector of a text.
    """

    def __init__(self, ranker: Ranker, name: str) -> None:
        if ranker.config.architecture != "bi_encoder":
            raise ModelError(
                "a cross-encoder has no vectors of single texts",
                where=f"ranker of {ranker.config.base}",
                remedy="fine-tune with `architecture: bi_encoder` for search",
            )
        base = Base(ranker.encoder, ranker.tokenizer, ranker.config.base)
        super().__init__(base, max_tokens=ranker.config.max_tokens)
        self.name = name
        self._ranker = ranker.eval()

    def tokens(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids as the ranker learnt to read them."""
        return self._ranker.tokens(texts)

    def forward(self, tokens: Sequence[Sequence[int]]) -> Tensor:
        """Unit vectors [texts, width] of one batch."""
        return self._ranker.vectors(tokens)

    def state(self) -> Mapping[str, Tensor]:
        """All weights, those of a method and of the head among them."""
        return self._ranker.state_dict()
