# Two commands matter: `make run` and `make test`. Both install what they need, and only when something changed.
# Plain pip is enough; uv is used where it is on PATH. USE_UV=1 fetches it into the environment, USE_UV=0 keeps to pip.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV   := .venv
BIN    := $(VENV)/bin
STAMPS := $(VENV)/stamps
USE_UV ?= auto

# Bytecode is kept whatever the environment says: a process that compiles all of Billhead takes seconds more to begin.
export PYTHONDONTWRITEBYTECODE =

# Every distribution in the tree: core, plugins (also grouped ones), themes.
PROJECTS := . $(sort $(patsubst %/pyproject.toml,%,$(wildcard plugins/*/pyproject.toml plugins/*/*/pyproject.toml themes/*/pyproject.toml)))

# Their import packages, and the folders that these lie in, for mypy.
TYPED := billhead $(notdir $(patsubst %/__init__.py,%,$(wildcard $(patsubst %,%/billhead_*/__init__.py,$(filter-out .,$(PROJECTS))))))
TYPED_ROOTS := $(subst $() $(),:,$(strip core $(filter-out .,$(PROJECTS))))

ifeq ($(USE_UV),auto)
UV := $(shell uv --version >/dev/null 2>&1 && command -v uv)
else ifneq ($(USE_UV),0)
UV := $(or $(shell command -v uv),$(BIN)/uv)
endif
ifdef UV
PIP := $(UV) pip install --quiet --python $(BIN)/python
# Every distribution is reinstalled by name or uv takes it for unchanged: its entry points may have changed.
EDITABLE := $(PIP) --reinstall
else
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
EDITABLE := $(PIP)
endif
LOCKED := $(PIP) --require-hashes --only-binary=:all:
# Comes as source only, and is built with what dev.lock has installed.
BUILT := localstripe

COMPILE_ALONE = $(or $(shell command -v uv),$(BIN)/uv) pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-header --no-annotate
COMPILE = $(COMPILE_ALONE) --extra einvoice --extra postgres --extra redis --extra server pyproject.toml requirements/core.in

.PHONY: run test test-full lint bench docs screens words lock install install-dev clean FORCE
.DEFAULT_GOAL := run
.NOTPARALLEL:

run: install
	@exec $(BIN)/billhead serve --demo $(ARGS)

test: install-dev
	$(BIN)/python -m pytest -n 3 --dist loadgroup $(ARGS)

test-full: install-dev
	$(BIN)/python -m pytest -n 3 --dist loadgroup --full $(ARGS)

lint: install-dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	MYPYPATH=$(TYPED_ROOTS) $(BIN)/mypy $(TYPED:%=-p %)
	$(BIN)/lint-imports

bench: install
	$(BIN)/billhead bench billing-run $(ARGS)

# Writes the hook reference from the docstrings of the hooks, then runs everything that the docs show.
docs: install-dev
	$(BIN)/python docs/write_hook_reference.py
	$(BIN)/python -m pytest -q tests/house/test_docs_hold.py tests/house/test_hooks_are_documented.py

# Takes the pictures in docs/screens anew, with Chromium.
screens: install-dev
	$(BIN)/python tests/browser/take_screens.py

# Brings the catalogues of the shop and the areas in step with what their pages say; fill in what is empty.
words: install-dev
	$(BIN)/python -m billhead.locale.write_catalogues
	$(BIN)/python -m billhead.locale.write_catalogues $(patsubst %/locale,%,$(wildcard plugins/*/*/locale plugins/*/*/*/locale))

lock: $(STAMPS)/dev
	$(COMPILE) --upgrade --output-file requirements/core.lock
	$(COMPILE) requirements/dev.in --upgrade --constraints requirements/core.lock --output-file requirements/dev.lock
	$(COMPILE_ALONE) requirements/peers.in --upgrade --constraints requirements/dev.lock --output-file requirements/peers.lock

install: $(STAMPS)/projects

install-dev: $(STAMPS)/dev $(STAMPS)/peers $(STAMPS)/projects

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Billhead needs Python 3.11 or newer on PATH: apt-get install python3 python3-venv" >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Billhead needs Python 3.11 or newer; $(PYTHON) is older. Name another: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@echo "Creating $(VENV)"
	@"$(PYTHON)" -m venv $(VENV) || { rm -rf $(VENV); echo "On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }

ifeq ($(UV),$(BIN)/uv)
$(BIN)/uv: | $(BIN)/python
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --only-binary=:all: \
		"$$(sed -n 's/^\(uv==[0-9.]*\).*/\1/p' requirements/dev.lock)"
$(STAMPS)/core $(STAMPS)/dev $(STAMPS)/peers $(STAMPS)/projects: | $(BIN)/uv
endif

$(STAMPS)/core: requirements/core.lock | $(BIN)/python
	@echo "Installing requirements/core.lock"
	@$(LOCKED) -r requirements/core.lock
	@mkdir -p $(STAMPS) && touch $@

# dev.lock is core.lock and more, so that one step is enough for both.
$(STAMPS)/dev: requirements/dev.lock | $(BIN)/python
	@echo "Installing requirements/dev.lock"
	@$(LOCKED) -r requirements/dev.lock
	@mkdir -p $(STAMPS) && touch $@ && touch $(STAMPS)/core

# Stand-ins that nobody here wrote: what the tests of a gateway run against, beside the stand-ins of our own.
$(STAMPS)/peers: requirements/peers.lock $(STAMPS)/dev | $(BIN)/python
	@echo "Installing requirements/peers.lock"
	@$(LOCKED) --no-binary=$(BUILT) --no-build-isolation -r requirements/peers.lock
	@mkdir -p $(STAMPS) && touch $@

# A line for each distribution: rewritten only when one came or went.
$(STAMPS)/projects.list: FORCE | $(BIN)/python
	@mkdir -p $(STAMPS)
	@printf '%s\n' $(PROJECTS) | cmp -s - $@ || printf '%s\n' $(PROJECTS) > $@

$(STAMPS)/projects: $(STAMPS)/core $(STAMPS)/projects.list $(PROJECTS:%=%/pyproject.toml)
	@echo "Installing what this tree holds: core, plugins, themes"
	@gone=$$($(BIN)/python requirements/gone.py) && { test -z "$$gone" || $(BIN)/python -m pip uninstall --quiet --yes $$gone; }
	@$(EDITABLE) --no-deps --no-build-isolation $(PROJECTS:%=-e %)
	@touch $@

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
