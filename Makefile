PYTHON ?= python3
DEBUG_LIB = build/debug/lib
RUN = PYTHONPATH=$(CURDIR)/src $(PYTHON)

.PHONY: help dev test debug bench lint check clean

help:           ## these lines
	@grep -E '^[a-z]+: .*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

dev:            ## build the core in place, under src/
	$(PYTHON) setup.py -q build_ext --build-temp build/dev/tmp --build-lib build/dev/lib
	@# Renamed into place, so that processes that run the old core keep it.
	@set -e; for so in build/dev/lib/pyscope/_core.*; do \
	    new=src/pyscope/$$(basename $$so); cp $$so $$new.$$$$.tmp; mv $$new.$$$$.tmp $$new; done

test: dev       ## the suite
	$(RUN) -m pytest

debug:          ## the checked build, under build/debug, then the suite on it
	PYSCOPE_DEBUG=1 $(PYTHON) setup.py -q build --build-base build/debug --build-lib $(DEBUG_LIB)
	PYTHONPATH=$(CURDIR)/$(DEBUG_LIB) $(PYTHON) -m pytest

bench: dev      ## benchmarks, compared with the last saved run
	$(RUN) -m pytest benchmarks --benchmark-autosave $$(test -d .benchmarks && echo --benchmark-compare)

lint: dev       ## ruff, cython-lint, mypy, stubtest
	$(PYTHON) -m ruff check .
	PATH="$$(dirname "$$(command -v $(PYTHON))"):$$PATH" cython-lint src/core
	$(PYTHON) -m mypy
	$(RUN) -m mypy.stubtest pyscope._core --mypy-config-file pyproject.toml --allowlist tests/stubtest-allowlist.txt

check: lint test debug  ## what CI runs, too

clean:          ## forget everything built
	rm -rf build src/pyscope/_core.*.so src/*.egg-info
