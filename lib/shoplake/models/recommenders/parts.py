"""One fitted family: how it reads people, and its state as arrays, so that no class is pickled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array
from torch import nn

from shoplake.models.recommenders import gpt_titles, ncf, sasrec
from shoplake.models.recommenders.config import OF_TITLES, Family
from shoplake.models.recommenders.interactions import Floats, Interactions, Recommender
from shoplake.models.recommenders.seen import Seen

Arrays = dict[str, NDArray[Any]]

#: Families that count purchases; the others read every item that was touched, once.
_COUNTING = frozenset({"popularity", "personal"})
_SPARSE = ("data", "indices", "indptr", "shape")


@dataclass(frozen=True)
class Part:
    """A family and what it has learned."""

    family: Family
    model: Recommender

    @classmethod
    def fitted(cls, family: Family, seen: Seen, vectors: Floats) -> Part:
        """Learn from people's histories.

        Args:
            vectors: [M, d] of titles; only families of titles look at them.
        """
        extra: dict[str, Any] = {"vectors": vectors} if family.name in OF_TITLES else {}
        return cls(family, family.build(**extra).fit(_read(family, seen)))

    def scores(self, seen: Seen) -> Floats:
        """Scores [P, M] of a block of people."""
        return self.model.scores(_read(self.family, seen))

    def taken_apart(self) -> tuple[Arrays, dict[str, Any]]:
        """(arrays by name, what each attribute is), for `put_together`.

        Raises:
            TypeError: the model holds something that is no array, network or number.
        """
        arrays: Arrays = {}
        held: dict[str, Any] = {}
        for name, value in vars(self.model).items():
            if name == "config":
                continue
            kind, found = _apart(value)
            held[name] = kind
            arrays |= {f"{name}{rest}": array for rest, array in found.items()}
        return arrays, held

    @classmethod
    def put_together(cls, family: Family, arrays: Arrays, held: dict[str, Any]) -> Part:
        """The part that `taken_apart` took apart."""
        extra = {"vectors": arrays["vectors"]} if family.name in OF_TITLES else {}
        model = family.build(**extra)
        for name, kind in held.items():
            own = {k[len(name) :]: v for k, v in arrays.items() if _belongs(k, name)}
            setattr(model, name, _together(family, kind, own))
        return cls(family, model)


def _read(family: Family, seen: Seen) -> Interactions:
    return seen.bought() if family.name in _COUNTING else seen.touched()


def _belongs(key: str, name: str) -> bool:
    return key == name or key.startswith(f"{name}/")


def _apart(value: object) -> tuple[Any, Arrays]:
    if isinstance(value, np.ndarray):
        return "array", {"": value}
    if isinstance(value, csr_array):
        return "sparse", {f"/{part}": np.asarray(getattr(value, part)) for part in _SPARSE}
    if isinstance(value, Interactions):
        found: Arrays = {"/items": value.items, "/offsets": value.offsets}
        if value.days is not None:
            found["/days"] = value.days
        return ["histories", value.catalogue], found
    if isinstance(value, nn.Module):
        state = value.state_dict()
        return "network", {f"/{name}": weights.numpy() for name, weights in state.items()}
    if isinstance(value, bool | int | float):
        return ["number", value], {}
    raise TypeError(f"a model holds {type(value).__name__}, which no artifact can")


def _together(family: Family, kind: Any, arrays: Arrays) -> object:
    if kind == "array":
        return arrays[""]
    if kind == "sparse":
        data, indices, indptr, shape = (arrays[f"/{part}"] for part in _SPARSE)
        return csr_array((data, indices, indptr), shape=tuple(shape.tolist()))
    if kind == "network":
        return _network(family, {name[1:]: values for name, values in arrays.items()})
    if kind[0] == "histories":
        return Interactions(arrays["/items"], arrays["/offsets"], kind[1], arrays.get("/days"))
    return kind[1]


def _network(family: Family, weights: Arrays) -> nn.Module:
    config = family.config
    if family.name == "sasrec":
        size, width = weights["embedding.weight"].shape
        start = np.zeros((size - 1, width), np.float32)
        net: nn.Module = sasrec.Network(config, start, np.zeros(size - 1, np.int64))
    elif family.name == "ncf":
        net = ncf.Network(config, len(weights["bias"]))
    else:
        net = gpt_titles.Decoder(config, weights["titles"][:-1])
    net.load_state_dict({name: torch.from_numpy(values) for name, values in weights.items()})
    return net
