# make test      install into .venv, lint, run the default tests (two workers)
# make test-slow the tests that take minutes: wheel, false alarms, kill -9, scratch checkout
# make demo      handwriting over generations: one recipe blocked, one passed, two reports
# make lint      ruff, mypy, import-linter
# make docs      write the pages that are generated from the code
# make bench     the benchmarks behind the figures in docs/
# make clean     remove what the above made
#
# PYTHON=/path/to/python3.12 picks the interpreter; WORKERS=4 the number of test processes.

VENV := .venv
BIN := $(VENV)/bin
WORKERS ?= 2
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$p"; break; }; done)
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet -c constraints.txt

.PHONY: demo test test-slow lint docs bench clean
.DEFAULT_GOAL := test

# One BLAS thread a test process: small products on two threads each wait for one another.
test test-slow: export OMP_NUM_THREADS := 1

test: lint
	$(BIN)/python -m pytest -n $(WORKERS) -m "not slow"

test-slow: $(VENV)/dev
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile -m slow

lint: $(VENV)/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

demo: $(VENV)/demo
	$(BIN)/python examples/handwriting.py --out demo-out

docs: $(VENV)/dev
	$(BIN)/python docs/generate.py

# Scripts of their own; metrics.py runs its parts, the rest are data for others.
BENCHMARKS := $(filter-out benchmarks/metrics_%.py benchmarks/real_sets.py benchmarks/recursions.py \
	benchmarks/peers.py,$(wildcard benchmarks/*.py))

bench: $(VENV)/bench
	for script in $(BENCHMARKS); do $(BIN)/python "$$script" || exit 1; done

clean:
	rm -rf $(VENV) build dist demo-out .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

# An installation is done again when its inputs changed, and only then.
$(VENV)/demo: $(VENV)/ready pyproject.toml constraints.txt
	$(PIP) -e '.[demo]'
	@touch $@

$(VENV)/dev: $(VENV)/ready pyproject.toml constraints.txt
	$(PIP) -e . --group dev
	@touch $@

$(VENV)/bench: $(VENV)/dev
	$(PIP) -e . --group dev --group bench
	@touch $@

# pip knows dependency groups from 25.1 on; what comes with Python 3.11 is older.
$(VENV)/ready:
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo 'No Python >= 3.11 found. Install one, or name it: make PYTHON=/path/to/python3.12' >&2; exit 2; }
	"$(PYTHON)" -m venv $(VENV)
	$(PIP) pip
	@touch $@
