# Everything sets itself up: a machine needs Python ≥3.11, git and make.
#   make demo [VIDEO=mine.mp4] [OUT=out.mp4] [STYLE=intention]
#   make test
PYTHON  ?= python3
VENV    := .venv
BIN     := $(VENV)/bin
VIDEO   ?= examples/speech.mp4
OUT     ?= demo/$(basename $(notdir $(VIDEO))).captioned.mp4
STYLE   ?= intention
REPEATS ?= 5
# much of a test is waiting; a file's tests share what they set up
# in their own order: the long files come first, and nothing waits for them at the end
PARALLEL ?= -n 3 --dist loadfile --no-loadscope-reorder
NODE     = sh scripts/node.sh $(BIN)
STUDIO  := ecg/studio/static/index.html

export PIP_DISABLE_PIP_VERSION_CHECK := 1
# the service is many short processes: each would compile every module anew
unexport PYTHONDONTWRITEBYTECODE
.DEFAULT_GOAL := help
.PHONY: help setup install client revision demo run test test-full check lint types boundaries pytest bench golden pictures schema fonts lock clean

help: ## shows this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

setup: $(VENV)/.dev $(STUDIO) ## installs everything that running and testing needs

install: $(VENV)/.ready $(STUDIO) ## installs what running needs, without the tools of the tests

demo: $(VENV)/.ready ## captions VIDEO (default: a short speech clip) and prints the path of the result
	@mkdir -p "$(dir $(OUT))"
	@$(BIN)/ecg caption "$(VIDEO)" -o "$(OUT)" --style "$(STYLE)"

run: $(VENV)/.ready $(STUDIO) ## runs the whole service on stores of its own in .ecg, and prints its address
	@ECG_DATA_DIR="$${ECG_DATA_DIR:-.ecg}" exec $(BIN)/ecg serve

test: setup check pytest ## every check: format, types, boundaries, tests

test-full: setup check ## the same with the long matrices
	$(BIN)/python -m pytest $(PARALLEL) --full

check: lint types boundaries
lint: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
types: setup
	$(NODE) node_modules/.bin/pyright
	$(NODE) node_modules/.bin/tsc --project tsconfig.json
	$(NODE) node_modules/.bin/tsc --project studio/tsconfig.json
boundaries: setup
	$(BIN)/lint-imports
pytest: setup
	$(BIN)/python -m pytest $(PARALLEL)

bench: setup ## prints the benchmarks (hours; REPEATS=1 is quicker) and writes docs/benchmarks*.md
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m bench.speech
	$(BIN)/python -m bench.render --repeats $(REPEATS)
	$(BIN)/python -m bench.service
	$(BIN)/python -m bench.studio

golden: setup ## draws the golden frames anew; look at every one before committing it
	$(BIN)/python -m pytest tests/golden --full --golden-rewrite

pictures: setup demo ## draws the pictures of README and user guide anew; look at every one before committing it
	$(BIN)/python scripts/pictures.py
	PYTHONPATH=. $(BIN)/python scripts/studio_pictures.py

revision: setup ## writes the next migration from the models: make revision FOR="why"
	$(BIN)/python scripts/revision.py $(FOR)

client: setup ## writes the types of the studio's client anew from the OpenAPI document
	$(BIN)/python scripts/client.py studio/src/api/schema.ts

schema: setup ## writes the JSON Schemas of transcript and scenario anew
	$(BIN)/python -m ecg.captions.schema

fonts: setup ## fetches the bundled fonts anew from their packages
	$(BIN)/python scripts/fonts.py

# The locks hold hashes and no registry address.
LOCK = $(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --custom-compile-command 'make lock' pyproject.toml
lock: setup ## resolves the requirement locks anew
	$(LOCK) --group build -o requirements/run.txt
	$(LOCK) --group build --group dev -c requirements/run.txt -o requirements/dev.txt
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --custom-compile-command 'make lock' --group pyproject.toml:studio -c requirements/dev.txt -o requirements/studio.txt
	$(LOCK) --extra whisperx -o requirements/whisperx.txt

clean: ## removes everything that was installed or made in this checkout
	rm -rf $(VENV) node_modules studio/node_modules ecg/studio/static demo bench/out build dist .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find ecg tests bench -name __pycache__ -type d -prune -exec rm -rf {} +

# -- what the targets stand on: each stamp is older than what it was made from, or is remade

$(VENV)/.python:
	@sh scripts/venv.sh $(PYTHON) $(VENV)
	@touch $@

$(VENV)/.run: $(VENV)/.python requirements/run.txt pyproject.toml
	@echo "installing the Python packages (once, about a minute)"
	@$(BIN)/python -m pip install --quiet --require-hashes -r requirements/run.txt
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.ready: $(VENV)/.run config/models.toml
	@sh scripts/browser.sh $(BIN)
	@$(BIN)/ecg models pull base
	@touch $@

$(VENV)/.dev: $(VENV)/.studio requirements/dev.txt package-lock.json
	@echo "installing the development packages"
	@$(BIN)/python -m pip install --quiet --require-hashes -r requirements/dev.txt
	@$(NODE) npm ci --silent --no-audit --no-fund
	@touch $@

$(VENV)/.studio: $(VENV)/.ready requirements/studio.txt studio/package-lock.json
	@echo "installing what builds the studio"
	@$(BIN)/python -m pip install --quiet --require-hashes -r requirements/studio.txt
	@cd studio && sh ../scripts/node.sh ../$(BIN) npm ci --silent --no-audit --no-fund
	@touch $@

$(STUDIO): $(VENV)/.studio $(shell find studio -name node_modules -prune -o -type f -print) examples/speech.mp4
	@cd studio && sh ../scripts/node.sh ../$(BIN) node_modules/.bin/vite build --logLevel warn
