# Novate on a machine with nothing but Python 3.11 (or newer) and make.
#
#   make run     prepare .venv, bring up a demonstration exchange; look at http://127.0.0.1:7480/
#   make test    prepare .venv, run the whole suite
#
#   make batch   a generated day from orders to obligations, without a node: out/run/report.html
#   make setup   only prepare .venv         make check   linters, types and tidy tests
#   make bench   the benchmarks             make long    the long campaigns (about an hour)
#   make lock    pin all versions anew      make clean   remove what was produced (distclean: .venv too)
#   make mutation   plant defects in the kernels: does the suite catch every one? (a few minutes)
#   make fuzz-web   requests made from the OpenAPI document, ten minutes of them
#   make kill       a hundred kills of a day on two planes: venue, clearing house, both
#   make kill-node  two hundred kills of a running node under load       make fuzz-node   a million frames

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV := .venv
BIN := $(VENV)/bin
OUT ?= out/run
DATA ?= out/demo
RUN_ARGS ?=
TEST_ARGS ?=
# Seconds that one test may take, its fixtures included.
TEST_SECONDS ?= 900
TEST_JOBS ?= 2
BENCH_ARGS ?=
MUTATION_ARGS ?=
TYPED := src/novate

export PIP_DISABLE_PIP_VERSION_CHECK := 1
PIP := $(BIN)/python -m pip --require-virtualenv install --progress-bar off --no-warn-script-location
# Of all that pip says, the name of each package as its turn comes; errors come through untouched.
NAMES := awk '/^Collecting/ { printf "%s%s", (n++ ? " " : "        "), $$2; fflush() } END { if (n) print "" }'
SAY := printf 'novate  %s\n'
# Where Python may not write bytecode itself, each process would read all sources anew: a second of each start.
BYTECODE := $(BIN)/python -m compileall -q

# The first interpreter that runs and is new enough; PYTHON=... names another one.
PYTHON ?= $(shell for name in python3.11 python3 python3.12 python3.13 python; do \
	"$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$name"; break; }; done)

.PHONY: help run batch test setup check bench long mutation kill kill-node fuzz-node fuzz-web lock clean distclean
help:
	@sed -n '3,14s/^# \{0,3\}//p' Makefile

run: $(VENV)/.runtime
	@exec $(BIN)/novate up --demo --data $(DATA) $(RUN_ARGS)

batch: $(VENV)/.runtime
	@$(BIN)/novate run --out $(OUT) --force $(RUN_ARGS)

# Once before the suite: several processes that need the same kernels would each compile them. A test that
# waits for what never comes fails after TEST_SECONDS and says where it stood.
test: $(VENV)/.development
	@$(SAY) "kernels (once for each revision of them: about a minute and a half)"
	@$(BYTECODE) src tests
	@$(BIN)/python -c "from novate.app.bootstrap import warm_up; warm_up()"
	@$(BIN)/python -m pytest -n $(TEST_JOBS) --dist loadfile --timeout $(TEST_SECONDS) $(TEST_ARGS)

setup: $(VENV)/.runtime $(VENV)/.development

check: $(VENV)/.development
	@$(SAY) "ruff"
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(SAY) "mypy --strict"
	@$(BIN)/mypy $(TYPED)
	@$(SAY) "tidy"
	@$(BIN)/python -m pytest tests/tidy

bench: $(VENV)/.benchmarks
	@$(BIN)/novate bench matching $(BENCH_ARGS)
	@$(BIN)/novate bench features
	@$(BIN)/novate bench ledger

long: $(VENV)/.development
	@NOVATE_PROFILE=long $(BIN)/python -m pytest tests/property tests/faults $(TEST_ARGS)

mutation: $(VENV)/.development
	@$(BIN)/python -m tests.mutation $(MUTATION_ARGS)

kill: $(VENV)/.development
	@NOVATE_KILLS=102 $(BIN)/python -m pytest -s tests/end_to_end/test_two_planes.py $(TEST_ARGS)

kill-node: $(VENV)/.development
	@NOVATE_NODE_KILLS=200 $(BIN)/python -m pytest -s tests/end_to_end/test_node_kills.py \
		tests/end_to_end/test_node_disk.py $(TEST_ARGS)

fuzz-node: $(VENV)/.development
	@NOVATE_FUZZ_FRAMES=1000000 $(BIN)/python -m pytest -s tests/end_to_end/test_node_fuzz.py $(TEST_ARGS)

fuzz-web: $(VENV)/.development
	@NOVATE_FUZZ_SECONDS=$${NOVATE_FUZZ_SECONDS:-600} $(BIN)/python -m pytest tests/end_to_end/test_web_fuzz.py $(TEST_ARGS)

# Each stamp says: these versions are in .venv. A newer requirements file makes it again.
$(VENV)/bin/python:
	@[ -n "$(PYTHON)" ] || { echo "novate: expected Python 3.11 or newer on the PATH, found none (set PYTHON=...)" >&2; exit 2; }
	@$(SAY) "creating the environment in $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
		echo "novate: $(PYTHON) -m venv failed; on Debian it needs the package python3-venv" >&2; exit 2; }

$(VENV)/.runtime: requirements.txt pyproject.toml | $(VENV)/bin/python
	@$(SAY) "installing pinned packages (numpy, numba, pyarrow, duckdb, ...): about a minute, once"
	@$(PIP) --require-hashes -r requirements.txt | $(NAMES)
	@$(PIP) --no-deps --no-build-isolation -e . | $(NAMES)
	@$(BYTECODE) src
	@touch $@

$(VENV)/.development: requirements-dev.txt $(VENV)/.runtime
	@$(SAY) "installing what the tests need (pytest, hypothesis, ruff, mypy)"
	@$(PIP) --require-hashes -r requirements.txt -r requirements-dev.txt | $(NAMES)
	@touch $@

# The package that the benchmark is compared with has no wheel for every platform: do without it then.
$(VENV)/.benchmarks: requirements-bench.txt $(VENV)/.runtime
	@$(SAY) "installing bourse, the package to compare with"
	@$(PIP) --require-hashes --only-binary :all: -r requirements.txt -r requirements-bench.txt | $(NAMES) \
		|| $(SAY) "bourse is not available here: the benchmark runs without the comparison"
	@touch $@

# Versions and hashes only: no index, no address, no path. UV=... names another uv.
UV ?= $(BIN)/uv
COMPILE = $(UV) pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
	--no-header --no-annotate
WITHOUT_RUNTIME = -c requirements.txt $$(sed -n 's/^\([a-z0-9-]*\)==.*/--no-emit-package \1/p' requirements.txt)
lock: $(VENV)/.runtime
	@[ -x "$(UV)" ] || command -v "$(UV)" >/dev/null || $(PIP) uv
	@printf 'hatchling\neditables\n' | $(COMPILE) pyproject.toml - --output-file requirements.txt
	@$(COMPILE) pyproject.toml --extra dev $(WITHOUT_RUNTIME) --output-file requirements-dev.txt
	@$(COMPILE) pyproject.toml --extra bench $(WITHOUT_RUNTIME) --output-file requirements-bench.txt
	@$(SAY) "requirements.txt, requirements-dev.txt and requirements-bench.txt are pinned anew"

clean:
	@rm -rf out dist build .mypy_cache .ruff_cache .hypothesis .pytest_cache
	@find src tests -name __pycache__ -type d -prune -exec rm -rf {} +

distclean: clean
	@rm -rf $(VENV)
