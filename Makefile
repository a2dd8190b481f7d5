# Everything runs in .venv, which is made from the lock files. `make help` lists what there is.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
EVAL ?= ../shared/eval
LOG := $(VENV)/setup.log
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input
SHELL := bash
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.PHONY: help run demo test lint golden injection eval faults bench bench-load bench-retrieval bench-index lock clean setup models FORCE
.NOTPARALLEL:
.SILENT:

help: ## Show this list
	echo "Dateline: ask your news articles a question, get a cited answer."
	sed -nE 's/^([a-z-]+):.*## (.*)/  make \1	\2/p' $(firstword $(MAKEFILE_LIST))

run: setup models ## Set up, answer an example question, then serve (PORT=8001 for another port)
	$(BIN)/dateline demo --serve $(if $(PORT),--port $(PORT))

demo: setup models ## Set up, answer an example question, and end
	$(BIN)/dateline demo

test: setup models ## Run the tests (ARGS="-k name" for some of them)
	$(BIN)/dateline models pull smollm2-135m
	$(BIN)/python -m pytest $(ARGS)

lint: setup ## Check style, types and the modules' layers
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

golden: setup models ## Answer the golden questions and compare with what is expected
	$(BIN)/python -m bench.golden $(ARGS)

injection: setup models ## Ask articles that try to give the model orders (ARGS="--misses")
	$(BIN)/python -m bench.injection $(ARGS)

eval: $(EVAL) setup models ## Measure on the evaluation sets, beside an anchor (ARGS="--limit 5"; EVAL=their folder)
	$(BIN)/dateline eval $(EVAL) --anchor $(ARGS)

faults: setup ## Kill it, damage its files, fill its disk, race for its directory (ARGS="--trials 100")
	$(BIN)/python -m bench.faults $(ARGS)

bench: $(EVAL) setup models ## Speed and memory beside the stock stack and llama.cpp's (ARGS="--only asks --n 4")
	$(BIN)/python -m bench.speed $(EVAL) $(ARGS)

bench-load: setup models ## Half an hour of mixed load: nothing lost, nothing leaked (ARGS="--minutes 5")
	$(BIN)/python -m bench.load $(ARGS)

bench-retrieval: setup models ## Retrieval against dense, lexical and LangChain's stock (ARGS="--data DIR")
	$(BIN)/python -m bench.retrieval $(ARGS)

bench-index: setup models ## What an index costs at 1k, 10k and 100k passages (ARGS="--data DIR")
	$(BIN)/python -m bench.indexing $(ARGS)

lock: $(VENV)/.tools ## Write the lock files anew after a change of pyproject.toml (UPGRADE=1: newest versions)
	$(COMPILE) --output-file requirements.lock pyproject.toml --group dev
	$(COMPILE) --output-file requirements.build.lock --group tools --constraint requirements.lock
	echo "Written: requirements.lock, requirements.build.lock"

clean: ## Remove .venv and caches; articles and models stay
	rm -rf $(VENV) {.,client}/{build,dist} *.egg-info client/src/*.egg-info .mypy_cache \
		.ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# One lock for every platform and Python version, each file of each package with its hash.
COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--custom-compile-command 'make lock' $(if $(UPGRADE),--upgrade)

setup: $(VENV)/.ready

models: setup
	$(BIN)/dateline models pull

$(EVAL):
	echo "The evaluation sets are not in $@. Say where they are: make $(or $(firstword $(MAKECMDGOALS)),eval) EVAL=folder"
	exit 1

# A virtual environment does not survive being moved or copied: where it was made is noted in it.
ifneq "$(shell cat $(VENV)/.place 2>/dev/null)" "$(CURDIR)"
$(VENV)/.tools: FORCE
endif

# pip itself, and what builds packages from source.
$(VENV)/.tools: requirements.build.lock
	$(call NEEDS,command -v $(PYTHON),Dateline needs Python 3.11 to 3.13 and $(PYTHON) is not there.)
	$(call NEEDS,$(PYTHON) -c $(IS_RIGHT_PYTHON),Dateline needs Python 3.11 to 3.13; \
		$(PYTHON) is another. If you have one: make PYTHON=python3.11)
	$(call NEEDS,$(PYTHON) -c 'import ensurepip$(COMMA) venv',Python cannot make virtual \
		environments here. Debian and Ubuntu: apt install python3-venv)
	$(call NEEDS,$(CPP) -x c++ -fsyntax-only - <<< '#include <vector>',No C++ compiler was \
		found. Debian and Ubuntu: apt install gcc g++. macOS: xcode-select --install)
	$(call NEEDS,$(C) -x c -fsyntax-only - <<< '#include <stdlib.h>',No C compiler was \
		found. Debian and Ubuntu: apt install gcc g++. macOS: xcode-select --install)
	echo "Setting up $(VENV) with $$($(PYTHON) --version)"
	$(PYTHON) -m venv --clear $(VENV)
	$(PIP) install --require-hashes -r requirements.build.lock > $(LOG) 2>&1 || { $(FAILED); }
	echo "$(CURDIR)" > $(VENV)/.place
	touch $@

# The packages, then Dateline itself. All that is built is built by the tools above, not by
# whatever an isolated build would fetch.
$(VENV)/.ready: $(VENV)/.tools requirements.lock pyproject.toml
	echo "Installing what requirements.lock names"
	echo "$(LLAMA_CMAKE)" > $(VENV)/llama.cmake
	CC="$(C)" CXX="$(CPP)" PATH="$(CURDIR)/$(BIN):$$PATH" CMAKE_ARGS="$(LLAMA_FLAGS) $$CMAKE_ARGS" \
		$(PIP) install --verbose --progress-bar off --require-hashes --no-build-isolation \
		-r requirements.lock 2>&1 | tee $(LOG) | $(TELL); [ $${PIPESTATUS[0]} = 0 ] || { $(FAILED); }
	$(PIP) install --no-deps --no-build-isolation --editable . > $(LOG) 2>&1 || { $(FAILED); }
	touch $@

# llama.cpp without what Dateline does not use: vision, and the library that llama.cpp's own
# programs share, which the package's build file insists on: 83 files to compile instead of 140.
LLAMA_CMAKE := set(LLAMA_BUILD_COMMON OFF)
LLAMA_FLAGS := -DLLAVA_BUILD=OFF -DCMAKE_PROJECT_INCLUDE='$(CURDIR)/$(VENV)/llama.cmake'

# pip says thousands of things but nothing while it compiles, or all of it: these are what to see.
SEEN := Downloading .*[0-9]{2,}\.[0-9] MB|Building wheel.*started|\[[0-9]+/[0-9]+\]
define TELL
grep --line-buffered -E '^ *($(SEEN))' | { shown=0; \
	while read -r what name size _; do \
		case "$$what" in \
		Downloading) echo "  fetching $$name ($${size#(} MB)" ;; \
		Building) SECONDS=0; \
			echo "  compiling llama.cpp for this processor: a few minutes, once a machine" ;; \
		*) done=$${what%/*}; done=$${done#[}; all=$${what#*/}; all=$${all%]}; \
			if [ $$((10 * done / all)) -gt $$shown ]; then \
				shown=$$((10 * done / all)); \
				echo "  compiled $$done of $$all files in $$SECONDS s"; \
			fi ;; \
		esac; \
	done; }
endef

FAILED = if grep -qiE 'connection (broken|error)' $(LOG); then echo "The package index was not reached."; \
	else grep -m 1 -E '(ERROR|[Ee]rror)( at|:) ' $(LOG); fi; \
	echo "The set-up failed. All that was said is in $(LOG)."; exit 1
NEEDS = $1 > /dev/null 2>&1 || { echo "$(strip $2)"; exit 1; }
IS_RIGHT_PYTHON := 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))'
# Said to the build too, which else takes the compiler that Python itself was built with.
CPP := $${CXX:-$$(command -v c++ || command -v g++ || command -v clang++ || echo c++)}
C := $${CC:-$$(command -v cc || command -v gcc || command -v clang || echo cc)}
COMMA := ,
