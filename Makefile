# Méreau. `make up` and `make test` set up everything they need; a second call finds it done.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV := .venv
BIN := $(VENV)/bin
PYTHON_STAMP := $(VENV)/.mereau-python
NODE_STAMP := node_modules/.mereau-node
TOOLCHAIN_STAMP := $(VENV)/.mereau-toolchain
CONTRACTS_STAMP := .build/.mereau-contracts
EXPLORER_STAMP := .build/.mereau-explorer

# uv reads no pip settings: a machine that names its index for pip alone keeps working.
ifdef PIP_INDEX_URL
export UV_DEFAULT_INDEX ?= $(PIP_INDEX_URL)
endif
ifdef PIP_CERT
export SSL_CERT_FILE ?= $(PIP_CERT)
endif

UV := $(BIN)/uv
UV_COMPILE := $(UV) pip compile --quiet --universal --python-version 3.11 --group dev \
	--generate-hashes --no-header --no-emit-index-url --output-file requirements.lock pyproject.toml
PYTEST := $(BIN)/python -m pytest

# Tests make thousands of durable commits; where memory can hold them, no disk has to.
MEMORY_KIB := $(shell df -k --output=avail /dev/shm 2>/dev/null | tail -n 1)
TEST_TMPDIR := $(shell [ "$(or $(MEMORY_KIB),0)" -gt 4000000 ] && [ -w /dev/shm ] && echo /dev/shm)

.PHONY: help
help: ## Say what there is
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 18

.PHONY: up
up: setup contracts explorer ## Start the whole system; the first run replays the sample purchases
	@exec $(BIN)/mereau up

# Real processes that wait for minutes; two cores have a quarter of an hour for everything else.
CHAOS := $(addprefix tests/chaos/,test_kills.py test_nodes.py test_databases.py test_older_backup.py \
	test_transactions.py) \
  tests/e2e/test_up_kills.py
TESTING := $(if $(TEST_TMPDIR),TMPDIR=$(TEST_TMPDIR))

# Most tests wait for blocks or processes: more of them than cores run at once, the contracts' tests
# among them, whose output is shown at the end. Files keep their order, the longest come first.
# tests/tidy is a part of make check.
.PHONY: test
test: setup contracts explorer ## Tests: Python on both databases, the contracts under Ape; see also chaos
	@mkdir -p build
	$(TESTING) $(BIN)/ape test tests/contracts >build/ape-test.log 2>&1 & ape=$$!; \
	$(TESTING) $(PYTEST) --numprocesses 4 --dist loadfile --no-loadscope-reorder \
	  $(addprefix --ignore=,tests/tidy $(CHAOS)) && python_rc=0 || python_rc=$$?; \
	wait $$ape && ape_rc=0 || ape_rc=$$?; \
	cat build/ape-test.log; exit $$((python_rc + ape_rc))

SEEDS ?= 1000
FIRST ?= 0
.PHONY: sim
sim: setup ## The house under seeded faults: make sim SEEDS=5000 FIRST=100000
	$(BIN)/python -m tests.sim --first $(FIRST) --seeds $(SEEDS)

.PHONY: chaos
chaos: setup contracts ## Real processes on their worst days, everything on both databases
	MEREAU_CHAOS=all $(PYTEST) --numprocesses auto --maxprocesses 2 --dist loadfile tests/chaos tests/e2e/test_up_kills.py

.PHONY: check
check: setup ## Lint, format, types, import rules, tidiness
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(PYTEST) --quiet tests/tidy

.PHONY: fmt
fmt: setup ## Format and mend what can be mended
	$(BIN)/ruff check --fix --exit-zero .
	$(BIN)/ruff format .

.PHONY: bench
bench: setup contracts ## Throughput, each with the ratio to its ceiling
	$(BIN)/python -m bench

.PHONY: bench-gas
bench-gas: setup ## Gas per mint against OpenZeppelin's loop, held to bench/gas-snapshot.json
	$(BIN)/python -m bench.gas

.PHONY: prove
prove: setup contracts ## Long runs: symbolic proofs, invariants, Slither, the model, seeded bugs
	$(BIN)/python -m proofs.run
	MEREAU_EXAMPLES=60 $(BIN)/ape test tests/contracts/test_model.py
	MEREAU_EXAMPLES=4000 $(PYTEST) tests/property/test_lots.py
	$(BIN)/python -m scripts.mutate_contracts

.PHONY: mutate
mutate: setup contracts ## Seeded bugs in the contracts, each of which the tests must find
	$(BIN)/python -m scripts.mutate_contracts

.PHONY: docs
docs: setup ## Write build/openapi.json
	@mkdir -p build
	$(BIN)/python -c 'import json; from backend.main import app; \
	  print(json.dumps(app.openapi(), indent=2))' > build/openapi.json

.PHONY: docs-shots
docs-shots: setup contracts explorer ## Take the pictures of the docs anew, with the demo and a Chromium
	$(BIN)/python -m scripts.docs_shots

.PHONY: setup
setup: $(PYTHON_STAMP) $(NODE_STAMP) $(TOOLCHAIN_STAMP) ## Python, Node and compiler, from the locks

.PHONY: contracts
contracts: setup $(CONTRACTS_STAMP) ## Compile the contracts where they changed

.PHONY: explorer
explorer: contracts $(EXPLORER_STAMP) ## Build the explorer's pages and the card's signing where they changed

.PHONY: lock
lock: setup ## Renew both lock files within the bounds of pyproject.toml and package.json
	$(UV_COMPILE) --upgrade
	npm update --package-lock-only --ignore-scripts --omit-lockfile-registry-resolved --no-audit --no-fund
	$(PYTEST) --quiet tests/tidy/test_locks.py

.PHONY: clean
clean: ## Remove what was built; keeps the data folder
	rm -rf $(VENV) node_modules .build build .solcx .mypy_cache .ruff_cache .pytest_cache \
	  .hypothesis .import_linter_cache *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The newest Python that fits, unless PYTHON names one.
$(BIN)/python:
	@for candidate in "$${PYTHON:-}" python3.13 python3.12 python3.11 python3 python; do \
	  [ -n "$$candidate" ] && command -v "$$candidate" >/dev/null || continue; \
	  "$$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' \
	    2>/dev/null || continue; \
	  echo "setup: virtual environment with $$("$$candidate" --version)"; \
	  "$$candidate" -m venv $(VENV) >/dev/null 2>&1 && exit 0; \
	  rm -rf $(VENV); \
	  command -v uv >/dev/null && uv venv --quiet --python "$$candidate" $(VENV) && exit 0; \
	  "$$candidate" -m virtualenv --quiet $(VENV) 2>/dev/null && exit 0; \
	  echo "Python has no venv module: install it (on Debian and Ubuntu: apt install" \
	    "python3-venv) and run make again." >&2; exit 1; \
	done; \
	echo "Méreau needs Python 3.11, 3.12 or 3.13, found $$(python3 --version 2>/dev/null \
	  || echo none): install one, or name it with PYTHON=/path/to/python3.12." >&2; exit 1

$(UV): | $(BIN)/python
	@if command -v uv >/dev/null; then ln -sf "$$(command -v uv)" $(UV); else \
	  $(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip >/dev/null; \
	  PIP_USER=0 PIP_REQUIRE_HASHES=0 PIP_TARGET= PIP_PREFIX= \
	    $(BIN)/python -m pip install --quiet --disable-pip-version-check 'uv>=0.8,<1'; fi

$(PYTHON_STAMP): requirements.lock pyproject.toml | $(UV)
	@echo "setup: Python packages from requirements.lock"
	@$(UV) pip sync --quiet --python $(BIN)/python requirements.lock
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps \
	  --build-constraints requirements.lock --editable .
	@touch $@

$(NODE_STAMP): package-lock.json package.json
	@found="$$(node --version 2>/dev/null || echo none)"; major="$${found#v}"; \
	if [ "$$found" = none ] || [ "$${major%%.*}" -lt 20 ] || ! command -v npm >/dev/null; then \
	  echo "Méreau needs Node 20 or newer with npm, found $$found: install it and run make again." \
	    >&2; exit 1; fi
	@echo "setup: Node packages from package-lock.json"
	@npm ci --ignore-scripts --include=dev --include=optional --no-audit --no-fund --loglevel=error
	@touch $@

$(TOOLCHAIN_STAMP): $(PYTHON_STAMP) $(NODE_STAMP) $(wildcard toolchain/*)
	@if [ -f toolchain/setup_venv.py ]; then $(BIN)/python toolchain/setup_venv.py; fi
	@touch $@

$(CONTRACTS_STAMP): $(TOOLCHAIN_STAMP) ape-config.yaml $(shell find contracts -type f 2>/dev/null)
	@echo "setup: compiling the contracts"
	@# Forced: Ape does not compile again what only imports a source that changed.
	@$(BIN)/ape compile --force & ape=$$!; \
	$(BIN)/python scripts/export_artifacts.py && artifacts_rc=0 || artifacts_rc=$$?; \
	wait $$ape && exit $$artifacts_rc
	@mkdir -p $(@D) && touch $@

# The interfaces and the hashes of the code that the pages know come from the compiled contracts.
$(EXPLORER_STAMP): $(CONTRACTS_STAMP) $(shell find explorer signing -type f 2>/dev/null)
	@echo "setup: building the explorer and the card's signing"
	@npm run --silent build && npm run --silent build:tests
	@mkdir -p $(@D) && touch $@
