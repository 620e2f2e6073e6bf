# make demo    set up, then do the main job on drawn scenes
# make test    every test, branch coverage measured             make prove   the long figures too, and a random search
# make check   style, types, floors, documentation, coverage    make bench   side by side with the peers
# make docs    the documentation, in a browser                  make dist    wheel and sdist, tried in an empty environment
# make lock    pin what is new (UPGRADE=--upgrade: all anew)                      make clean   remove what was made here

PYTHON ?= python3
BIN := .venv/bin
UV_VERSION := 0.13.8

# A test never reaches a hub, and two workers share the cores.
TEST := OMP_NUM_THREADS=1 HF_HUB_OFFLINE=1 $(BIN)/python -m pytest -n 2 --dist loadgroup

# What the random search of `make prove` begins with; a failure is found again with `make prove SEED=…`.
SEED ?= $(shell $(BIN)/python -c "import secrets; print(secrets.randbelow(10**9))")

# MkDocs 1.x is meant, and pinned; the theme's notice about 2.0 is not news.
MKDOCS := NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs

.PHONY: demo test prove check bench docs dist setup lock serve clean
.DEFAULT_GOAL := demo

demo: setup
	$(BIN)/sightline demo

serve: demo
	$(BIN)/sightline serve runs

test: setup
	$(TEST) --cov --cov-report= --cov-fail-under=0

prove: setup
	OMP_NUM_THREADS=2 EXAMPLES=search $(BIN)/python -m pytest -m "prove or not prove" --hypothesis-seed=$(SEED)

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(MKDOCS) build --quiet
	scripts/check-coverage

# A quiet machine, half an hour, and room for the peers' environments (several GB). benchmarks/run.py --help tells more.
PHOTOS ?= ../shared/data/intel-scenes
WEIGHTS ?= ../shared/weights/mobilenetv2_in1k

bench: setup
	$(BIN)/python benchmarks/run.py $(PHOTOS) --weights $(WEIGHTS) --peers sightline,fastai,timm --photos 1500 --size 160 \
		--time-limit 29m

docs: setup
	$(MKDOCS) serve --open

dist: setup
	rm -rf dist
	$(BIN)/uv build --quiet --no-build-isolation --python $(BIN)/python --out-dir dist
	scripts/try-wheel dist/*.whl

setup: .venv/installed

.venv/installed: requirements.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	$(BIN)/uv pip install --python $(BIN)/python --require-hashes -r requirements.lock
	$(BIN)/uv pip install --python $(BIN)/python --quiet --no-deps --no-build-isolation --editable .
	touch $@

# Universal: one file for every platform and Python from 3.11. No addresses, so that any mirror serves.
lock:
	$(BIN)/uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --quiet $(UPGRADE) --output-file requirements.lock
	$(BIN)/uv pip compile pyproject.toml --extra web --universal --python-version 3.11 --constraint requirements.lock \
		--generate-hashes --no-emit-index-url --no-annotate --quiet --output-file deploy/requirements.lock

clean:
	rm -rf .venv runs build dist site .coverage .coverage.* .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
