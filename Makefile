# Everything happens in .venv, made of python3 alone. PYTHON=python3.13 makes it with another one.

PYTHON ?= python3
BIN := .venv/bin
UV := $(BIN)/uv pip install --quiet --python $(BIN)/python

CODE := domain application adapters entrypoints migrations tests benchmarks

.PHONY: install run test lint format check bench migrate migration locks clean

install: .venv/installed

run: .venv/installed
	@MIGRATE_ON_START=true $(BIN)/task-manager serve

migrate: .venv/installed
	$(BIN)/task-manager migrate

test: .venv/ready
	$(BIN)/pytest

lint: .venv/ready
	$(BIN)/ruff check $(CODE)
	$(BIN)/mypy
	$(BIN)/lint-imports

format: .venv/ready
	$(BIN)/ruff check --fix-only $(CODE)
	$(BIN)/ruff format $(CODE)

check: .venv/ready
	$(BIN)/ruff format --check $(CODE)
	$(MAKE) lint
	$(MAKE) test

bench: .venv/ready
	$(BIN)/python -m benchmarks

# make migration NAME=add_colour_to_tasks
migration: .venv/ready
	$(BIN)/task-manager migrate
	$(BIN)/alembic revision --autogenerate --message "$(NAME)" \
		--rev-id "$$(printf '%04d' $$(( $$(ls migrations/versions/*.py | wc -l) + 1 )))"

locks: .venv/ready
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
		--no-emit-index-url --no-annotate --upgrade pyproject.toml -o locks/run.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
		--no-emit-index-url --no-annotate --upgrade pyproject.toml --group dev -c locks/run.txt -o locks/dev.txt

clean:
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis

.venv/bin/uv: locks/build.txt
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' \
		|| { echo "Task Manager wants Python 3.11 to 3.13: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r locks/build.txt
	@touch $@

.venv/installed: .venv/bin/uv locks/run.txt pyproject.toml
	@$(UV) --require-hashes -r locks/run.txt
	@$(UV) --no-deps --no-build-isolation --editable .
	@touch $@

.venv/ready: .venv/installed locks/dev.txt
	@$(UV) --require-hashes -r locks/dev.txt
	@touch $@
