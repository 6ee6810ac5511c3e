# The two commands that most people need are `make run` and `make test`.

PYTHON ?= python3
BIN := .venv/bin
STAMPS := .make
PIP := $(BIN)/python -m pip --disable-pip-version-check -q
LOCK := $(BIN)/uv pip compile -q --generate-hashes --no-emit-index-url --universal --python-version 3.11
# Node comes from the machine, or from a wheel in the virtual environment.
HAS_NODE := $(shell $(PYTHON) tools/npm.py --machine-has-node && echo yes)
NPM := $(if $(HAS_NODE),$(PYTHON),$(BIN)/python) tools/npm.py
WEB_SOURCES := $(shell find web -type f -not -path 'web/node_modules/*' -not -path 'web/dist/*' \
	-not -path 'web/tests/*' 2>/dev/null)

# The demo's camera shows a photograph where the recorded data lies beside the checkout.
ifneq ($(wildcard ../shared/data/vision),)
export TOKKATOT_DEMO_PICTURES ?= ../shared/data/vision
endif

.DEFAULT_GOAL := help
.PHONY: help run setup dev web test coverage check check-python check-web proof bench lock dist clean always

help: ## list the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

run: ## set up what is missing and run everything with a demo farm
	@$(MAKE) --no-print-directory -j2 setup
	@exec $(BIN)/tokkatot up

setup: $(STAMPS)/venv $(STAMPS)/web
	@:

dev: $(STAMPS)/dev $(STAMPS)/web
	@:

web: $(STAMPS)/web ## build the web app

test: dev ## run the tests
	@$(BIN)/pytest -n 3 --dist loadgroup

check: check-python check-web test ## what CI checks, with the PostgreSQL that we bring

check-python: $(STAMPS)/dev
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports

check-web: $(STAMPS)/node_modules
	@$(NPM) run --silent check

coverage: dev ## run the tests and tell which branches they miss
	@$(BIN)/pytest -n 2 --dist loadgroup --cov --cov-report=term --cov-report=html

# Only here are the packages of learning installed, so what needs them runs nowhere else.
proof: dev $(STAMPS)/train ## run what is too long for CI
	@$(BIN)/pytest -m "proof or training" --timeout 3600

bench: dev ## measure; needs an otherwise idle machine
	@$(BIN)/tokkatot bench slice
	@$(BIN)/tokkatot bench hub
	@$(BIN)/tokkatot bench vision

lock: $(STAMPS)/dev ## renew the hashed requirements; add UPGRADE=1 for newer versions
	@$(LOCK) $(if $(UPGRADE),--upgrade) pyproject.toml -o requirements/base.txt
	@$(LOCK) $(if $(UPGRADE),--upgrade) requirements/build.in -o requirements/build.txt
	@$(LOCK) $(if $(UPGRADE),--upgrade) requirements/node.in -o requirements/node.txt
	@$(LOCK) $(if $(UPGRADE),--upgrade) requirements/dev.in -o requirements/dev.txt
	@$(LOCK) $(if $(UPGRADE),--upgrade) pyproject.toml --extra train -c requirements/base.txt \
		--excludes requirements/no-gpu.txt --no-emit-package torch -o requirements/train.txt

dist: dev ## build wheel and sdist
	@$(BIN)/python -m build --no-isolation --sdist --wheel

clean: ## remove what was made here, but not the data
	@rm -rf .venv $(STAMPS) dist build web/node_modules web/dist

$(STAMPS):
	@mkdir -p $@

# Made anew where it has no pip: it was left half-way, or the system's Python is another one by now.
.venv/pyvenv.cfg: always | $(STAMPS)
	@[ -f $@ ] && $(BIN)/python -c 'import pip' 2>/dev/null || { \
		$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
			{ echo "Python 3.11 or newer is needed: make run PYTHON=python3.12" >&2; exit 1; }; \
		rm -rf .venv; \
		$(PYTHON) -m venv .venv || \
			{ rm -rf .venv; echo "No environment could be made; on Debian: apt install python3-venv" >&2; exit 1; }; \
	}

# Each set of packages is hashed; ours is linked to the checkout.
$(STAMPS)/venv: requirements/base.txt requirements/build.txt pyproject.toml hatch_build.py .venv/pyvenv.cfg
	@echo "Installing the packages of Tokkatot …"
	@$(PIP) install --require-hashes -r requirements/base.txt -r requirements/build.txt
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

# After Node where that is a package: two pips at a time spoil one environment.
$(STAMPS)/dev: $(STAMPS)/venv requirements/dev.txt | $(if $(HAS_NODE),,$(STAMPS)/node)
	@echo "Installing the packages of its development …"
	@$(PIP) install --require-hashes -r requirements/dev.txt
	@touch $@

# torch is large and only learning needs it. Its build, for the CPU or a GPU, is the machine's choice, so no hash can
# name it; pip takes the one for the CPU where it is offered. It comes first: what is locked needs it, and where
# hashes are asked for pip installs nothing that has none.
$(STAMPS)/train: $(STAMPS)/dev requirements/train.txt pyproject.toml
	@echo "Installing the packages of learning …"
	@$(PIP) install "$$(grep -o 'torch==[0-9.]*' pyproject.toml)"
	@$(PIP) install --require-hashes -r requirements/train.txt
	@touch $@

$(STAMPS)/node: requirements/node.txt tools/npm.py $(if $(HAS_NODE),,$(STAMPS)/venv) | $(STAMPS)
ifndef HAS_NODE
	@echo "Installing Node as a Python package …"
	@$(PIP) install --require-hashes -r requirements/node.txt
endif
	@touch $@

$(STAMPS)/node_modules: web/package.json web/package-lock.json web/.npmrc $(STAMPS)/node
	@echo "Installing the packages of the web app …"
	@$(NPM) ci --silent
	@touch $@

$(STAMPS)/web: $(STAMPS)/node_modules $(WEB_SOURCES)
	@echo "Building the web app …"
	@$(NPM) run --silent build -- --logLevel warn
	@touch $@
