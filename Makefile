# Every target makes the environment it needs, so each of these is one command in a fresh clone: `make demo`, `make test`. `make help` lists them.
#
# PYTHON            the interpreter, 3.10 or later; the first that fits if it is not named
# SMIME_EXTENSION   auto: C where there is a compiler; require: fail without; no: pure Python, in an environment of its own
# PYTEST_ARGS       more for pytest, such as PYTEST_ARGS='tests/vectors -k base64'

MAKEFLAGS += --no-builtin-rules
.DELETE_ON_ERROR:
SHELL := /bin/sh

fits = import sys; sys.exit(sys.version_info < (3, 10))
ifeq ($(origin PYTHON),undefined)
PYTHON := $(shell for p in python3 python3.13 python3.12 python3.11 python3.10 python3.14 python; do $$p -c '$(fits)' 2>/dev/null && { echo $$p; break; }; done)
endif

export SMIME_EXTENSION ?= auto
ifeq ($(SMIME_EXTENSION),no)
VENV ?= .venv-pure
editable =
sources := $(shell find src -name '*.py' -o -name '*.pyi')
else
VENV ?= .venv
editable = -e
sources := $(wildcard csrc/*)
endif

bin := $(VENV)/bin
pip := $(bin)/python -m pip -qq --disable-pip-version-check install
# a stamp for each extension mode: what was built as "auto" may not do for "require"
package := $(VENV)/.package-$(SMIME_EXTENSION)

.PHONY: help demo test lint bench bench-stream sanitize fuzz wheel docs clean
help:
	@echo 'make demo      write a throw-away PKI and a mail archive, then verify and decrypt it'
	@echo 'make test      run the tests'
	@echo 'make lint      ruff, clang-format and mypy'
	@echo 'make bench     measure against raw primitives and other libraries; writes bench/RESULTS.md'
	@echo 'make bench-stream  the same for big files (SIZE=1G)'
	@echo 'make sanitize  kernel tests and fuzz targets under ASan and UBSan'
	@echo 'make fuzz      a short run of each fuzz target, and of mutated mail through verify'
	@echo 'make wheel     build the sdist and the wheel into dist/'
	@echo 'make docs      write the generated pages of docs/ again'

# -- environments --

$(bin)/python:
	@test -n '$(PYTHON)' && $(PYTHON) -c '$(fits)' || { echo 'make: no Python 3.10 or later found; name one: make PYTHON=/path/to/python3' >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo 'make: python cannot make environments (on Debian: apt-get install python3-venv)' >&2; exit 1; }
	@$(pip) --upgrade 'pip>=25.1'

$(package): $(bin)/python pyproject.toml $(wildcard setup.py) $(sources)
	@rm -rf build $(VENV)/.package-*
	@echo 'installing smimekit into $(VENV) (extension: $(SMIME_EXTENSION))'
	@$(pip) $(editable) '.[cli]'
	@touch $@

$(VENV)/.group-%: pyproject.toml | $(bin)/python
	@echo 'installing the group $* into $(VENV)'
	@$(pip) --group $*
	@touch $@

# -- what people run --

DEMO ?= demo
demo: $(package)
	@$(bin)/smime demo --run $(DEMO)

# in as many processes as there are cores; tests that share a peer stay together
PYTEST_JOBS ?= auto
test: $(package) $(VENV)/.group-test
	@$(bin)/python -m pytest -n $(PYTEST_JOBS) --dist loadgroup $(PYTEST_ARGS)

lint: $(package) $(VENV)/.group-lint $(VENV)/.group-test
	@$(bin)/ruff check .
	@$(bin)/ruff format --check .
	@$(bin)/clang-format --dry-run --Werror csrc/*.[ch] fuzz/*.[ch] fuzz/driver/*.c
	@$(bin)/mypy
	@$(bin)/mypy tests/typing

bench: $(package) $(VENV)/.group-bench $(VENV)/.group-test
	@$(bin)/python -m bench $(BENCH_ARGS)

SIZE ?= 1G
bench-stream: $(package)
	@$(bin)/python -m bench.stream --size $(SIZE) $(BENCH_ARGS)

sanitize: $(package) $(VENV)/.group-test
	@$(pip) 'setuptools>=77' cffi
	@PYTHON=$(abspath $(bin)/python) sh fuzz/sanitize.sh

fuzz: $(package) $(VENV)/.group-test
	@PYTHON=$(abspath $(bin)/python) sh fuzz/run.sh $(FUZZ_SECONDS)

wheel: $(bin)/python
	@$(pip) build
	@rm -rf build dist
	@$(bin)/python -m build --outdir dist
	@ls -l dist

docs: $(package)
	@$(bin)/python docs/generate.py

clean:
	rm -rf .venv .venv-pure .peers build dist demo .pytest_cache .mypy_cache .ruff_cache .hypothesis src/*.egg-info
	find src -name '*.so' -delete
