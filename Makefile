NEWER := import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do "$$p" -c '$(NEWER)' 2>/dev/null && echo "$$p" && break; done)
IS_39 := import sys; sys.exit(sys.version_info[:2] != (3, 9))
PYTHON39 ?= $(shell for p in python3.9 "$${PYENV_ROOT:-$$HOME/.pyenv}"/versions/3.9*/bin/python; do "$$p" -c '$(IS_39)' 2>/dev/null && echo "$$p" && break; done)
VENV := .venv
BIN := $(VENV)/bin
PYSHELL := .venv-pyshell
BENCH := .venv-bench
SEEDS ?= 20
# test files that run beside each other; each worker has servers and a Spark session of its own, so give it 3 GB
WORKERS ?= 2
TESTING := --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder
PIP := -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps
# lets every Python process that the tests start count its coverage; does nothing unless the variable is set
COVER := import os; os.environ.get("COVERAGE_PROCESS_START") and __import__("coverage").process_startup()
PURELIB := import sysconfig; print(sysconfig.get_path("purelib"))

.PHONY: help install demo test coverage test-terraform unit soak athena-answers lint audit release deploy destroy lost-changes bench clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "%-14s %s\n", $$1, $$2}'

demo: install ## The main job on this machine, from an empty source to the warehouse
	$(BIN)/python -m totelake.demo

test: install ## All tests
	$(BIN)/python -m pytest $(TESTING)

coverage: install ## All tests, and the coverage gate over unit and integration tests and every process they start
	rm -f .coverage .coverage.*
	COVERAGE_PROCESS_START=$(CURDIR)/pyproject.toml COVERAGE_FILE=$(CURDIR)/.coverage $(BIN)/python -m pytest $(TESTING)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

unit: install ## The fast tests, without servers
	$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadfile tests/unit

soak: install ## The fault tests with every step of every job and SEEDS random schedules (SEEDS=20)
	TOTELAKE_SOAK_SEEDS=$(SEEDS) $(BIN)/python -m pytest --timeout 14400 \
		$(TESTING) --verbose tests/faults

test-terraform: install ## Deploy, run and tear down with the real AWS provider on a local stack (TERRAFORM_PLUGINS: its mirror)
	TOTELAKE_TEST_PROVIDER=1 $(BIN)/python -m pytest tests/provider

athena-answers: install ## Ask Trino, Athena's engine, what tests/athena holds the local answers against (TRINO_LIB: its jars)
	@PYTHONPATH=lib:. $(BIN)/python -m tests.athena.make_answers

lint: install ## Check style, types and security
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy lib
	$(BIN)/bandit --quiet --configfile pyproject.toml --recursive lib glue_jobs

audit: install ## Known vulnerabilities of every pinned package; needs the network
	$(BIN)/pip-audit --strict --disable-pip --no-deps --requirement requirements/dev.txt
	@# Glue's own set is years old and not ours to choose; its findings are told, and docs/security.md judges them
	-$(BIN)/pip-audit --strict --disable-pip --no-deps --requirement constraints/pyshell.txt

release: install ## Build the wheels and scripts once, into dist/release, under their content hash
	@rm -rf dist/release
	@$(BIN)/python -m totelake.deploy.environment build dist/release

deploy: install ## To AWS: publish the release, apply Terraform (ENV=dev; RELEASE=hash rolls back; ADOPT=1, YES=1)
	@[ -n "$$ENV" ] || { echo "name an environment of terraform/environments with ENV=, such as ENV=dev" >&2; exit 1; }
	@$(BIN)/python -m totelake.deploy.environment deploy "$$ENV" \
	  $${RELEASE:+--release "$$RELEASE"} $${FROM:+--from "$$FROM"} $${ADOPT:+--adopt} $${YES:+--yes}

destroy: install ## Tear a deployment down (ENV=dev; DATA=keep or DATA=delete; CONFIRM=its name, YES=1)
	@[ -n "$$ENV" ] || { echo "name an environment of terraform/environments with ENV=, such as ENV=dev" >&2; exit 1; }
	@case "$$DATA" in keep|delete) ;; *) echo "say with DATA=keep or DATA=delete what becomes of the data" >&2; exit 1;; esac
	@$(BIN)/python -m totelake.deploy.environment destroy "$$ENV" "--$$DATA-data" $${CONFIRM:+--confirm "$$CONFIRM"} $${YES:+--yes}

lost-changes: $(BENCH)/.installed ## Which changes totelake, dlt and a watermark lose (ARGS="--json", ARGS="--orders 500")
	@PYTHONPATH=lib:. $(BENCH)/bin/python -m tests.benchmarks.lost_changes $(ARGS)

bench: install $(BENCH)/.installed ## How fast totelake is beside others (ARGS="--orders 1000000 --repeat 3 --only ingest,load")
	@PYTHONPATH=lib:. $(BIN)/python -m tests.benchmarks.bench $(ARGS)

install: $(VENV)/.installed $(PYSHELL)/.installed ## Create .venv with everything, and .venv-pyshell as Glue's Python shell has it

$(VENV)/.installed: requirements/dev.txt setup.py pyproject.toml lib/totelake/stack/jars.py lib/totelake/stack/spark.py lib/totelake/stack/warm_up.py
	@[ -n "$(PYTHON)" ] || { echo "no Python 3.11, 3.12 or 3.13 found; install one or name it with PYTHON=" >&2; exit 1; }
	"$(PYTHON)" -m venv $(VENV)
	$(BIN)/python $(PIP) --requirement requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@echo '$(COVER)' > "$$($(BIN)/python -c '$(PURELIB)')/cover_subprocesses.pth"
	$(BIN)/python -m totelake.stack.prepare
	@touch $@

$(PYSHELL)/.installed: constraints/pyshell.txt requirements/pyshell-test.txt
	@mkdir -p $(PYSHELL)
ifeq ($(PYTHON39),)
	@echo "no Python 3.9 found: Python-shell jobs and their tests run on the Python of $(VENV) (name one with PYTHON39=)" >&2
else
	"$(PYTHON39)" -m venv $(PYSHELL)
	$(PYSHELL)/bin/python $(PIP) --requirement constraints/pyshell.txt
	$(PYSHELL)/bin/python $(PIP) --requirement requirements/pyshell-test.txt
	@echo '$(COVER)' > "$$($(PYSHELL)/bin/python -c '$(PURELIB)')/cover_subprocesses.pth"
endif
	@touch $@

$(BENCH)/.installed: requirements/bench.txt
	@[ -n "$(PYTHON)" ] || { echo "no Python 3.11, 3.12 or 3.13 found; install one or name it with PYTHON=" >&2; exit 1; }
	@echo "making $(BENCH) from requirements/bench.txt" >&2
	@"$(PYTHON)" -m venv $(BENCH)
	@$(BENCH)/bin/python $(PIP) --requirement requirements/bench.txt
	@touch $@

clean: ## Remove what the targets made
	rm -rf $(VENV) $(PYSHELL) $(BENCH) build dist .pytest_cache .mypy_cache .ruff_cache .coverage .coverage.* lib/*.egg-info
