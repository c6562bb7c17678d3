# All targets work in .venv, which is created from python3 alone. PYTHON=python3.13 creates it with another interpreter.

PYTHON ?= python3
BIN := .venv/bin
UV := $(BIN)/uv pip install --quiet --python $(BIN)/python
COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	--no-emit-index-url --no-annotate $(UPGRADE)

CODE := hatch_build.py task_manager domain application adapters entrypoints migrations tests benchmarks examples
PROSE := docs deploy .github README.md CONTRIBUTING.md CHANGELOG.md SECURITY.md Makefile Dockerfile compose.yaml compose.dev.yaml
SCRIPTS := deploy/*.sh tests/deployment/*.sh .ci/run
# Tests of test-fast: no servers, HTTP in memory only, each contract once per storage, and fewer random examples.
FAST := tests/domain tests/application tests/architecture tests/adapters/memory tests/adapters/process tests/adapters/sql \
	tests/adapters/security tests/entrypoints/wiring tests/entrypoints/http/tasks
COVERAGE_FLOOR := 97

.DEFAULT_GOAL := install
.PHONY: help install run test test-fast coverage lint format check bench migrate migration locks clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: .venv/installed  ## create .venv with the locked dependencies and the command .venv/bin/task-manager

run: .venv/installed  ## migrate an SQLite database under data/ and serve on port 8000
	@MIGRATE_ON_START=true $(BIN)/task-manager serve

migrate: .venv/installed  ## upgrade the database to the latest revision
	$(BIN)/task-manager migrate

test: .venv/ready  ## run all tests; ARGS="-k tags" passes options to pytest
	$(BIN)/pytest $(ARGS)

test-fast: .venv/ready  ## run the tests on memory and SQLite that start no server
	HYPOTHESIS_PROFILE=fast $(BIN)/pytest -k "not postgres and not redis and not (http and sqlite)" \
		--ignore tests/adapters/sql/test_large_tags.py $(FAST)

coverage: .venv/ready  ## run all tests and fail below the coverage floor
	$(BIN)/pytest --cov --cov-report=term --cov-fail-under=$(COVERAGE_FLOOR) $(ARGS)

lint: .venv/ready  ## check style, spelling, types and import rules
	$(BIN)/ruff check $(CODE)
	$(BIN)/codespell $(CODE) $(PROSE)
	$(BIN)/shellcheck $(SCRIPTS)
	$(BIN)/mypy
	$(BIN)/lint-imports

format: .venv/ready  ## fix style and formatting automatically
	$(BIN)/ruff check --fix-only $(CODE)
	$(BIN)/ruff format $(CODE)

check: .venv/ready  ## run everything that CI runs: format check, lint and all tests
	$(BIN)/ruff format --check $(CODE)
	$(MAKE) lint
	$(MAKE) test

bench: .venv/ready  ## measure the service against a minimal baseline
	$(BIN)/python -m benchmarks

migration: .venv/ready  ## generate a migration from the schema: make migration NAME=add_colour_to_tasks
	$(BIN)/task-manager migrate
	$(BIN)/alembic revision --autogenerate --message "$(NAME)" \
		--rev-id "$$(printf '%04d' $$(( $$(ls migrations/versions/*.py | wc -l) + 1 )))"

locks: .venv/ready  ## update the lock files; UPGRADE= keeps the versions of locked packages
	$(COMPILE) pyproject.toml --extra all -o locks/run.txt
	$(COMPILE) pyproject.toml --all-extras --group dev -c locks/run.txt -o locks/dev.txt
	$(COMPILE) --group clients -o locks/clients.txt

locks: UPGRADE ?= --upgrade

clean:  ## remove .venv and all caches
	rm -rf .venv .coverage .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis

.venv/bin/uv: locks/build.txt
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' \
		|| { echo "Task Manager requires Python 3.11 to 3.13: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@echo "Creating .venv with $(PYTHON) …"
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r locks/build.txt
	@touch $@

.venv/installed: .venv/bin/uv locks/run.txt pyproject.toml
	@echo "Installing the locked packages …"
	@$(UV) --require-hashes -r locks/run.txt
	@$(UV) --no-deps --no-build-isolation --editable .
	@touch $@

.venv/clients/ready: .venv/bin/uv locks/clients.txt
	@$(BIN)/uv venv --quiet --clear --python $(BIN)/python .venv/clients
	@$(BIN)/uv pip install --quiet --python .venv/clients/bin/python --require-hashes -r locks/clients.txt
	@touch $@

.venv/ready: .venv/installed .venv/clients/ready locks/dev.txt
	@$(UV) --require-hashes -r locks/dev.txt
	@touch $@
