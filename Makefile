# `make` alone lists what there is. `make demo` runs the portal, `make test` proves it.
SHELL := /bin/sh
PYTHON := .venv/bin/python
MANAGE := $(PYTHON) manage.py
PORT ?= 8000
SOAK ?= 700

.PHONY: help
help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 20

var/environment-run: uv.lock pyproject.toml .ci/environment
	@.ci/environment --no-dev
	@mkdir -p var && touch $@

var/environment-dev: uv.lock pyproject.toml .ci/environment
	@.ci/environment
	@mkdir -p var && touch $@ var/environment-run

.PHONY: demo
demo: var/environment-run  ## run the portal with its demo on this machine; Ctrl-C ends it
	@$(MANAGE) demo --port $(PORT)

.PHONY: demo-reset
demo-reset: var/environment-run  ## throw the demo's data away and start over
	@$(MANAGE) demo --port $(PORT) --reset

.PHONY: test
test: var/environment-dev  ## everything: services, static checks, the whole suite
	@.ci/services
	@$(MAKE) --no-print-directory check
	@# Both at once: the one process of SQLite fills what the two workers leave idle. Its report is printed when both have ended.
	@GUILDHALL_TEST_ENGINE=sqlite GUILDHALL_TEST_DB=embedded \
	  $(PYTHON) -m pytest -m embedded -q -p no:cacheprovider $(if $(CI),--create-db) >var/embedded.log 2>&1 & embedded=$$!; \
	trap 'kill $$embedded 2>/dev/null' INT TERM; \
	$(PYTHON) -m pytest -n 2 --dist loadgroup $(if $(CI),--create-db) && whole=0 || whole=$$?; \
	wait $$embedded && part=0 || part=$$?; \
	echo; echo "On SQLite:"; cat var/embedded.log; \
	exit $$((whole | part))

.PHONY: soak
soak: var/environment-dev  ## two million cases of the rules that money hangs on, in about two hours; SOAK=7000 for ten times as many
	@.ci/services
	@GUILDHALL_SOAK=$(SOAK) $(PYTHON) -m pytest -q -n 2 --dist worksteal tests/leads/test_routing.py tests/leads/test_replaying.py \
	  tests/leads/test_hours.py tests/leads/test_policies.py tests/leads/test_coarsening.py tests/leads/test_corrections.py \
	  tests/leads/test_slots.py tests/leads/test_rerouting.py tests/leads/test_performance.py tests/leads/test_concurrency.py \
	  tests/leads/test_side_by_side.py

.PHONY: bench
bench: var/environment-dev  ## what pages and searches cost, beside their limits; WORKS="search" for some
	@.ci/services
	@$(PYTHON) -m tests.bench $(WORKS)

.PHONY: check
check: var/environment-dev  ## the static part of the gate
	@$(MAKE) --no-print-directory --jobs=2 --keep-going --output-sync=target check-types check-django check-form check-floors

.PHONY: check-types
check-types: var/environment-dev
	@.venv/bin/mypy

.PHONY: check-django
check-django: var/environment-dev
	@GUILDHALL_TEST_ENGINE=sqlite DJANGO_SETTINGS_MODULE=tests.settings $(MANAGE) makemigrations --check --dry-run >/dev/null
	@env -i PATH="$$PATH" HOME="$$HOME" GUILDHALL_MODE=production SECRET_KEY=$$($(PYTHON) -c 'import secrets; print(secrets.token_urlsafe(60))') \
	  BASE_URL=https://portal.example.com ALLOWED_HOSTS=portal.example.com $(MANAGE) check --deploy --fail-level WARNING >/dev/null

.PHONY: check-form
check-form: var/environment-dev
	@.venv/bin/ruff format --check .
	@.venv/bin/ruff check .
	@.venv/bin/djlint --quiet --lint portal training certification

.PHONY: check-floors
check-floors: var/environment-dev
	@.venv/bin/lint-imports --no-cache

.PHONY: format
format: var/environment-dev  ## put the code into the house's form
	@.venv/bin/ruff check --fix .
	@.venv/bin/ruff format .

.PHONY: messages
messages: var/environment-dev  ## gather strings into the catalogues and compile them
	@.venv/bin/python manage.py makemessages --all --no-obsolete --no-location --ignore .venv --ignore var
	@.venv/bin/python manage.py compilemessages --ignore .venv

.PHONY: clean
clean:  ## remove what can be made again
	@rm -rf .venv var .mypy_cache .ruff_cache .pytest_cache .hypothesis
