# Two commands do nearly everything: `make run` and `make test`. `make help` lists the rest.

PYTHON ?= python3
VENV ?= .venv
PY := "$(VENV)/bin/python"
APPS := billing_platform organisations events invoicing payments reconciliation
INSTALL := @$(PYTHON) -I billing_platform/local/install.py --venv "$(VENV)"
PIP_AUDIT := 2.10.1
LOCK := $(PY) -m uv pip compile --python-version 3.11 --universal --generate-hashes --no-header --quiet

.DEFAULT_GOAL := help
.PHONY: help run shell manage test test-slow check audit format bench bench-quick bench-volume translations lock settings errors examples install install-dev clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

run: $(if $(RELOAD),install-dev,install) ## start everything, print the address, log-ins and a key; RELOAD=1 follows the code
	@exec $(PY) -m billing_platform.local run $(if $(RELOAD),--reload)

shell: install ## a Django shell on the platform, running or stopped
	@exec $(PY) -m billing_platform.local manage shell

manage: install ## a management command on the platform, running or stopped: make manage ARGS=partitions
	@exec $(PY) -m billing_platform.local manage $(ARGS)

test: install-dev ## run the tests on all cores and on servers of their own; ARGS="-k pricing" picks some
	@exec $(PY) -m pytest -n auto $(ARGS)

test-slow: install-dev ## the tests that take minutes, one after the other
	@exec $(PY) -m pytest -m slow $(ARGS)

# What a production machine would set: `check --deploy` is to find nothing but faults of the code.
check: export SECRET_KEY := not-a-secret-only-long-enough-for-the-deployment-check-0123456789
check: export SITE_URL := https://billing.example.com
check: export ALLOWED_HOSTS := billing.example.com
check: export PROOF_SIGNING_KEY := ZXZlcnlib2R5IG1heSByZWFkIHRoaXMgdGVzdCBrZXk=
check: export EMAIL_URL := smtp+tls://user:password@mail.example.com:587
check: export RAZORPAY_KEY_ID := rzp_test_check
check: export RAZORPAY_KEY_SECRET := check
check: export RAZORPAY_WEBHOOK_SECRET := check
check: install-dev ## style, types, import arrow, missing migrations, deployment check
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy $(APPS) examples/python
	$(PY) -m mypy --config-file billing_platform/local/razorpay/mypy.ini billing_platform/local/razorpay
	"$(VENV)/bin/lint-imports" --no-logo
	$(PY) -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run
	$(PY) manage.py check --deploy --fail-level WARNING

audit: install-dev ## known vulnerabilities of what we install; asks PyPI, so it needs a network and is no part of check
	$(PY) -m uv tool run pip-audit==$(PIP_AUDIT) --strict --disable-pip --require-hashes -r requirements.txt -r tests/requirements.txt

format: install-dev ## let ruff format and sort
	$(PY) -m ruff check --fix --quiet .
	$(PY) -m ruff format .

bench: install-dev ## measure accepting, settling and billing; writes var/bench.json
	@exec $(PY) -m tests.bench $(ARGS)

bench-quick: install-dev ## the same, smaller, in about a minute
	@exec $(PY) -m tests.bench --quick $(ARGS)

translations: install-dev ## find new words of e-mails, and compile locale/*/LC_MESSAGES/django.po
	$(PY) manage.py update_translations

bench-volume: install-dev ## ask pages and API for 10,000 customers, a million invoices, 20 million events; VOLUME_SCALE=0.01 to try
	@exec $(PY) -m tests.bench.volume $(ARGS)

lock: install-dev ## write requirements.txt and tests/requirements.txt anew from pyproject.toml
	$(LOCK) pyproject.toml -o requirements.txt
	$(LOCK) --group dev -c requirements.txt -o tests/requirements.txt

settings: install-dev ## write docs/settings.md and deploy/env.example anew from the settings
	$(PY) -m billing_platform.local.settings_reference

errors: install-dev ## write docs/errors.md anew from the code
	$(PY) -m billing_platform.local.errors_reference

examples: install-dev ## write the bodies of docs/api.md's calls anew into what OpenAPI shows
	$(PY) -m billing_platform.local.request_examples

install:
	$(INSTALL) requirements.txt

install-dev:
	$(INSTALL) requirements.txt tests/requirements.txt

clean: ## remove caches and what tests left; var/ keeps the data of `make run`
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage htmlcov var/test var/test-*
	find . -name __pycache__ -type d -not -path "./.venv/*" -prune -exec rm -rf {} +
