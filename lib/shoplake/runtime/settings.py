"""Typed settings of one environment (`conf/env/<env>.yml`), and where conf files are found."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Literal

from shoplake.errors import SettingsError
from shoplake.runtime.typed import load_yaml


@dataclass(frozen=True)
class SparkSettings:
    """The Spark session: `local` starts one here, else the cluster's is used as it is.

    `tables_at_once` tables that do not need each other are built at the same time. Where a step has
    less than `interpret_below_mb` of files to read, plans are interpreted and not compiled, and a
    JVM that it starts, but for a stream's, compiles less for speed.
    """

    local: bool
    cores: int
    memory: str
    conf: dict[str, str]
    tables_at_once: int = 2
    interpret_below_mb: int = 0


@dataclass(frozen=True)
class MlflowSettings:
    """Where runs and model versions go; a null `tracking_uri` means SQLite below the lake."""

    tracking_uri: str | None
    experiment: str
    registered_model: str


@dataclass(frozen=True)
class KeySettings:
    """Where the pseudonym key comes from, in this order: environment, secret scope, file."""

    env: str
    file: str | None
    secret_scope: str | None
    secret_name: str | None


@dataclass(frozen=True)
class TrainingSettings:
    """How training processes are started, and how many."""

    launch: Literal["inline", "local", "spark"]
    processes: int


@dataclass(frozen=True)
class TrackingSettings:
    """Where a training's figures go besides MLflow; each sink is an extra of the package."""

    sinks: list[Literal["tensorboard", "wandb"]] = field(default_factory=list)


@dataclass(frozen=True)
class KafkaSettings:
    """Where Kafka is, and options of Spark's source and sink; secrets are named, not written."""

    servers: str | None = None
    options: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Settings:
    """Everything that differs between a laptop and a cluster."""

    env: str
    lake: str
    catalog: str | None
    schema_prefix: str
    spark: SparkSettings
    mlflow: MlflowSettings
    pseudonym_key: KeySettings
    training: TrainingSettings
    kafka: KafkaSettings = field(default_factory=KafkaSettings)
    tracking: TrackingSettings = field(default_factory=TrackingSettings)

    @property
    def root(self) -> Path:
        """The folder that holds tables (locally), raw files, checkpoints and the model store."""
        return Path(self.lake)

    @property
    def tracking_uri(self) -> str:
        """MLflow's tracking URI."""
        return self.mlflow.tracking_uri or f"sqlite:///{self.root / 'models' / 'mlflow.db'}"


def conf_dir() -> Path:
    """The folder of conf files: the checkout's when there is one, else the installed wheel's."""
    checkout = Path(__file__).resolve().parents[3] / "conf"
    if (checkout / "env").is_dir():
        return checkout
    return Path(str(resources.files("shoplake_conf")))


def load(
    env: str = "local",
    *,
    lake: str | None = None,
    catalog: str | None = None,
    schema_prefix: str | None = None,
) -> Settings:
    """Read `conf/env/<env>.yml`, or the YAML file that `env` names.

    Args:
        env: environment name or path of a YAML file.
        lake: overrides the file's `lake`; made absolute when the tables live there.
        catalog: overrides the file's `catalog`.
        schema_prefix: overrides the file's `schema_prefix`.

    Raises:
        SettingsError: no such environment, or a key that is unknown, missing or of a wrong type.
    """
    path = Path(env) if env.endswith((".yml", ".yaml")) else conf_dir() / "env" / f"{env}.yml"
    if not path.is_file():
        known = ", ".join(sorted(p.stem for p in (conf_dir() / "env").glob("*.yml")))
        raise SettingsError(f"no environment '{env}'", where=str(path), remedy=f"known: {known}")
    settings = load_yaml(path, Settings)
    root = lake or settings.lake
    prefix = settings.schema_prefix if schema_prefix is None else schema_prefix
    catalog = catalog or settings.catalog
    if catalog is None:
        if "://" in root:
            raise SettingsError(
                f"{root} is no folder: a lake without a catalog lies in one",
                where=str(path) if lake is None else "--lake",
                remedy="mount the object store and name the folder, or set `catalog`",
            )
        root = str(Path(root).expanduser().resolve())
    return dataclasses.replace(settings, lake=root, catalog=catalog, schema_prefix=prefix)
