# make demo    set up, then do the main job on drawn scenes
# make test    every test          make prove   the long figures too
# make check   style, types, floors             make bench   side by side with the peers
# make lock    pin the dependencies anew        make clean   remove what was made here

PYTHON ?= python3
BIN := .venv/bin
UV_VERSION := 0.13.8

# A test never reaches a hub, and two workers share the cores.
TEST := OMP_NUM_THREADS=1 HF_HUB_OFFLINE=1 $(BIN)/python -m pytest -n 2 --dist loadgroup

.PHONY: demo test prove check bench setup lock serve clean
.DEFAULT_GOAL := demo

demo: setup
	$(BIN)/sightline demo

serve: demo
	$(BIN)/sightline serve runs

test: setup
	$(TEST)

prove: setup
	OMP_NUM_THREADS=2 $(BIN)/python -m pytest -m "prove or not prove"

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: setup
	for script in benchmarks/*.py; do $(BIN)/python $$script || exit 1; done

setup: .venv/installed

.venv/installed: requirements.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	$(BIN)/uv pip install --python $(BIN)/python --require-hashes -r requirements.lock
	$(BIN)/uv pip install --python $(BIN)/python --quiet --no-deps --editable .
	touch $@

# Universal: one file for every platform and Python from 3.11. No addresses, so that any mirror serves.
lock:
	$(BIN)/uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --upgrade --quiet --output-file requirements.lock

clean:
	rm -rf .venv runs build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
