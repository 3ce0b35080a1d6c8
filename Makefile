# Needs make and Python >= 3.11, nothing else: everything lives in .venv, and goes away with `make clean`.
#
#   make demo     the whole daemon against a newsroom on this machine: a minute
#   make test     the tests                         make lint    ruff, mypy, the walls between the packages
#   make faults   kills at every step, both stores  make soak    the same, 2,000 kills: hours
#   make bench    measurements                      make docs    what is generated from the code
#   make coverage the tests again, and which lines and branches they reach: htmlcov/index.html
#
# PYTHON=/path/to/python3.12 chooses the interpreter, WORKERS=4 how many tests run at once.

SHELL   := /bin/bash
BIN     := .venv/bin
WORKERS ?= 2
PIP     := $(BIN)/python -m pip install --quiet --disable-pip-version-check
export WATCHER_CORPORA ?= $(wildcard $(abspath ../shared/corpora))

.PHONY: demo test coverage lint bench docs faults soak clean
.DEFAULT_GOAL := demo

demo: .venv/.run
	@$(BIN)/watcher demo

test: .venv/.dev
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --ignore=tests/faults

# Beside the tests, because measuring doubles their time. Child processes (the daemon of the end-to-end tests, workers) are counted too.
coverage: .venv/.dev
	$(BIN)/coverage erase
	$(BIN)/python -m pytest -q -n $(WORKERS) --dist loadfile --ignore=tests/faults --cov --cov-report=html --cov-report=term:skip-covered

lint: .venv/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

faults: .venv/.dev
	$(BIN)/python -m pytest tests/faults --timeout 3600

soak: export WATCHER_KILLS ?= 2000
soak: .venv/.dev
	$(BIN)/python -m pytest tests/faults --timeout 86400

bench: .venv/.dev
	@$(PIP) -e '.[bench]'
	@set -e; for script in bench/*.py; do echo "== $$script"; $(BIN)/python $$script; done

docs: .venv/.dev
	$(BIN)/python -m watcher.config.schema > config/watcher.schema.json.new && mv config/watcher.schema.json.new config/watcher.schema.json
	$(BIN)/python -m watcher.config.reference > docs/configuration.md.new && mv docs/configuration.md.new docs/configuration.md
	$(BIN)/python -m pytest -q tests/test_docs.py

clean:
	rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage* htmlcov *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamps are renewed when what is to be installed changes.
.venv/.run: pyproject.toml | .venv/bin/python
	@test ! -e .venv/.dev -o .venv/.dev -ot pyproject.toml || { touch $@; exit 0; }; \
	echo "installing watcher into .venv: about a minute, once"; \
	$(PIP) -e '.[all]' && touch $@

.venv/.dev: pyproject.toml | .venv/bin/python
	@echo "installing watcher and the tools for its tests into .venv: a minute or two, once"
	@$(PIP) -e '.[all,dev]' && touch $@

.venv/bin/python:
	@python=; for candidate in $(PYTHON) python3.13 python3.12 python3.11 python3 python3.14; do \
	  if $$candidate -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then python=$$candidate; break; fi; done; \
	if [ -z "$$python" ]; then echo "watcher needs Python >= 3.11; none was found (PYTHON=/path/to/python3.12 make …)" >&2; exit 1; fi; \
	echo "making .venv with $$($$python --version)"; \
	$$python -m venv .venv || { rm -rf .venv; echo "$$python has no working venv module; on Debian: apt-get install python3-venv" >&2; exit 1; }
