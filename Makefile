# `make book` builds the site, `make test` runs all tests; both set up what they need.
# Another Python:  make book PYTHON=/path/to/python3.12        A lesson's time:  make book PRESET=quick

PYTHON ?= python3
PRESET ?= paper
RUN = $(shell $(PYTHON) lib/setup_environment.py --print-python)

.PHONY: book test classroom test-classroom mutations benchmarks setup setup-dask setup-classroom clean

book: setup
	@$(RUN) -m learning_dynamics build --preset $(PRESET)

test: setup
	@$(RUN) -m learning_dynamics test

classroom: setup-classroom
	@$(RUN) -m learning_dynamics classroom

test-classroom: setup-classroom
	@$(RUN) -m pytest classroom tests/test_pins.py -n 2 --dist loadfile

mutations: setup
	@$(RUN) -m tests.mutations

benchmarks: setup
	@$(RUN) benchmarks/run.py

setup:
	@command -v $(PYTHON) >/dev/null || { echo "error: $(PYTHON) was not found; install Python 3.11 or later, or give PYTHON=/path/to/it." >&2; exit 2; }
	@$(PYTHON) lib/setup_environment.py

setup-dask: setup
	@$(PYTHON) lib/setup_environment.py --extra dask

setup-classroom: setup
	@$(PYTHON) lib/setup_environment.py --extra classroom

clean:
	rm -rf _build
