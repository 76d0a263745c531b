# Every target installs what it needs first. PYTHON=... picks an interpreter (3.11 to 3.13),
# PROCESSES=... how many run the tests (a process per core; 0: in this one).
SAMPLES ?= ../shared/data
HOME_DEMO ?= demo-home
HOME_REAL ?= real-home
PROCESSES ?= logical
BIN := .venv/bin

.PHONY: demo test test-all check dev real install lock clean

demo: .venv/installed ## synthetic sources and cameras through every stage
	$(BIN)/learned-normal demo --home $(HOME_DEMO)

test: .venv/installed ## all tests
	$(BIN)/python -m pytest --numprocesses $(PROCESSES) --maxprocesses 8 --dist loadgroup

test-all: .venv/installed ## and the slow ones, which take minutes or start a Ray cluster
	$(BIN)/python -m pytest --numprocesses $(PROCESSES) --maxprocesses 8 --dist loadgroup -m "slow or not slow"

check: .venv/installed ## linters, formatter, strict types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

dev: .venv/installed ## Dagster's UI and daemon over the demo's store
	$(BIN)/learned-normal dev --home $(HOME_DEMO)

real: .venv/installed ## real images and footage through every stage
	$(BIN)/learned-normal real $(SAMPLES) --home $(HOME_REAL)

install: .venv/installed

.venv/installed: requirements.lock pyproject.toml install.sh
	./install.sh

lock: ## resolve pyproject.toml anew; hashes, no addresses
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
		--overrides constraints/overrides.txt --all-extras pyproject.toml -o requirements.lock

clean: ## remove what make demo and make real have made
	rm -rf $(HOME_DEMO) $(HOME_REAL)
