# make demo: a printed calendar for a real protocol. make test: the tests. make help: the rest.
PYTHON ?= python3
BIN := .venv/bin
LDN := $(BIN)/ldn-titration

.PHONY: help setup demo test peers peers-ready check bench docs cases clean \
  dist sbom pins release-check versions audit properties million spark prove

help:
	@echo "make setup   a .venv with all that a plan can be written as"
	@echo "make demo    plan the example of 18 weeks of drops: build/calendar.pdf and .html"
	@echo "make test    the tests"
	@echo "make peers   the checks with foreign programs: Chromium, npm's readers (needs node, chromium)"
	@echo "make check   lint, types, layers, docstrings, stale files"
	@echo "make bench   the benchmarks, into docs/benchmarks.md"
	@echo "make docs    the generated reference pages, and the site: build/site/index.html"
	@echo "make cases   write the golden cases anew; read the difference before committing"
	@echo "make dist    wheel, sdist and bill of materials of the last commit: dist/"
	@echo "make release-check  the tests against the installed wheel; make versions: on the oldest"
	@echo "             and the newest packages; make audit: the advisories against them"
	@echo "make properties  each property with 1,000 examples"
	@echo "make million a million people and plans through the cohort and one by one (15 minutes)"
	@echo "make spark   the tests of cohorts on Spark (needs a JVM)"
	@echo "make prove   all that shows that it can be trusted, in one table (hours; see docs/safety)"
	@echo "make pins    requirements/ written anew from pyproject.toml (needs the network)"

.venv/setup: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable ".[pdf,ical]"
	@touch $@

PINNED := -m pip install --quiet --require-hashes --requirement

.venv/dev: pyproject.toml requirements/dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python $(PINNED) requirements/dev.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch .venv/setup $@

.venv/prove: .venv/dev requirements/prove.txt
	$(BIN)/python $(PINNED) requirements/prove.txt
	@touch $@

setup: .venv/setup

demo: setup
	@mkdir -p build
	@$(LDN) plan examples/drops-18-weeks.json --format text
	@$(LDN) plan examples/drops-18-weeks.json --out build/calendar.pdf --overwrite
	@$(LDN) plan examples/drops-18-weeks.json --out build/calendar.html --overwrite
	@echo
	@echo "Written: build/calendar.pdf and build/calendar.html"

test: .venv/dev
	$(BIN)/python -m pytest --numprocesses auto $(ONLY)

PEERS := tests/peers/node_modules/.package-lock.json

$(PEERS): tests/peers/package.json
	@command -v npm >/dev/null || { echo "make peers needs node 18 or newer with npm, and" \
	  "chromium; on Debian: apt-get install nodejs npm chromium"; exit 1; }
	npm install --prefix tests/peers --no-progress --loglevel=error
	@touch $@

CALENDARS := build/calendar-env

$(CALENDARS)/ready: tests/peers/requirements.txt
	$(PYTHON) -m venv $(CALENDARS)
	$(CALENDARS)/bin/python -m pip install --quiet --requirement $<
	@touch $@

peers-ready: .venv/dev $(PEERS) $(CALENDARS)/ready
	@command -v node >/dev/null || { echo "make peers needs node 18 or newer"; exit 1; }
	@command -v chromium || command -v chromium-browser || command -v google-chrome || { \
	  echo "make peers needs chromium; on Debian: apt-get install chromium"; exit 1; }

peers: peers-ready
	$(BIN)/python -m pytest -s tests/peers

check: .venv/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python tools/generate.py --check
	$(BIN)/python tools/sbom.py --check

bench: .venv/dev
	$(BIN)/python $(PINNED) requirements/bench.txt
	$(BIN)/python tools/bench.py
	$(BIN)/python tools/bench_cohort.py

docs: .venv/dev
	$(BIN)/python $(PINNED) requirements/docs.txt
	$(BIN)/python tools/generate.py
	rm -rf build/site
	$(BIN)/python -m sphinx --quiet --fresh-env --fail-on-warning --keep-going \
	  -d build/doctrees docs build/site
	$(BIN)/python tools/offline.py build/site
	@echo "Written: build/site/index.html"

cases: .venv/setup
	$(BIN)/python tools/cases.py

sbom: .venv/dev
	$(BIN)/python tools/sbom.py

pins: .venv/dev
	$(BIN)/python -m pip install --quiet --group pins
	$(BIN)/python tools/pins.py

dist: .venv/dev
	$(BIN)/python tools/dist.py

release-check: .venv/prove
	$(BIN)/python tools/installed.py release

versions: .venv/prove
	$(BIN)/python tools/installed.py versions

properties: .venv/dev
	LDN_EXAMPLES=1000 $(BIN)/python -m pytest --numprocesses auto tests/properties

million: .venv/dev
	PYTHONPATH=tests $(BIN)/python tools/million.py $(PEOPLE)

.venv/spark: .venv/dev requirements/spark.txt
	$(BIN)/python $(PINNED) requirements/spark.txt
	@touch $@

spark: .venv/spark
	@command -v java >/dev/null || { echo "make spark needs a JVM, 17 or newer; on Debian:" \
	  "apt-get install default-jre-headless"; exit 1; }
	$(BIN)/python -m pytest tests/spark

prove: .venv/prove
	$(BIN)/python tools/prove.py

audit: .venv/prove
	PYTHONPATH=tools $(BIN)/python tools/proofs/audit.py

clean:
	rm -rf .venv build dist
