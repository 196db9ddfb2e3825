"""Why this item: the one thing about the person that the recommendation can truthfully point to."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from shoplake.serve.scorer import Floats, Ints

POPULAR = "popular now"
GENERAL = "based on what you looked at and bought"


def reasons(
    recommended: Ints,
    history: Ints,
    counts: Ints,
    items: Floats,
    names: NDArray[np.object_],
) -> NDArray[np.object_]:
    """The reason of every recommendation [P, k]; "" where `recommended` is padding.

    In this order: the person bought it ("you bought this 3 times"); the person looked at it; it is
    like one of their history items, namely the one with the largest cosine between the model's
    own item vectors ("similar to <name>"). Where no history item points the same way (no
    cosine above 0), naming one would be made up, so the reason stays general.

    Args:
        recommended: [P, k] item_index.
        history: [P, H] item_index, 0-padded.
        counts: [P, H] how often the person bought each history item.
        items: item vectors [C, d] by item_index.
        names: [C] product names by item_index.
    """
    nearest, cosine = most_similar(recommended, history, items)
    named = np.where(cosine > 0, nearest, 0)
    return _told(recommended, history, counts, named, "similar to", names)


def reasons_by_near(
    recommended: Ints,
    history: Ints,
    counts: Ints,
    near: Ints,
    names: NDArray[np.object_],
) -> NDArray[np.object_]:
    """What `reasons` returns, of a model without item vectors.

    Instead of a cosine the history item that speaks most for the recommended one is named ("goes
    with <name>"). A model in which no item speaks for another recommends what is popular, and
    says so.

    Args:
        recommended, history, counts, names: as in `reasons`.
        near: [C, n] item_index, of `scorer.BlockScorer`.
    """
    close = near[recommended]
    there = (close[..., None] == history[:, None, None, :]).any(axis=3) & (close > 0)
    first = np.take_along_axis(close, there.argmax(axis=2)[..., None], axis=2)[..., 0]
    named = np.where(there.any(axis=2), first, 0)
    general = GENERAL if near.any() else POPULAR
    return _told(recommended, history, counts, named, "goes with", names, general)


def _told(
    recommended: Ints,
    history: Ints,
    counts: Ints,
    named: Ints,
    how: str,
    names: NDArray[np.object_],
    general: str = GENERAL,
) -> NDArray[np.object_]:
    """Reasons [P, k]; `named` [P, k] is the history item to point to, 0 for none."""
    known = history[:, None, :] == recommended[:, :, None]
    known &= recommended[:, :, None] > 0
    rows, places = np.nonzero(known.any(axis=2))
    times = np.where(known[rows, places], counts[rows], 0).max(axis=1, initial=0)
    # Few reasons are many people's: each is written once.
    items, which = np.unique(named, return_inverse=True)
    told = [f"{how} {names[item]}" if item and names[item] else general for item in items]
    result = np.array(told, dtype=object)[which].reshape(named.shape)
    often, which = np.unique(times, return_inverse=True)
    result[rows, places] = np.array([_known(int(count)) for count in often], dtype=object)[which]
    result[recommended == 0] = ""
    return result


def most_similar(recommended: Ints, history: Ints, items: Floats) -> tuple[Ints, Floats]:
    """The history item nearest to each recommended one, and their cosine; both [P, k].

    Without a history the item is 0 and the cosine -inf; equal cosines go to the newer item. Equal
    is less than 1e-5 apart: the last bits of a product depend on its place among others.
    """
    if not history.shape[1]:
        return np.zeros_like(recommended), np.full(recommended.shape, -np.inf, dtype=np.float32)
    mine, own = (torch.from_numpy(_unit(items[index])) for index in (recommended, history))
    cosines = torch.bmm(mine, own.transpose(1, 2)).numpy()
    cosines += np.where(history == 0, np.float32(-np.inf), np.float32(0))[:, None, :]
    nearest = (cosines >= cosines.max(axis=2, keepdims=True) - np.float32(1e-5)).argmax(axis=2)
    return (
        np.take_along_axis(history, nearest, axis=1),
        np.take_along_axis(cosines, nearest[:, :, None], axis=2)[:, :, 0],
    )


def _known(times: int) -> str:
    """The reason for an item of the history, bought so many times."""
    if times == 0:
        return "you looked at this"
    return "you bought this before" if times == 1 else f"you bought this {times} times"


def _unit(vectors: Floats) -> Floats:
    """Vectors of length 1; zero vectors stay zero, so their cosine with anything is 0."""
    length = np.sqrt(np.einsum("...d,...d->...", vectors, vectors))[..., None]
    return vectors / np.where(length == 0, np.float32(1), length)
