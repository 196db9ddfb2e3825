# Everything a person or CI does with this repository; `make` alone lists it.
.DEFAULT_GOAL := help
.PHONY: help setup run kafka test slow lint check bench chaos soak wheel lock clean java
.DELETE_ON_ERROR:

SHOP ?= builtin
LAKE ?= lake
BIN := .venv/bin

help: ## list these commands
	@echo 'make run [SHOP=builtin] [DATA=folder of files] [LAKE=lake]'
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1\t/' | \
		awk -F '\t' '{ printf "  make %-8s %s\n", $$1, $$2 }'

setup: .venv/.installed ## make .venv with the locked packages (every command below does it first)

.venv/.installed: requirements.lock setup.py
	@.ci/setup

java:
	@.ci/check-java

run: .venv/.installed java ## raw files to governed tables, a trained model and recommendations
	@$(BIN)/shoplake run --shop "$(SHOP)" --lake "$(LAKE)" $(if $(DATA),--data "$(DATA)")

kafka: .venv/.installed java ## a local Kafka broker on 127.0.0.1:9092, until Ctrl-C
	@$(BIN)/python -m shoplake.runtime.broker --folder "$(LAKE).kafka"

test: .venv/.installed java ## the tests: one process with a Spark session, one without beside it
	@$(BIN)/python -m pytest -n 2 --dist loadgroup --durations=25 -m "not slow"

slow: .venv/.installed java ## the tests marked slow: whole lakes, kills and erasures (minutes more)
	@$(BIN)/python -m pytest -n 2 --dist loadgroup --durations=25 -m slow

lint: .venv/.installed ## style, format, types and the order of the rooms
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

check: lint test slow ## lint, then all tests: what CI runs

bench: .venv/.installed java ## the side-by-side benchmarks (minutes)
	@$(BIN)/python tests/bench/bench_topk.py
	@$(BIN)/python tests/bench/bench_feed.py
	@$(BIN)/python tests/bench/bench_training.py
	@$(BIN)/python tests/bench/bench_rules.py
	@$(BIN)/python tests/bench/bench_merge.py
	@$(BIN)/python tests/bench/bench_personal.py
	@$(BIN)/python tests/bench/bench_stream.py throughput
	@$(BIN)/python tests/bench/bench_search.py
	@$(BIN)/python tests/bench/bench_workers.py
	@$(BIN)/python -m pytest tests/loop/slow_erase_loop.py

chaos: .venv/.installed java ## kill every step, break disks, files, brokers and clocks; compare the tables
	@$(BIN)/python tests/bench/bench_kills.py
	@$(BIN)/python tests/bench/bench_freezes.py
	@$(BIN)/python tests/bench/bench_stream.py kills
	@$(BIN)/python tests/bench/bench_chaos.py

soak: .venv/.installed java ## a stream under load for 20 minutes on a copy of LAKE: what grows?
	@$(BIN)/python tests/bench/bench_soak.py --lake "$(LAKE)"

wheel: .venv/.installed ## build dist/shoplake-*.whl, as a bundle deployment does
	@rm -rf build dist
	@$(BIN)/python -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir dist .
	@ls dist

lock: .venv/.installed ## resolve setup.py again into requirements.lock, keeping what still fits
	@$(BIN)/uv pip compile setup.py --all-extras --universal --python-version 3.11 --quiet \
		--no-emit-index-url --no-annotate --output-file requirements.lock --custom-compile-command 'make lock'

clean: ## delete ./lake, build outputs and caches (not .venv)
	@rm -rf lake build dist spark-warehouse metastore_db derby.log .pytest_cache .mypy_cache \
		.ruff_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +
