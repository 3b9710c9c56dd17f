# Every target makes the environments that it needs, once, and again when their requirements change.
# PYTHON makes them: any Python from 3.11 on.

PYTHON ?= python3

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules
.PHONY: help demo test test-airflow test-warehouses test-package test-oldest test-newest test-next lint audit docs fuzz bench bench-scale \
	package sbom image screenshots requirements chromium promtool clean

# Nobody's settings reach the demo or the tests, and nobody is told of them.
unexport PYTHONPATH PYTHONHOME PYTHONDONTWRITEBYTECODE VIRTUAL_ENV
export MELTANO_PROJECT_ROOT := $(CURDIR)
export DO_NOT_TRACK := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_REQUIRE_VIRTUALENV :=
export PIP_ROOT_USER_ACTION := ignore

BIN := .venv/bin
INSTALL := $(BIN)/python -m scripts.install
ENVIRONMENT := .venv/made
SANDBOX := .venv/sandbox
CHECKS := .venv/checks
TESTS := .venv/tests
DOCS := .venv-docs/installed
MELTANO := .venv-meltano/installed
AIRFLOW := .venv-airflow/installed
LOADER := .meltano/loader
LOADERS := .meltano/loaders/installed
PLUGINS := .meltano/installed
# What tests every dependency, and needs no judge that wants another version of it, as official SDKs and models do.
ESSENTIAL := test_addresses test_catalog_and_state test_edge test_failures test_first_day test_hostile test_proxies \
	test_report test_report_edge test_report_inventory test_report_metrics test_report_outputs test_report_page test_report_told \
	test_settings test_x509 providers/test_alicloud_credentials providers/test_aws providers/test_cdnetworks_xml \
	providers/test_sdk providers/test_settings_of_each providers/test_whole_syncs
# Spark needs Java.
WAREHOUSES := $(patsubst %,.venv-%/installed,bigquery target-bigquery snowflake $(if $(shell command -v java),spark))
QUIETLY := >.meltano/install.log 2>&1 || { cat .meltano/install.log; exit 1; }

help: ## Show the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-17s%s\n", $$1, $$2}' Makefile

demo: $(SANDBOX) $(PLUGINS) ## Sync the sandbox into output/certs.duckdb with Meltano, and report what expires next
	@$(BIN)/python -m scripts.demo

# Workers often wait, as providers make them; files begin in the order that tests/conftest.py gives them.
test: lint docs $(TESTS) $(LOADERS) $(PLUGINS) chromium promtool ## Run every check
	$(BIN)/pytest -n 6 --dist loadfile --no-loadscope-reorder --timeout 900 -rs

test-airflow: $(TESTS) $(LOADERS) $(PLUGINS) $(AIRFLOW) ## Let a real Airflow run its DAG, with an account that is refused and one that is killed: 10 minutes
	$(BIN)/pytest tests/airflow_runs.py --timeout 1800

test-warehouses: $(TESTS) $(LOADERS) $(PLUGINS) $(WAREHOUSES) ## Build the models on BigQuery's and Snowflake's emulators and on Spark
	$(BIN)/pytest -n 3 --timeout 1800 -rs tests/warehouses

test-package: $(TESTS) $(LOADER) ## Run the wheel on each Python that is there, with its report
	TEST_PYTHONS="3.11 3.12 3.13 3.14" $(BIN)/pytest --timeout 600 -rs tests/test_wheel.py

# Each is made anew, as what is newest changes every day. The warehouses' drivers need emulators to be tested.
test-oldest: RESOLUTION := --resolution lowest-direct
test-next: RESOLUTION := --override requirements/next.in
test-oldest: ## Run what matters most with the oldest dependencies that are allowed
test-newest: ## … with the newest
test-next: ## … with the pre-release of singer-sdk
test-oldest test-newest test-next: test-%: $(TESTS) chromium
	$(BIN)/python -m venv --clear .venv-$*
	$(BIN)/uv pip compile --quiet --python .venv-$*/bin/python --no-header --no-emit-index-url $(RESOLUTION) $(EXTRAS) pyproject.toml \
		--output-file .venv-$*/requirements.txt
	$(INSTALL) packages .venv-$* --requirement .venv-$*/requirements.txt --requirement requirements/suite.in
	$(INSTALL) packages .venv-$* --no-deps --no-build-isolation --editable .
	.venv-$*/bin/pytest -n 2 --dist loadfile --timeout 300 -rs -k "not official" $(ESSENTIAL:%=tests/%.py)

lint: $(CHECKS) ## Check the code's style and types, its dependencies and GitHub's files
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache --no-logo
	$(BIN)/deptry --no-ansi tap_cdn_certs cdn_certs_report
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(BIN)/check-jsonschema --builtin-schema custom.github-workflows-require-timeout .github/workflows/*.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.dependabot .github/dependabot.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.github-issue-config .github/ISSUE_TEMPLATE/config.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.github-issue-forms $(filter-out %/config.yml,$(wildcard .github/ISSUE_TEMPLATE/*.yml))
	$(BIN)/zizmor --offline --quiet .github
	$(BIN)/hadolint Containerfile

audit: .venv-audit/installed ## Ask whether anything is known against what the package, its extras and the demo need
	.venv-audit/bin/pip-audit --disable-pip --no-deps --requirement requirements/package.txt
	.venv-audit/bin/pip-audit --disable-pip --no-deps --requirement requirements/plugins.txt

docs: $(DOCS) ## Build the documents as a site, output/site; a link that leads nowhere is an error
	.venv-docs/bin/sphinx-build --quiet --fresh-env --fail-on-warning --keep-going -c docs . output/site
	@cp output/site/README.html output/site/index.html

fuzz: $(TESTS) ## Look for answers that break the parsers, for 10 minutes, and test with 200 times the examples
	$(INSTALL) packages .venv atheris==3.0.0
	$(BIN)/python -m fuzz --seconds 600 --corpus .fuzz
	HYPOTHESIS_PROFILE=fuzz $(BIN)/pytest -n 2 -m hypothesis

bench: $(TESTS) ## Measure how fast a sync is: see benchmarks/
	$(BIN)/python -m benchmarks

bench-scale: $(TESTS) $(LOADER) ## Measure tap, loader, models and report at 100,000 domains of 20 accounts
	$(BIN)/python -m benchmarks.scale

package: $(TESTS) ## Build the wheel and the sdist into dist, the same bytes from the same commit
	@rm -rf dist
	SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) $(BIN)/python -m build --no-isolation

sbom: package ## Write what the wheel and its extras bring, as CycloneDX, into output
	$(PYTHON) -m venv --clear --without-pip .venv-package
	$(INSTALL) packages .venv-package --constraint requirements/package.txt \
		"$$(echo dist/*.whl)[alicloud,aws,bigquery,edge,notify,report,snowflake,socks]"
	SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) $(BIN)/cyclonedx-py environment --pyproject pyproject.toml --output-reproducible \
		--output-file output/tap-cdn-certs.cdx.json .venv-package

# An engine that answers: its client alone builds nothing.
ENGINE = $(shell for engine in docker podman; do $$engine info >/dev/null 2>&1 && echo $$engine && break; done)
VERSION = $(shell sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)
image: ## Build the container image with docker or podman, and start the tap in it
	@test -n "$(ENGINE)" || { echo "No container engine answers: docker or podman has to run here." >&2; exit 1; }
	$(ENGINE) build --file Containerfile --tag cdn-certs:$(VERSION) \
		--build-arg VERSION=$(VERSION) --build-arg REVISION=$$(git rev-parse HEAD) .
	$(ENGINE) run --rm --read-only cdn-certs:$(VERSION) meltano invoke tap-cdn-certs --version

screenshots: demo $(TESTS) chromium ## Take the pictures of the README anew
	$(BIN)/python tests/screenshots.py output/certs.duckdb

chromium: ## Find a browser for the tests of the report, or install Debian's
	@scripts/chromium

promtool: $(ENVIRONMENT) ## Find the judge of the report's metrics, or take Debian's
	@scripts/promtool

clean: ## Remove what make has installed and built; what was read, and the state of it, stay
	rm -rf .venv .venv-* .meltano/extractors .meltano/loaders .meltano/utilities .meltano/loader .meltano/installed .meltano/install.log \
		.meltano/run output/site output/*.cdx.json build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .fuzz .prism

# It is made anew where requirements change, so that it holds what they name alone.
$(ENVIRONMENT): requirements/uv.txt requirements/demo.txt requirements/check.txt requirements/test.txt
	@$(PYTHON) -m venv --clear .venv
	@$(BIN)/python -m pip install --quiet --quiet --no-input --only-binary :all: --require-hashes --requirement $< || \
		echo "There is no uv: pip installs, which takes longer"
	@touch $@

# Editable; what it needs and what builds it are among the requirements.
$(SANDBOX): $(ENVIRONMENT) pyproject.toml
	@echo "Installing the sandbox and the report into .venv"
	@$(INSTALL) packages .venv --require-hashes --requirement requirements/demo.txt
	@$(INSTALL) packages .venv --no-deps --no-build-isolation --editable .
	@touch $@

$(CHECKS): $(SANDBOX)
	@echo "Installing the checks into .venv"
	@$(INSTALL) packages .venv --require-hashes --requirement requirements/check.txt
	@touch $@

$(TESTS): $(CHECKS)
	@echo "Installing the tests' judges into .venv"
	@$(INSTALL) packages .venv --require-hashes --requirement requirements/test.txt
	@touch $@

$(MELTANO): requirements/meltano.txt | $(ENVIRONMENT)
	@echo "Installing Meltano into .venv-meltano"
	@$(PYTHON) -m venv --clear --without-pip .venv-meltano
	@$(INSTALL) packages .venv-meltano --require-hashes --requirement requirements/meltano.txt
	@touch $@

$(DOCS): requirements/docs.txt | $(ENVIRONMENT)
	@echo "Installing what builds the documents into .venv-docs"
	@$(PYTHON) -m venv --clear --without-pip .venv-docs
	@$(INSTALL) packages .venv-docs --require-hashes --requirement requirements/docs.txt
	@touch $@

$(AIRFLOW): requirements/airflow.txt | $(ENVIRONMENT)
	@echo "Installing Airflow into .venv-airflow"
	@$(PYTHON) -m venv --clear --without-pip .venv-airflow
	@$(INSTALL) packages .venv-airflow --require-hashes --requirement requirements/airflow.txt
	@touch $@

# The versions of the plugins are in meltano.yml, those of what they need in the requirements.
$(LOADER): $(MELTANO) requirements/plugins.txt meltano.yml one_writer/pyproject.toml
	@echo "Installing target-duckdb and dbt into .meltano"
	@mkdir -p .meltano
	@$(INSTALL) plugins requirements/plugins.txt target-duckdb dbt $(QUIETLY)
	@touch $@

$(LOADERS): $(LOADER) requirements/target-jsonl.txt
	@echo "Installing the other targets into .meltano"
	@$(INSTALL) plugins requirements/plugins.txt target-postgres $(QUIETLY)
	@$(INSTALL) plugins requirements/target-jsonl.txt target-jsonl $(QUIETLY)
	@touch $@

$(PLUGINS): $(LOADER) pyproject.toml
	@echo "Installing the tap and the report into .meltano"
	@$(INSTALL) plugins requirements/plugins.txt tap-cdn-certs cdn-certs-report $(QUIETLY)
	@touch $@

$(WAREHOUSES) .venv-audit/installed: .venv-%/installed: requirements/%.txt | $(ENVIRONMENT)
	@echo "Installing the requirements of $* into .venv-$*"
	@$(PYTHON) -m venv --clear --without-pip .venv-$*
	@$(INSTALL) packages .venv-$* --require-hashes --requirement $<
	@touch $@

# The drivers of other warehouses are in environments of their own.
EXTRAS := $(foreach extra,alicloud aws edge notify report socks,--extra $(extra))
COMPILE := .venv-meltano/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 \
	--no-emit-index-url --no-annotate --custom-compile-command "make requirements"
requirements: $(MELTANO) ## Pin the newest versions of all requirements
	$(COMPILE) --generate-hashes pyproject.toml requirements/test.in $(EXTRAS) --output-file requirements/test.txt
	$(COMPILE) --generate-hashes pyproject.toml requirements/check.in $(EXTRAS) \
		--constraints requirements/test.txt --output-file requirements/check.txt
	$(COMPILE) --generate-hashes pyproject.toml requirements/demo.in --extra report \
		--constraints requirements/test.txt --output-file requirements/demo.txt
	$(COMPILE) --generate-hashes requirements/docs.in --output-file requirements/docs.txt
	$(COMPILE) --generate-hashes requirements/meltano.in --output-file requirements/meltano.txt
	$(COMPILE) --generate-hashes requirements/airflow.in --output-file requirements/airflow.txt
	$(COMPILE) --generate-hashes requirements/uv.in --constraints requirements/meltano.txt --output-file requirements/uv.txt
	$(COMPILE) $(EXTRAS) pyproject.toml requirements/plugins.in --output-file requirements/plugins.txt
	$(COMPILE) --all-extras pyproject.toml --output-file requirements/package.txt
	$(COMPILE) requirements/target-jsonl.in --output-file requirements/target-jsonl.txt
	for kind in audit bigquery target-bigquery snowflake spark; do \
		$(COMPILE) --generate-hashes requirements/$$kind.in --output-file requirements/$$kind.txt; done
