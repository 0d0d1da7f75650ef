# Every target makes .venv/ itself; nothing has to be installed by hand but Python 3.11+ and a C compiler.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
SUITE ?= roundtrip
FROM ?=
COUNT ?= 1000
JOBS ?= 2
C_SOURCES = $(shell find runtime -name '*.[ch]')

.DEFAULT_GOAL := help
.PHONY: help demo test lint bench soak format generate clean

help:  ## say what there is to make
	@awk -F':.*## ' '/^[a-z]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; name it with make PYTHON=..."; exit 2; }
	$(PYTHON) -m venv $(VENV) || { echo "no venv module here; on Debian: apt install python3-venv"; exit 2; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[test]'
	@touch $@

$(VENV)/.bench: $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[test,bench]'
	@touch $@

demo: $(READY)  ## compile the n-body problem to an executable, run it, and show a check that stops a program
	@mkdir -p build
	@echo "== examples/air/nbody.air at O3, to an executable"
	$(BIN)/altru-opt -O3 --emit=exe -o build/nbody examples/air/nbody.air
	@echo "== five million steps: the energy of the planets before and after"
	@begin=$$(date +%s%N); build/nbody 5000000 && echo "== took $$(( ($$(date +%s%N) - begin) / 1000000 )) ms"
	@echo "== examples/air/bounds.air reads element 5 of 4; the check stands in no source line, a pass put it there"
	@status=0; $(BIN)/altru-opt --run examples/air/bounds.air -- 1 2 3 4 || status=$$?; \
	  echo "== exit status $$status (101 is a panic)"; test $$status -eq 101

test: $(READY)  ## run the tests
	$(BIN)/python -m pytest -q -n 2

lint: $(READY)  ## check style, formatting and types; change nothing
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(if $(C_SOURCES),$(BIN)/clang-format --dry-run -Werror $(C_SOURCES))

bench: $(VENV)/.bench  ## measure against the peers
	$(BIN)/python -m bench run

soak: $(READY)  ## test on generated programs: SUITE=, FROM= (seed; else where the ledger ends), COUNT=, JOBS=
	$(BIN)/python -m tests.soak --suite $(SUITE) $(if $(FROM),--from $(FROM)) --count $(COUNT) --jobs $(JOBS)

format: $(READY)  ## rewrite Python and C sources in the project's style
	$(BIN)/ruff check --fix-only --quiet
	$(BIN)/ruff format
	$(if $(C_SOURCES),$(BIN)/clang-format -i $(C_SOURCES))

generate: $(READY)  ## write what follows from declarations and headers again: builder, reference, pages of passes
	$(BIN)/python -m altru_ir.generate
	$(BIN)/python -m altru_ir.passes.generate

clean:  ## remove .venv/, build/ and the caches
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
