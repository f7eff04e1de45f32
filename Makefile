# Every target installs what it needs into .venv; only Python >= 3.11, pip and make have to be there.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed-

.PHONY: demo test check format bench clean
.DEFAULT_GOAL := demo

$(STAMP)core: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --disable-pip-version-check -e .
	@touch $@

$(STAMP)dev: $(STAMP)core
	$(BIN)/python -m pip install -q --disable-pip-version-check -e '.[dev]'
	@touch $@

$(STAMP)bench: $(STAMP)core
	$(BIN)/python -m pip install -q --disable-pip-version-check -e '.[bench]'
	@touch $@

demo: $(STAMP)core   ## a recorded squeeze through the whole path, offline
	@$(BIN)/powderkeg demo

test: $(STAMP)dev    ## the whole suite, in parallel, without network
	$(BIN)/python -m pytest -n auto

check: $(STAMP)dev   ## format, lint, types, layers, docs
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright --pythonpath $(BIN)/python
	$(BIN)/lint-imports
	@if command -v npm >/dev/null; then cd tools/ui && npm ci --silent --no-audit --no-fund && npm run --silent check; \
	else echo "make check: npm is not on this machine, so the types of the dashboard are NOT checked" >&2; fi
	$(BIN)/python -m pytest -q tests/test_docs.py

format: $(STAMP)dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(STAMP)bench ## every speed claim of docs/benchmarks.md, against its named peer; `make bench journal` runs one
	$(BIN)/powderkeg bench $(filter-out $@,$(MAKECMDGOALS))

ifneq ($(filter bench,$(MAKECMDGOALS)),)
# Words after `make bench` name benches, not targets.
$(filter-out bench,$(MAKECMDGOALS)):
	@:
.PHONY: $(filter-out bench,$(MAKECMDGOALS))
endif

clean:
	rm -rf $(VENV) demo-data .bench
