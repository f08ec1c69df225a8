# Everything below works on a fresh machine with Python 3.11 or newer, pip and a package registry; nothing else is needed.
# uv is installed by pip into a small environment of its own (.uv); it then makes .venv exactly as uv.lock says.

PYTHON ?= python3
UV_VERSION := 0.13.8
UV := .uv/bin/uv
RUN := .venv/bin
PYTEST_ARGS ?= -n auto

export UV_HTTP_TIMEOUT ?= 180
export UV_LINK_MODE ?= copy

.PHONY: help demo install test test-slow test-transformers test-differential test-all format lint types docs readme check lock clean

help:  ## list the commands
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 20

$(UV):
	$(PYTHON) -m venv .uv
	.uv/bin/python -m pip install --quiet uv==$(UV_VERSION)

.venv/.core: $(UV) pyproject.toml uv.lock
	$(UV) sync --frozen --quiet --inexact --no-default-groups
	@touch $@

# transformers and vllm bring gigabytes; what needs them has a command of its own (make test-transformers).
.venv/.dev: $(UV) pyproject.toml uv.lock
	$(UV) sync --frozen --quiet --all-extras --no-extra transformers --no-extra vllm --all-groups
	@touch $@ .venv/.core

install: .venv/.dev  ## make .venv with everything that development needs

demo: .venv/.core  ## score, narrow down and compare the logs in examples/
	@PATH="$(CURDIR)/$(RUN):$$PATH" sh examples/demo.sh

test: .venv/.dev  ## install, then run the tests
	$(RUN)/python -m pytest $(PYTEST_ARGS)

test-slow: .venv/.dev  ## the tests marked slow
	$(RUN)/python -m pytest -m slow $(PYTEST_ARGS)

test-transformers: $(UV)  ## the tests of models in this process, in an environment of their own (gigabytes)
	test -x .venv-transformers/bin/python || .uv/bin/python -m venv .venv-transformers
	.venv-transformers/bin/python -m pip install --quiet -e '.[transformers]' pytest hypothesis
	.venv-transformers/bin/python -m pytest tests/models/test_transformers.py

SEEDS ?= 0:200
DIFFERENTIAL_PACKAGES := unitxt==1.26.10 'datasets<4' evaluate rouge_score nltk sacrebleu scikit-learn jsonschema-rs

test-differential: .venv/.dev  ## random configurations through the harness and Unitxt too (an environment of its own)
	test -x .venv-unitxt/bin/python || .uv/bin/python -m venv .venv-unitxt
	.venv-unitxt/bin/python -m pip install --quiet $(DIFFERENTIAL_PACKAGES)
	$(RUN)/python tests/differential/compare_harness.py --seeds $(SEEDS)
	$(RUN)/python tests/differential/compare_unitxt.py --seeds $(SEEDS) --python .venv-unitxt/bin/python

test-all: .venv/.dev  ## all tests
	$(RUN)/python -m pytest -m "" $(PYTEST_ARGS)

format: .venv/.dev  ## rewrite the code as ruff wants it
	$(RUN)/ruff check --fix-only --quiet
	$(RUN)/ruff format

lint: .venv/.dev  ## formatting and lint rules
	$(RUN)/ruff format --check
	$(RUN)/ruff check

types: .venv/.dev  ## strict type check
	$(RUN)/mypy

docs: .venv/.dev  ## build the documentation into docs/_build/html; a warning is an error
	rm -rf docs/reference/generated
	$(RUN)/sphinx-build --fresh-env --fail-on-warning --keep-going --quiet docs docs/_build/html

readme: .venv/.dev  ## put what the README's commands print below them
	$(RUN)/python docs/update_readme.py

check: lint types docs test  ## all that CI runs

lock: $(UV)  ## resolve the dependencies anew
	$(UV) lock --upgrade

clean:  ## remove everything that these commands made
	rm -rf .uv .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis docs/_build docs/reference/generated
