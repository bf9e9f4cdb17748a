# Needs Python 3.11 or newer: the first one found, or the one you name: make install PYTHON=python3.12
# Everything else is installed into .venv and .venv-sekmet, in the versions of the lock files, checked by their hashes: by
# `make install`, `demo` and `run` what they need; by the other targets the tools of tests and of development too.

IS_NEW_ENOUGH = -c 'import sys; sys.exit(sys.version_info < (3, 11))'
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python $(IS_NEW_ENOUGH) 2>/dev/null && echo $$python && break; done)

REFUSE_AN_OLD_PYTHON = test -n "$(PYTHON)" && $(PYTHON) $(IS_NEW_ENOUGH) || { \
	echo "OsteoCDS needs Python 3.11 or newer; here is $$($(or $(PYTHON),python3) --version 2>&1)." >&2; \
	echo "Install a newer one, or name it: make install PYTHON=/path/to/python3.12" >&2; exit 1; }

TOOL = PYTHONPATH=tests .venv/bin/python -m tools
PIP_INSTALL = -m pip --disable-pip-version-check install --quiet
UV = .venv/bin/uv
UV_INSTALL = $(UV) pip install --quiet --require-hashes --python
FHIR_SERVER = .venv-sekmet/.installed
ifneq ($(PIP_INDEX_URL),)
export UV_DEFAULT_INDEX ?= $(PIP_INDEX_URL)
endif
EXTRAS = --extra otel --extra population --extra postgresql --extra redis
LOCK = .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header

.PHONY: help install demo run test fix bench scale population fuzz replays attack liveness audit load release faults mutation messages catalogue pictures screenshots lock

help: ## say what each target does
	@awk -F ':[^#]*## ' '/^[a-z]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: .venv/.installed $(FHIR_SERVER) ## install OsteoCDS and the demo's FHIR server, in the locked versions

demo: install ## start a FHIR server and the service, fire the hooks, print the cards, stop
	.venv/bin/osteocds demo

run: install ## the same two servers, kept running, with a page to try the service on
	.venv/bin/osteocds demo --keep

test: .venv/.tools $(FHIR_SERVER) ## run every test; TESTS="tests/mappings -x" runs some
	.venv/bin/pytest $(or $(TESTS),--numprocesses=auto --dist=loadfile)

fix: .venv/.tools ## mend style and format
	.venv/bin/ruff check --fix
	.venv/bin/ruff format

bench: .venv/.tools ## measure the service beside a bare Flask view
	$(TOOL).bench

scale: .venv/.tools ## measure how the time of an answer grows with the record
	$(TOOL).scale

population: .venv/.tools ## measure screens of synthetic cohorts (docs/screening.md), of up to a million patients, in SECONDS=3600
	$(TOOL).population --seconds $(or $(SECONDS),3600)

fuzz: .venv/.tools ## change our own requests at random and count errors, slow answers and lost cards; SECONDS=300 SEED=1
	$(TOOL).fuzz --seconds $(or $(SECONDS),60) --seed $(or $(SEED),1)

replays: .venv/.tools ## compute answers to the scenarios anew from their receipts, in other processes, and count the identical; NUMBER=10000
	$(TOOL).replays --number $(or $(NUMBER),10000)

attack: .venv/.tools ## attack a running service, ours or another's, and say what held (docs/attack.md); URL= or none for our own
	$(TOOL).attack $(URL) $(OPTIONS)

liveness: .venv/.tools ## measure how soon /health/live answers while hooks, slow clients and large bodies keep the service busy
	$(TOOL).liveness

audit: .venv/.tools ## write the SBOM of the image's packages (dist/sbom.cdx.json), and look for advisories about them
	$(TOOL).audit

load: .venv/.load ## measure the service under 50, 80 and 200 % of what it can bear, into docs/performance/; SECONDS=600 at 80 %
	$(TOOL).load --seconds $(or $(SECONDS),600)

release: .venv/.tools ## build what is handed over into dist/: wheel, chart, SBOM, changes by rule, sums
	$(TOOL).release

faults: .venv/.tools ## simulate a hundred faults of a site, and how many the shadow report finds in their week, about twenty minutes
	$(TOOL).shadow_faults

mutation: .venv/.tools ## change the rules one at a time and see that a test fails, about an hour; MODULES=service/rules/... for some
	$(TOOL).mutation $(MODULES)

messages: .venv/.tools ## bring the catalogues of messages (*.po) to what the code says; what is new is for a translator
	$(TOOL).messages

catalogue: install ## write the catalogue anew from the rules and their examples
	for language in en $(basename $(notdir $(wildcard service/languages/*.po))); do .venv/bin/osteocds catalogue --guideline bone-metastases --language $$language \
		> service/rules/bone_metastases/catalogue.$$language.md; done

pictures: .venv/.tools ## draw the pictures of the documents anew
	$(TOOL).pictures

screenshots: .venv/.tools $(FHIR_SERVER) ## picture each page of the demo in each mode (dist/screenshots), and those of the README; PAGES="try watch" for some
	$(TOOL).screenshots $(PAGES)

lock: .venv/.installed ## write the lock files anew; UPGRADE=--upgrade in the newest versions that pyproject.toml allows
	$(LOCK) $(UPGRADE) pyproject.toml $(EXTRAS) --output-file requirements.lock
	$(LOCK) $(UPGRADE) pyproject.toml $(EXTRAS) --extra proofs --group test --group lint --group audit --group build --constraint requirements.lock --output-file requirements-dev.lock
	$(LOCK) $(UPGRADE) pyproject.toml --extra spark --constraint requirements.lock --output-file requirements-spark.lock
	$(LOCK) $(UPGRADE) --group load --constraint requirements-dev.lock --output-file requirements-load.lock
	$(LOCK) $(UPGRADE) --group build --output-file requirements-build.lock
	$(LOCK) $(UPGRADE) --group fhir-server --output-file requirements-sekmet.lock

$(UV): requirements-build.lock
	@$(REFUSE_AN_OLD_PYTHON)
	@echo "Making .venv"
	@$(PYTHON) -m venv .venv
	@.venv/bin/python $(PIP_INSTALL) --require-hashes --requirement requirements-build.lock
	@touch $@

.venv/.installed: $(UV) requirements.lock pyproject.toml
	@echo "Installing OsteoCDS into .venv"
	@$(UV_INSTALL) .venv/bin/python --requirements requirements.lock
	@$(UV) pip install --quiet --python .venv/bin/python --no-deps --no-build-isolation --editable .
	@touch $@

.venv/.tools: .venv/.installed requirements-dev.lock requirements-spark.lock
	@echo "Installing the tools of tests and of development into .venv"
	@$(UV_INSTALL) .venv/bin/python --requirements requirements-dev.lock
	@$(UV_INSTALL) .venv/bin/python --no-build-isolation-package pyspark --requirements requirements-spark.lock
	@touch $@

.venv/.load: .venv/.tools requirements-load.lock
	@echo "Installing locust into .venv"
	@$(UV_INSTALL) .venv/bin/python --requirements requirements-load.lock
	@touch $@

$(FHIR_SERVER): $(UV) requirements-sekmet.lock
	@echo "Installing the demo's FHIR server into .venv-sekmet"
	@$(UV) venv --quiet --clear --python .venv/bin/python .venv-sekmet
	@$(UV_INSTALL) .venv-sekmet/bin/python --requirements requirements-sekmet.lock
	@touch $@
