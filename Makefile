# make quickstart   a small study from nothing to a report, on any machine
# make test         what must hold while one works: minutes; it starts Ray once
# make test-all     everything that must hold before a change goes in
# make bench        trials an hour beside the peer's loop: a quarter of an hour on two idle cores;
#                   ROUNDS=2 for a quick look that is not stored
# make chaos        studies whose drivers, workers and nodes are killed 20 times each (half an hour)
#
# All make their own environment in .venv and do again only what has changed.
# Another Python: make PYTHON=python3.12 quickstart

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

# One thread a trial, as many trials as cores; waiting threads must not spin.
export OMP_NUM_THREADS ?= 1
export OMP_WAIT_POLICY ?= PASSIVE

# Two workers; tests/scheduling.py says which tests share one.
PYTEST := $(BIN)/pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder

.PHONY: quickstart look test test-all bench chaos clean

quickstart: $(VENV)/installed
	$(BIN)/aucstudy run quickstart

look: $(VENV)/installed-for-tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: look
	$(PYTEST) -m 'not whole'

test-all: look
	$(PYTEST)

# Kineto, which profiles for PyTorch, tells of every GPU that it does not find.
bench: export KINETO_LOG_LEVEL = 5
bench: $(VENV)/installed-for-tests
	$(BIN)/python -m tests.benchmarks.bench $(if $(ROUNDS),--rounds $(ROUNDS))

chaos: $(VENV)/installed-for-tests
	$(BIN)/python -m tests.chaos.chaos --kills 20

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable .
	touch $@

$(VENV)/installed-for-tests: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[test]'
	# Peers to compare with; what else they want to install is not needed for that.
	-$(BIN)/python -m pip install --quiet --no-deps 'libauc==2.0.1'
	touch $@
