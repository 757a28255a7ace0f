# `make book` builds the site, `make test` runs all tests; both set up what they need.
# Another Python:  make book PYTHON=/path/to/python3.12        A lesson's time:  make book PRESET=quick

PYTHON ?= python3
PRESET ?= paper

# The shell gets both as variables, whatever characters they hold.
export BOOK_PYTHON := $(value PYTHON)
export BOOK_PRESET := $(value PRESET)
SETUP = "$$BOOK_PYTHON" -E lib/setup_environment.py
# The tests that need no book and no notebook, and seconds.
COMPANION = agreement chances cli estimates explorers figures notebooks numerals parameters provenance records registry staleness value_tables
QUICK = $(wildcard tests/*/test_model.py tests/*/test_docstrings.py) $(COMPANION:%=tests/companion/test_%.py) \
	$(patsubst %,tests/test_%.py,concordance layout notation pins publishing randomness threads validation)
RUN = $(SETUP) --run

.PHONY: book test check lint format classroom test-classroom mutations benchmarks setup setup-dask setup-classroom clean

book: setup
	@$(RUN) -m learning_dynamics build --preset "$$BOOK_PRESET"

test: setup
	@$(RUN) -m learning_dynamics test

check: lint
	@$(RUN) -m pytest -q -n 2 --dist loadfile $(QUICK)

lint: setup
	@$(RUN) -m tests.linting

format: setup
	@$(RUN) -m ruff check --fix-only
	@$(RUN) -m ruff format

classroom: setup-classroom
	@$(RUN) -m learning_dynamics classroom

test-classroom: setup-classroom
	@$(RUN) -m pytest classroom tests/classroom tests/test_pins.py -n 2 --dist loadfile

mutations: setup
	@$(RUN) -m tests.mutations

benchmarks: setup
	@$(RUN) benchmarks/run.py

setup:
	@command -v "$$BOOK_PYTHON" >/dev/null || { printf 'error: %s was not found; install Python 3.11 or later, or give PYTHON=/path/to/it.\n' "$$BOOK_PYTHON" >&2; exit 2; }
	@$(SETUP)

setup-dask: setup
	@$(SETUP) --extra dask

setup-classroom: setup
	@$(SETUP) --extra classroom

clean:
	rm -rf _build
