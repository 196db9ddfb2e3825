"""Search over a folder of judged titles: the learned ranker, fitted once and kept in the cache."""

from __future__ import annotations

import pickle
from functools import partial
from pathlib import Path

import numpy as np

from shoplake import __version__
from shoplake.models.search.cache import cache_folder, content_key
from shoplake.models.search.config import load_search
from shoplake.models.search.judgements import Judgements, read_judgements
from shoplake.models.search.model import SearchModel, fit_search
from shoplake.runtime.console import tell
from shoplake.serve.search import Answer, Hit

#: Changes with what a kept model consists of.
_FORM = 3


class FolderSearch:
    """Searches judged titles with a fitted model."""

    def __init__(self, model: SearchModel) -> None:
        self._model = model

    def answer(self, query: str, top: int) -> Answer:
        """The best `top` titles; none for a query without a word.

        Shares are what features of each kind add (SHAP), and a score is their sum: the ranker's own
        less what it says of an average candidate, which is the same for all.
        """
        read = self._model.index.read([query])
        if not read.texts[0]:
            return Answer(query, "", [])
        block = next(self._model.blocks(read))
        pairs, scores = self._model.ranked(block)
        order = np.argsort(-scores, kind="stable")[:top]
        assert self._model.ranker is not None
        shares = self._model.ranker.shares(pairs.features.iloc[order])
        hits = [
            Hit(
                rank,
                None,
                self._model.index.titles[pairs.title[at]],
                None,
                float(shares.iloc[rank - 1].sum()),
                **{name: float(shares[name].iloc[rank - 1]) for name in shares},
            )
            for rank, at in enumerate(order, 1)
        ]
        return Answer(query, read.texts[0], hits)


def open_folder(folder: Path) -> FolderSearch:
    """Search over the folder's titles, learning from its judgements unless that was done before.

    Args:
        folder: of the home_depot layout.

    Raises:
        SourceError: the folder has no judgements.
    """
    config = load_search()
    rows = read_judgements(folder)
    key = content_key(__version__, _FORM, config, rows.to_csv())
    path = cache_folder() / "search" / f"{key}.pickle"
    if path.exists():
        return FolderSearch(pickle.loads(path.read_bytes()))

    model = fit_search(Judgements.of(rows), config, partial(tell, "search"))
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    new.write_bytes(pickle.dumps(model, protocol=pickle.HIGHEST_PROTOCOL))
    new.replace(path)
    return FolderSearch(model)
