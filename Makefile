# Everything runs in an environment of its own, .venv, made on first need.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help demo test test-oldest check format bench samples docs-images clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

demo: $(VENV)/.viz ## set up, then sample data_samples/ and draw the result into demo/
	$(BIN)/python data_samples/demo.py

test: $(VENV)/.dev ## set up, then run all tests
	$(BIN)/coverage run -m pytest
	$(BIN)/coverage report

test-oldest: $(VENV)-oldest/.dev ## run the tests with the oldest dependencies allowed
	$(VENV)-oldest/bin/python -m pytest

check: $(VENV)/.dev ## set up, then check style, types and the order of the rooms
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python data_samples/render.py --check

format: $(VENV)/.dev ## fix what the style check can fix
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench: $(VENV)/.viz $(VENV)-reference/.done ## compare with the published package, side by side
	$(BIN)/python benchmarks/bench_sample.py --reference $(VENV)-reference/bin/python

samples: $(VENV)/.dev ## render data_samples/ again
	$(BIN)/python data_samples/render.py

clean: ## remove the environments and everything that was made
	rm -rf $(VENV) $(VENV)-oldest $(VENV)-reference demo build dist .coverage .*_cache
