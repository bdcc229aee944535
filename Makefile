# Everything runs in environments of their own, .venv*, made on first need.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# A file of tests at a time, since they share what they make, in the order of their folders: files
# that take long come first.
IN_PARALLEL := --numprocesses=auto --dist=loadfile --no-loadscope-reorder
PEERS := $(VENV)-imagehash $(VENV)-imagededup $(VENV)-fastdup

.DEFAULT_GOAL := help
.PHONY: help demo test test-long test-oldest check format bench peers guard quality agreement \
	browser samples pictures docs clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' \
		'{sub(/:.*/, "", $$1); printf "  make %-12s %s\n", $$1, $$2}'

demo: $(VENV)/.demo ## set up, then sample data_samples/ and draw the result into demo/
	@$(BIN)/python data_samples/demo.py

test: $(VENV)/.dev ## set up, then run all tests but the long ones, with coverage
	$(BIN)/python -m pytest $(IN_PARALLEL) --cov

test-long: $(VENV)/.dev ## set up, then run the long tests: many kills, flips and races; the browser
	$(BIN)/python -m pytest $(IN_PARALLEL) -m long

test-oldest: $(VENV)-oldest/.dev ## set up, then run the tests with the oldest dependencies allowed
	$(VENV)-oldest/bin/python -m pytest $(IN_PARALLEL)

check: $(VENV)/.dev ## set up, then check style, types, docstrings and the order of the wings
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/python -m numpydoc.hooks.validate_docstrings $$(git ls-files 'src/*.py')
	$(BIN)/lint-imports
	$(BIN)/python data_samples/render.py --check

format: $(VENV)/.dev ## mend what the style check can mend
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench: $(VENV)/.demo $(VENV)-reference/.done ## compare speed, write docs/benchmarks.md; PHOTOS=DIR: on your photos
	$(BIN)/python benchmarks/bench_sample.py $(if $(PHOTOS),--photos '$(PHOTOS)',--keep)

peers: $(PEERS:%=%/.done) ## install the other samplers for make bench, as far as they can be

guard: $(VENV)/.dev ## check that nothing got slower: counts, and ratios to bare work
	$(BIN)/python benchmarks/bench_guard.py

quality: $(VENV)/.demo $(VENV)-reference/.done ## judge selections and time picking, write docs/selection.md
	$(BIN)/python benchmarks/bench_quality.py --keep
	$(BIN)/python benchmarks/bench_picking.py --keep

agreement: $(VENV)/.dev ## compare features with the published ones, write docs/agreement.md
	$(BIN)/python benchmarks/bench_agreement.py --keep

browser: ## install Chromium, which the tests of the report page drive, where apt-get may
	@command -v chromium >/dev/null || \
		{ test "$$(id -u)" = 0 && apt-get update --quiet && \
			apt-get install --quiet --yes --no-install-recommends chromium; } || \
		echo "Chromium was not installed; the tests that drive it will be skipped."

samples: $(VENV)/.dev ## render data_samples/ again
	$(BIN)/python data_samples/render.py

pictures: $(VENV)/.demo ## draw the pictures of the README again
	$(BIN)/python docs/draw_pictures.py

docs: $(VENV)/.dev ## set up, then build the documentation as pages into docs/_build/
	$(BIN)/python docs/write_command.py
	$(BIN)/python -m sphinx --quiet --fail-on-warning --keep-going docs docs/_build
	@echo "Open docs/_build/index.html"

clean: ## remove the environments and everything that was made
	rm -rf $(VENV) $(VENV)-oldest $(VENV)-reference $(PEERS) \
		demo build dist docs/_build .coverage* .*_cache .hypothesis

# ------------------------------------------------------------------ environments

# $(call install,what is said,environment,arguments of pip install)
define install
	@echo "Installing $(1) into $(2) …"
	@$(2)/bin/python -m pip install --quiet --disable-pip-version-check $(3)
	@touch $@
endef

%/bin/python:
	@command -v $(PYTHON) >/dev/null || { \
		echo "There is no '$(PYTHON)'. Install Python 3.10 or newer, or name it:" \
			"make PYTHON=/path/to/python"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { \
		echo "smartdownsample needs Python 3.10 or newer; '$(PYTHON)' is" \
			"$$($(PYTHON) --version 2>&1). Name a newer one: make PYTHON=python3.12"; exit 1; }
	@echo "Making an environment in $* with $$($(PYTHON) --version) …"
	@$(PYTHON) -m venv $* || { rm -rf $*; \
		echo "'$(PYTHON) -m venv' failed. On Debian and Ubuntu: apt install python3-venv"; exit 1; }

.PRECIOUS: %/bin/python

$(VENV)/.demo: pyproject.toml | $(VENV)/bin/python
	$(call install,smartdownsample and matplotlib,$(VENV),--editable '.[viz]')

$(VENV)/.dev: pyproject.toml | $(VENV)/bin/python
	$(call install,smartdownsample and its development tools,$(VENV),--editable '.[dev]')

# uv is used here only, since pip cannot choose the lowest versions.
$(VENV)-oldest/.dev: pyproject.toml | $(VENV)-oldest/bin/python
	$(call install,uv,$(VENV)-oldest,uv)
	@rm $@
	@echo "Installing the oldest dependencies into $(VENV)-oldest …"
	@$(VENV)-oldest/bin/uv pip install --quiet --python $(VENV)-oldest/bin/python \
		--resolution lowest-direct --editable '.[dev]'
	@touch $@

$(VENV)-reference/.done: | $(VENV)-reference/bin/python
	$(call install,the published smartdownsample 1.8.4,$(VENV)-reference,smartdownsample==1.8.4)

# What cannot be had for this system is left out.
PIP = $*/bin/python -m pip install --quiet --disable-pip-version-check
$(VENV)-imagehash/.done: INSTALL = $(PIP) ImageHash==4.3.2
$(VENV)-fastdup/.done: INSTALL = $(PIP) fastdup==2.54
# Without torch, which its hashes do not need.
$(VENV)-imagededup/.done: INSTALL = $(PIP) Pillow PyWavelets scikit-learn tqdm && \
	$(PIP) --no-deps imagededup==0.3.3.post2

$(PEERS:%=%/.done): %/.done: | %/bin/python
	@echo "Installing a sampler into $* …"
	@{ $(INSTALL); } && touch $@ || { rm -rf $*; \
		echo "$* could not be made; the benchmark goes without it."; }
