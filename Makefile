# Every target makes the environments that it needs, once, and again when their requirements change.
# PYTHON makes them: any Python from 3.11 on.

PYTHON ?= python3

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules
.PHONY: help demo test test-warehouses lint fuzz bench screenshots requirements chromium promtool clean

# Nobody's settings reach the demo or the tests, and nobody is told of them.
unexport PYTHONPATH PYTHONHOME PYTHONDONTWRITEBYTECODE VIRTUAL_ENV
export MELTANO_PROJECT_ROOT := $(CURDIR)
export DO_NOT_TRACK := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_REQUIRE_VIRTUALENV :=
export PIP_ROOT_USER_ACTION := ignore

BIN := .venv/bin
PIP := -m pip install --quiet --quiet --no-input
REQUIREMENTS := .venv/requirements
DEVELOP := .venv/installed
MELTANO := .venv-meltano/installed
LOADED := .meltano/loaded
PLUGINS := .meltano/installed
# Spark needs Java.
WAREHOUSES := $(patsubst %,.venv-%/installed,bigquery target-bigquery snowflake $(if $(shell command -v java),spark))
INSTALL := mkdir -p .meltano && .venv-meltano/bin/meltano install
QUIETLY := >.meltano/install.log 2>&1 || { cat .meltano/install.log; exit 1; }

help: ## Show the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-17s%s\n", $$1, $$2}' Makefile

demo: $(DEVELOP) $(PLUGINS) ## Sync the sandbox into output/certs.duckdb with Meltano, and report what expires next
	@$(BIN)/python -m scripts.demo

# Workers often wait, as providers make them; files begin in the order that tests/conftest.py gives them.
test: lint $(PLUGINS) chromium promtool ## Run every check
	$(BIN)/pytest -n 6 --dist loadfile --no-loadscope-reorder --timeout 300

test-warehouses: $(PLUGINS) $(WAREHOUSES) ## Build the models on BigQuery's and Snowflake's emulators and on Spark
	$(BIN)/pytest --timeout 900 tests/warehouses

lint: $(DEVELOP) ## Check the code's style and types
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache --no-logo

fuzz: $(DEVELOP) ## Look for answers that break the parsers, for 10 minutes, and test with 100 times the examples
	$(BIN)/python $(PIP) atheris==3.0.0
	$(BIN)/python -m fuzz --seconds 600 --corpus .fuzz
	HYPOTHESIS_PROFILE=fuzz $(BIN)/pytest -n 2 -m hypothesis

bench: $(DEVELOP) ## Measure how fast a sync is: see benchmarks/
	$(BIN)/python -m benchmarks

screenshots: demo chromium ## Take the pictures of the README anew
	$(BIN)/python tests/screenshots.py output/certs.duckdb

chromium: ## Find a browser for the tests of the report, or install Debian's
	@scripts/chromium

promtool: $(DEVELOP) ## Find the judge of the report's metrics, or take Debian's
	@scripts/promtool

clean: ## Remove all that make has made
	rm -rf .venv .venv-* .meltano output/* build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .fuzz .prism

$(REQUIREMENTS): requirements/dev.txt
	@echo "Installing the development requirements into .venv"
	@$(PYTHON) -m venv --clear .venv
	@$(BIN)/python $(PIP) --require-hashes --requirement requirements/dev.txt
	@touch $@

# Editable; what it needs and what builds it are among the requirements.
$(DEVELOP): $(REQUIREMENTS) pyproject.toml
	@$(BIN)/python $(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

$(MELTANO): requirements/meltano.txt
	@echo "Installing Meltano into .venv-meltano"
	@$(PYTHON) -m venv --clear .venv-meltano
	@.venv-meltano/bin/python $(PIP) --require-hashes --requirement requirements/meltano.txt
	@touch $@

# The versions of the plugins are in meltano.yml, those of what they need in the requirements.
$(LOADED): $(MELTANO) requirements/plugins.txt requirements/target-jsonl.txt meltano.yml
	@echo "Installing Meltano's loaders and dbt into .meltano: about a minute"
	@PIP_CONSTRAINT=requirements/plugins.txt $(INSTALL) target-duckdb target-postgres dbt $(QUIETLY)
	@PIP_CONSTRAINT=requirements/target-jsonl.txt $(INSTALL) target-jsonl $(QUIETLY)
	@touch $@

$(PLUGINS): $(LOADED) pyproject.toml
	@echo "Installing the tap and the report into .meltano"
	@PIP_CONSTRAINT=requirements/plugins.txt $(INSTALL) tap-cdn-certs cdn-certs-report $(QUIETLY)
	@touch $@

# uv, which is fast, does not know what pip is configured with.
$(WAREHOUSES): .venv-%/installed: requirements/%.txt $(MELTANO)
	@echo "Installing the requirements of $* into .venv-$*"
	@$(PYTHON) -m venv --clear .venv-$*
	@.venv-meltano/bin/uv pip install --quiet --python .venv-$*/bin/python --require-hashes --requirement $< 2>/dev/null || \
		.venv-$*/bin/python $(PIP) --require-hashes --requirement $<
	@touch $@

COMPILE := .venv-meltano/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 \
	--no-emit-index-url --no-annotate --custom-compile-command "make requirements"
requirements: $(MELTANO) ## Pin the newest versions of the development requirements
	$(COMPILE) --generate-hashes pyproject.toml requirements/dev.in --all-extras --output-file requirements/dev.txt
	$(COMPILE) --generate-hashes requirements/meltano.in --output-file requirements/meltano.txt
	$(COMPILE) --all-extras pyproject.toml requirements/plugins.in --output-file requirements/plugins.txt
	$(COMPILE) requirements/target-jsonl.in --output-file requirements/target-jsonl.txt
	for kind in bigquery target-bigquery snowflake spark; do \
		$(COMPILE) --generate-hashes requirements/$$kind.in --output-file requirements/$$kind.txt; done
