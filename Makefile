# Shubbak: `make demo` shows a visit, `make test` shows why to trust it. Both do all their own set-up.
SHELL := /bin/bash
BIN := .venv/bin
OUTPUT ?= demo
READY := .venv/.ready
# A virtual environment does not survive being moved or copied; .ready says where it was made.
MOVED := $(shell [ ! -s $(READY) ] || [ "$$(cat $(READY))" = "$$(pwd -P)" ] || echo moved)

.PHONY: setup demo deb test test-slow bench lint format lock clean moved

setup: $(READY)

$(READY): requirements.lock requirements-build.lock pyproject.toml system-packages.txt scripts/setup $(MOVED)
	@PYTHON="$(PYTHON)" bash scripts/setup

demo: setup
	@$(BIN)/kiosk demo --output "$(OUTPUT)" $(ARGS)

# The kiosk and its simulators as Debian packages, in build/.
deb:
	@debian/build.py

test: setup lint
	@$(BIN)/pytest -m "not slow" -n 2 --cov --cov-report=term $(ARGS)

test-slow: setup
	@$(BIN)/pytest -m slow --timeout=900 -n 2 $(ARGS)

bench: setup
	@$(BIN)/python -m benchmarks $(ARGS)

lint: setup
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports
	@$(BIN)/mypy

format: setup
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

# Needs uv; records no index address. The runtime lock is what the Debian package bundles: the same, less what tests. What builds (this package, and pyscard) has a lock of its own.
PIN := uv pip compile --generate-hashes --no-emit-index-url --no-header --no-annotate --universal \
  --python-version 3.11 --upgrade
lock:
	@$(PIN) pyproject.toml --all-extras -o requirements.lock
	@$(PIN) -c requirements.lock pyproject.toml -o requirements-runtime.lock
	@printf 'setuptools>=77\nswig\n' | $(PIN) - -o requirements-build.lock

clean:
	@rm -rf .venv demo var build htmlcov .coverage* .hypothesis .*_cache
