# The commands of the platform. Each target is the exact command that CI runs; `make help` lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
STACK ?= dev
PORT ?= 8000
STATE ?= .local
RELEASE ?= backend
NAMESPACE ?= observability

# uv from PATH, or the copy that local/bootstrap.sh puts beside the checkout's state.
UV = $(shell command -v uv || echo .local/tools/bin/uv)
RUN = $(UV) run --locked --no-sync

.PHONY: help
help: ## list the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

.PHONY: setup
setup: ## install uv (if missing) and the locked dependencies
	@local/bootstrap.sh
	@$(UV) sync --locked --quiet

.PHONY: up
up: ## run the platform on this machine: PostgreSQL, backend, worker (PORT=8000 STATE=.local)
	@local/bootstrap.sh
	@$(UV) sync --locked --quiet --inexact --no-default-groups --group local
	@$(RUN) --no-default-groups python -m local --port $(PORT) --state $(STATE)

.PHONY: test
test: setup ## every test that needs no root and no cluster
	@$(RUN) pytest

.PHONY: check
check: setup ## format, lint, types, import contracts, dead dependencies
	@$(RUN) ruff format --check .
	@$(RUN) ruff check .
	@$(RUN) mypy .
	@$(RUN) lint-imports
	@# The image installs [project.dependencies] alone: backend must use all of them, and no others.
	@$(RUN) deptry backend
	@$(RUN) deptry . --extend-exclude 'backend|benchmarks' --non-dev-dependency-groups infra,local --ignore DEP002

.PHONY: format
format: setup ## format, fix what can be fixed, write generated docs
	@$(RUN) ruff format .
	@$(RUN) ruff check --fix .
	@$(RUN) python -m tests.support.values_table

.PHONY: plan
plan: setup ## run the Pulumi program without an AWS account, write build/plan.json (STACK=dev)
	@$(RUN) python -m infra.plan --stack $(STACK)

.PHONY: image
image: ## build the backend's image and push it (REPOSITORY=<registry>/<name> [VERSION=<tag>])
	@python3.11 -m release image --repository "$(REPOSITORY)" --version "$(VERSION)"

.PHONY: release
release: ## put a version of the backend into the release, and nothing else (VERSION=<tag>)
	@python3.11 -m release upgrade --version "$(VERSION)" --release "$(RELEASE)" --namespace "$(NAMESPACE)"

.PHONY: bench
bench: setup ## measure against floors in the same run, write build/bench.json
	@$(RUN) python -m benchmarks
