# The two commands of the README are `make run` and `make test`; `make help` lists the rest.
.DEFAULT_GOAL := help
PORT ?= 8501
export PYTHON

PY := .venv/bin/python
PYTEST := $(PY) -m pytest

.PHONY: help setup run stack test torture check bench lock clean

help:  ## this list
	@sed -n 's/^\([a-z]*\):.*  ## /  make \1\t/p' Makefile | expand -t 16

setup: .venv/.runtime  ## build .venv from the hash-locked requirements.txt

run: .venv/.runtime var/.demo  ## set up if needed, serve the demo shop (PORT=8501)
	@REFUND_DEMO=1 exec $(PY) -m portal.serve --port $(PORT)

stack: .venv/.dev  ## the hosted shop on this machine: two web replicas behind nginx, workers, PostgreSQL, S3
	@tools/system-packages.sh
	@exec $(PY) -m tests.stack

test: .venv/.dev .venv/.ocr .venv/.dask  ## every test but the torture runs
	@tools/system-packages.sh
	$(PYTEST) -n auto --maxprocesses 4 -m "not browser and not stack and not torture"
	$(PYTEST) -n 0 -m "stack and not torture" tests/stack
	$(PYTEST) -n 2 -m "browser and not torture" tests/browser

torture: .venv/.dev  ## the long races and kill runs (REFUND_TORTURE=10: a night of kills)
	@tools/system-packages.sh
	$(PYTEST) -n 2 -m torture -o faulthandler_timeout=0  # its reminder can break a process that it looks into

check: .venv/.dev  ## lint, format, types, import directions
	$(PY) -m ruff check
	$(PY) -m ruff format --check
	$(PY) -m mypy
	.venv/bin/lint-imports --no-logo

bench: .venv/.dev  ## measured claims, as ratios
	$(PY) -m bench

lock: .venv/.runtime  ## write the lock files anew (newer versions: LOCKFLAGS=--upgrade)
	$(LOCK) tools/uv.in -o tools/uv.txt
	$(LOCK) requirements.in -o requirements.txt
	$(LOCK) requirements-dev.in -o requirements-dev.txt
	$(LOCK) requirements-ocr.in -o requirements-ocr.txt
	$(LOCK) requirements-dask.in -o requirements-dask.txt

clean:  ## remove .venv and caches, keep the data in var/
	rm -rf .venv .*_cache .hypothesis tests/browser/output

# No index address in the lock files: each machine uses its own.
LOCK = UV_CUSTOM_COMPILE_COMMAND="make lock" $(PY) -m uv pip compile --quiet --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url --no-emit-find-links $(LOCKFLAGS)

# Stamps: nothing is installed twice, and a changed lock file is installed at the next start.
.venv/.runtime: requirements.txt tools/uv.txt
	@tools/venv.sh requirements.txt
	@touch $@

.venv/.dev: .venv/.runtime requirements-dev.txt
	@tools/venv.sh requirements.txt requirements-dev.txt
	@touch $@

# Reading pictures (115 MB to fetch) is an extra: `make run` does without. Where it cannot be had, tests of it
# are skipped, and the next `make test` tries again.
.venv/.ocr: .venv/.dev requirements-ocr.txt
	@tools/venv.sh requirements.txt requirements-dev.txt requirements-ocr.txt && touch $@ || \
		echo "The extra of requirements-ocr.txt cannot be installed here: the test with its real models is skipped."

# Replaying on a cluster (10 MB to fetch) is an extra too; nothing but `simulate --scheduler` needs it.
.venv/.dask: .venv/.dev requirements-dask.txt
	@tools/venv.sh requirements.txt requirements-dev.txt requirements-dask.txt && touch $@ || \
		echo "The extra of requirements-dask.txt cannot be installed here: the tests with a cluster are skipped."

# The demo database is made once, and migrated when a migration or a shipped policy is newer than it.
var/.demo: .venv/.runtime $(shell find core/adapters/migrations core/policies -type f -not -name '*.pyc' 2>/dev/null)
	@echo "Preparing the demo shop"
	@REFUND_DEMO=1 $(PY) -m core init --demo 240
	@mkdir -p $(@D) && touch $@

# A deleted database, or one named from outside, is looked at in any case; `init` changes nothing that is there.
ifneq ($(REFUND_DATABASE_URL)$(if $(wildcard var/refund.db),,missing),)
.PHONY: var/.demo
endif
