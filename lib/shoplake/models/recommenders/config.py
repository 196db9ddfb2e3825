"""Which families there are, and their settings from `conf/models/<family>.yml`."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from shoplake.errors import SettingsError
from shoplake.models.config import model_file
from shoplake.models.recommenders.als import Als, AlsConfig
from shoplake.models.recommenders.content import Content, ContentConfig
from shoplake.models.recommenders.ease import Ease, EaseConfig
from shoplake.models.recommenders.gpt_titles import GptTitles, GptTitlesConfig
from shoplake.models.recommenders.interactions import Recommender
from shoplake.models.recommenders.item_knn import ItemKnn, ItemKnnConfig
from shoplake.models.recommenders.ncf import Ncf, NcfConfig
from shoplake.models.recommenders.personal import Personal, PersonalConfig
from shoplake.models.recommenders.popularity import Popularity, PopularityConfig
from shoplake.models.recommenders.private import Private, PrivateConfig
from shoplake.models.recommenders.sasrec import Sasrec, SasrecConfig
from shoplake.models.recommenders.session_knn import SessionKnn, SessionKnnConfig
from shoplake.runtime.strict_yaml import YamlError, read
from shoplake.runtime.typed import from_dict

#: family -> (settings, model); the settings' file is conf/models/<family>.yml.
FAMILIES: dict[str, tuple[type, type]] = {
    "popularity": (PopularityConfig, Popularity),
    "personal": (PersonalConfig, Personal),
    "item_knn": (ItemKnnConfig, ItemKnn),
    "session_knn": (SessionKnnConfig, SessionKnn),
    "als": (AlsConfig, Als),
    "ease": (EaseConfig, Ease),
    "content": (ContentConfig, Content),
    "sasrec": (SasrecConfig, Sasrec),
    "ncf": (NcfConfig, Ncf),
    "private": (PrivateConfig, Private),
    "gpt_titles": (GptTitlesConfig, GptTitles),
}
#: Families that read titles: their models take `vectors` [C, d], one row a title.
OF_TITLES = frozenset({"content", "gpt_titles"})
#: Tasks of the lake's protocol that a model may be promoted by.
DECIDING = ("new", "all")


@dataclass(frozen=True)
class Family:
    """A family with its settings and the values that tuning tries.

    Attributes:
        name: the family's.
        config: an instance of the family's settings.
        grid: setting -> values to try on the validation part, one setting after another.
        decides_on: in a lake, the task that the model is promoted by.
    """

    name: str
    config: Any
    grid: dict[str, list[Any]]
    decides_on: str = "new"

    def build(self, **extra: Any) -> Recommender:
        """A model that has learned nothing yet."""
        model: Recommender = FAMILIES[self.name][1](self.config, **extra)
        return model

    def replaced(self, **settings: Any) -> Family:
        """With other settings."""
        return dataclasses.replace(self, config=dataclasses.replace(self.config, **settings))

    @property
    def settings(self) -> dict[str, Any]:
        """The settings by name."""
        return dataclasses.asdict(self.config)

    def untuned(self) -> Family:
        """With its settings as they are."""
        return dataclasses.replace(self, grid={})

    def neighbours(self, setting: str) -> Iterator[Family]:
        """The family with each other value of one setting."""
        for value in self.grid[setting]:
            if value != getattr(self.config, setting):
                yield self.replaced(**{setting: value})


def load_family(name: str, file: str | None = None) -> Family:
    """A family as `conf/models/<name>.yml`, or another file of that form, sets it.

    The file holds the family's settings and, under `grid`, the values that tuning tries. With
    `decides_on: all` a lake promotes the model by all that people buy, new to them or not.

    Raises:
        SettingsError: no such family, or a key that is unknown or of a wrong type.
    """
    if name not in FAMILIES:
        raise SettingsError(
            f"no family '{name}'", remedy=f"the families are {', '.join(sorted(FAMILIES))}"
        )
    path, kind = model_file(file or name), FAMILIES[name][0]
    if not path.is_file():
        raise SettingsError("settings file not found", where=str(path))
    try:
        data = read(path)[1] or {}
    except YamlError as error:
        raise SettingsError(error.message, where=f"{path}:{error.line}") from None
    grid = data.pop("grid", {}) if isinstance(data, dict) else {}
    decides = data.pop("decides_on", "new") if isinstance(data, dict) else "new"
    if decides not in DECIDING:
        raise SettingsError(
            f"'{decides}' is no task that can decide",
            where=f"{path}: decides_on",
            remedy=" or ".join(DECIDING),
        )
    config: Any = from_dict(kind, data, str(path))
    for setting, value in itertools.chain.from_iterable(
        [(setting, value) for value in values] for setting, values in grid.items()
    ):
        from_dict(kind, {**data, setting: value}, f"{path}: grid")
    return Family(name, config, grid, decides)
