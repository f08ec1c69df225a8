# Everything below works on a fresh machine with Python 3.11 or newer, pip and a package registry; nothing else is needed.
# uv is installed by pip into a small environment of its own (.uv); it then makes .venv exactly as uv.lock says, of the
# interpreter that PYTHON names (make test PYTHON=python3.12), or else of the one that .venv was last made of.

PYTHON ?=
UV_VERSION := 0.13.8
UV := .uv/bin/uv
RUN := .venv/bin
PYTEST_ARGS ?= -n auto

export UV_HTTP_TIMEOUT ?= 180
export UV_LINK_MODE ?= copy
export UV_PYTHON_DOWNLOADS := never

# A terminal sees how far uv is.
QUIET := $(shell test -t 2 || echo --quiet)
BASE = $$(cat .uv/interpreter)
SYNC = UV_PYTHON="$(BASE)" $(UV) sync --frozen $(QUIET)

.PHONY: help demo install test test-slow test-kills test-transformers test-llama-cpp test-differential test-all format lint types docs readme ci check lock clean FORCE

help:  ## list the commands
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 20

# Written anew only if it is another one, so that nothing is installed again for the same.
.uv/interpreter: FORCE
	@mkdir -p .uv; \
	found=$$(test -n "$(PYTHON)" || .ci/find-python "$$(cat $@ 2>/dev/null)" 2>/dev/null); \
	test -n "$$found" || found=$$(.ci/find-python $(PYTHON)) || exit 1; \
	test "$$found" = "$$(cat $@ 2>/dev/null)" || printf '%s\n' "$$found" > $@

$(UV): | .uv/interpreter
	@echo "installing uv, which installs the rest, into .uv"
	@"$(BASE)" -m venv .uv
	@.uv/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

.venv/.core: $(UV) .uv/interpreter pyproject.toml uv.lock
	@echo "installing Regrade and what it needs into .venv, for $$("$(BASE)" -V): once, a minute or so"
	@$(SYNC) --inexact --no-default-groups
	@touch $@

# transformers and vllm bring gigabytes; what needs them has a command of its own (make test-transformers).
.venv/.dev: $(UV) .uv/interpreter pyproject.toml uv.lock
	@echo "installing what development needs into .venv, for $$("$(BASE)" -V): once, some minutes"
	@$(SYNC) --all-extras --no-extra transformers --no-extra vllm --all-groups
	@touch $@ .venv/.core

install: .venv/.dev  ## make .venv with everything that development needs

demo: .venv/.core  ## score, narrow down and compare the logs in examples/
	@PATH="$(CURDIR)/$(RUN):$$PATH" sh examples/demo.sh
	@printf '\nTo run it yourself, from this folder:\n\n    $(RUN)/regrade score examples/results --by doc.level\n\n'
	@printf 'or ". $(RUN)/activate" once, and then "regrade". "regrade --help" lists the commands.\n'

test: .venv/.dev  ## install, then run the tests
	$(RUN)/python -m pytest $(PYTEST_ARGS)

test-slow: .venv/.dev  ## the tests marked slow
	$(RUN)/python -m pytest -m slow $(PYTEST_ARGS)

KILLS ?= 100

test-kills: .venv/.dev  ## kill runs at random moments, KILLS times, on slow disks, with locked caches, moved folders
	KILLS=$(KILLS) $(RUN)/python -m pytest -m slow -rP tests/faults/test_kills.py $(PYTEST_ARGS)

test-transformers: $(UV)  ## the tests of models in this process, in an environment of their own (gigabytes)
	test -x .venv-transformers/bin/python || .uv/bin/python -m venv .venv-transformers
	.venv-transformers/bin/python -m pip install --quiet -e '.[transformers]' pytest hypothesis
	.venv-transformers/bin/python -m pytest tests/models/test_transformers.py

test-llama-cpp: $(UV)  ## the tests against a real llama.cpp server, in an environment of their own
	test -x .venv-llama-cpp/bin/python || .uv/bin/python -m venv .venv-llama-cpp
	.venv-llama-cpp/bin/python -m pip install --quiet -e . xllamacpp gguf numpy pytest hypothesis
	.venv-llama-cpp/bin/python -m pytest tests/models/test_llama_cpp.py

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

index: .venv/.dev  ## write the index of plugins anew
	$(RUN)/python scripts/plugin_index.py

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

check: lint types docs test  ## what to run before a commit

ci:  ## all that CI runs: also the wheel without extras, and the tests on each Python 3.11 to 3.13 that is found
	.ci/run

lock: $(UV)  ## resolve the dependencies anew
	UV_PYTHON="$(BASE)" $(UV) lock --upgrade

clean:  ## remove everything that these commands made
	rm -rf .uv .venv .venv-3.* .mypy_cache .pytest_cache .ruff_cache .hypothesis docs/_build docs/reference/generated
