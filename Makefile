# Two commands do everything on a fresh machine: `make run` and `make test`. They need Python 3.11+ and make.

PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
  $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
PY := .venv/bin/python
CODE := auth bench domain engine gateways loaders migrations models resolvers schema server tests web worker
HERE := $(wildcard $(CODE))

.PHONY: help run test check conformance bench schema web scale lock clean
.DEFAULT_GOAL := help

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: .venv/run web ## set up what is missing, then serve on http://127.0.0.1:8000
	@$(PY) -m server serve

test: .venv/dev ## set up what is missing, then run every Python test
	@$(PY) -m pytest -n 2 $(ARGS)

check: .venv/dev ## format, lint, types, import contracts, migrations against models, schema.graphql against code
	@.venv/bin/ruff format --check $(HERE)
	@.venv/bin/ruff check $(HERE)
	@.venv/bin/mypy $(HERE)
	@.venv/bin/lint-imports --no-logo
	@$(PY) -m migrations.check
	@$(PY) -m server print-schema | diff -u schema.graphql - || { echo 'schema.graphql is not what the code says: run make schema'; exit 1; }

conformance: .venv/dev web ## foreign clients and audits, pages in headless Chromium (Debian's package `chromium`)
	@$(PY) -m pytest tests/conformance -p no:randomly $(ARGS)

bench: .venv/dev ## the benchmarks of bench/, beside their peers from npm; a table with ratios
	@$(PY) -m bench $(ARGS)

schema: .venv/run ## write schema.graphql and docs/scopes.md
	@$(PY) -m server print-schema > schema.graphql.new && mv schema.graphql.new schema.graphql
	@$(PY) -m server print-scopes > docs/scopes.md.new && mv docs/scopes.md.new docs/scopes.md

web: .venv/run ## build the browser bundles
	@$(PY) web/build.py

scale: .venv/dev ## seed the large data set, run the corpus on it, look for scans of large tables with EXPLAIN
	@$(PY) -m tests.scale $(ARGS)

lock: .venv/dev ## pin the newest versions that pyproject.toml allows, with hashes and without naming any index
	@.venv/bin/pip install --quiet uv
	@.venv/bin/uv pip compile --quiet --upgrade --universal --generate-hashes --no-header pyproject.toml -o requirements.txt
	@.venv/bin/uv pip compile --quiet --universal --generate-hashes --no-header pyproject.toml --group dev \
	  -c requirements.txt -o requirements-dev.txt

clean: ## remove what the other commands made, but not the data directory
	rm -rf .venv web/dist web/node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo 'Python 3.11 or newer is needed, and none is on the PATH'; exit 1; }
	@$(PYTHON) -m venv .venv

.venv/run: requirements.txt | .venv/bin/python
	@test -e .venv/dev && [ .venv/dev -nt requirements.txt ] || { echo 'Installing packages …' && \
	  $(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt; }
	@touch $@

.venv/dev: requirements-dev.txt | .venv/bin/python
	@echo 'Installing packages …'
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@
