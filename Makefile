# Needs Python >= 3.10 as python3, and make. Everything else is put into .venv, or .venvs for the matrix.

PYTHON ?= python3
# Real servers and programs that the tests use, as Debian packages; `make test DEBIAN_PACKAGES=` installs none.
DEBIAN_PACKAGES ?= prometheus prometheus-alertmanager redis-server postgresql docker-compose victoria-metrics wget chromium curl openssl
# Options for demo, test (pytest), test-matrix and benchmark: make demo ARGS="--for 10"
ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
PIP_INSTALL := $(BIN)/python -m pip install -qq --disable-pip-version-check
# One stamp for each set of extras: a changed pyproject.toml installs again.
STAMP := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help demo test test-matrix lint format benchmark walk wheel packages clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(STAMP)-demo ## Run the demo service under load and watch its vital signs
	@$(BIN)/apivitals demo $(ARGS)

test: packages lint $(STAMP)-benchmark ## Lint, check types and run all tests
	$(BIN)/python -m pytest $(ARGS)

lint: $(STAMP)-dev ## Check style, format and types
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

format: $(STAMP)-dev ## Let ruff format and sort
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

test-matrix: ## Run the unit tests on every Python found, with newest and oldest FastAPI and without FastAPI
	@$(PYTHON) tools/matrix.py $(ARGS)

benchmark: $(STAMP)-benchmark ## Measure the added CPU per request, and the scrape, against the peers
	$(BIN)/python -m benchmarks.overhead $(ARGS)
	$(BIN)/python -m benchmarks.scrape

walk: ## Go a newcomer's way, from git clone to an alert that arrives
	@$(PYTHON) tools/walk.py $(ARGS)

wheel: $(STAMP)-dev ## Build the wheel and the source distribution into dist/
	$(BIN)/python -m build --outdir dist

packages:
	@tools/install_debian_packages $(DEBIAN_PACKAGES)

clean: ## Remove environments, caches and what was built
	rm -rf $(VENV) .venvs dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(STAMP)-%: pyproject.toml $(VENV)/bin/python
	@echo "installing apivitals[$*] into $(VENV)"
	@$(PIP_INSTALL) --editable '.[$*]'
	@touch $@

$(VENV)/bin/python:
	@tools/make_venv "$(PYTHON)" $(VENV)
