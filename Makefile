# The commands of the platform. Each target is the exact command that CI runs; `make help` lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
STACK ?= dev
PORT ?= 8000
STATE ?= .local
CLOUD ?= fake
RELEASE ?= backend
NAMESPACE ?= observability
PLATFORMS ?= linux/amd64

# local/bootstrap.sh installs this environment from the lock. Recipes run its programs directly and not
# through uv, which would need a cache directory and add a process between make and the program. The uv
# that `make setup` installs if there is none comes last: tests build the image with it.
VENV = $(CURDIR)/.venv
RUN = PATH="$(VENV)/bin:$$PATH:$(CURDIR)/.local/tools/bin"
export PORT STATE

.PHONY: help
help: ## list the commands
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | LC_ALL=C sort -t: -k1,1 | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

.PHONY: dependencies
dependencies:
	@local/bootstrap.sh

.PHONY: setup
setup: dependencies ## install everything: uv, the locked dependencies and, as root on Debian, programs for the tests
	@local/tools.sh

.PHONY: up
up: ## run the platform on this machine until Ctrl-C (PORT=8000 STATE=.local)
	@local/bootstrap.sh --inexact --no-default-groups --group local
	@exec "$(VENV)/bin/python" -m local --stop-with-parent --port "$$PORT" --state "$$STATE"

.PHONY: backup
backup: dependencies ## write the local database to a file, also while the platform runs (FILE= STATE=.local)
	@$(RUN) python -m local.backup backup --state "$$STATE" --file "$(FILE)"

.PHONY: restore
restore: dependencies ## put a backup in the place of the local database, which is kept (FILE= STATE=.local)
	@$(RUN) python -m local.backup restore --state "$$STATE" --file "$(FILE)"

# Two runs: everything in parallel, on PostgreSQL 15 where Debian's package is installed, as in
# production; then what depends on the version again, on the one that `make up` brings.
.PHONY: test
test: dependencies ## every test that needs no root and no cluster
	@$(RUN) tests/run.sh

# Not part of `make test`: tracing doubles the CPU time of the tests. CI does not run it.
.PHONY: coverage
coverage: dependencies ## the same tests, and which lines and branches no test runs
	@$(RUN) pytest --numprocesses=auto --dist=loadgroup --cov --cov-report=term

# CI does not run it.
.PHONY: test-clock
test-clock: dependencies ## the tests that can depend on the clock, at five moments in four zones (needs cc)
	@$(RUN) tests/clock.sh

.PHONY: check
check: dependencies ## format, lint, types, import contracts, dead dependencies, width of Markdown
	@$(RUN) ruff format --check .
	@$(RUN) ruff check .
	@$(RUN) mypy .
	@$(RUN) lint-imports
	@# The image installs [project.dependencies] alone: backend must use all of them, and no others.
	@$(RUN) deptry backend
	@$(RUN) deptry . --extend-exclude 'backend|benchmarks|e2e|conftest' --non-dev-dependency-groups infra,dashboards,local --ignore DEP002
	@$(RUN) python -m tests.support.markdown_lines

.PHONY: format
format: dependencies ## format, fix what can be fixed, write generated docs
	@$(RUN) ruff format .
	@$(RUN) ruff check --fix .
	@$(RUN) python -m tests.support.values_table

.PHONY: plan
plan: dependencies ## run the Pulumi program without an AWS account, write build/plan.json (STACK=dev SINCE=<old plan.json>)
	@$(RUN) python -m infra.plan --stack $(STACK) $(if $(SINCE),--since "$(SINCE)")

# Deletes nothing. Needs the AWS CLI and its credentials.
.PHONY: leftovers
leftovers: dependencies ## list what AWS still has of a destroyed stack, its price, and how to delete it (STACK=dev)
	@$(RUN) python -m infra.plan.leftovers --stack $(STACK)

# The dashboards are committed; a test compares them with the output of this target.
.PHONY: dashboards
dashboards: dependencies ## write the JSON of Grafana's dashboards
	@$(RUN) python -m dashboards

.PHONY: log-config
log-config: dependencies ## write the configurations of Loki and Alloy to build/, to check them with their own programs
	@$(RUN) python -m tests.support.log_configurations

.PHONY: image
image: ## build the backend's image and push it (REPOSITORY=<registry>/<name> [VERSION=<tag>] PLATFORMS=linux/amd64)
	@python3.11 -m release image --repository "$(REPOSITORY)" --version "$(VERSION)" --platforms "$(PLATFORMS)"

.PHONY: release
release: ## deploy a version of the backend, and change nothing else (VERSION=<tag>)
	@python3.11 -m release upgrade --version "$(VERSION)" --release "$(RELEASE)" --namespace "$(NAMESPACE)"

.PHONY: charts
charts: dependencies ## pull third-party charts into a cache, and check their checksums (CHARTS=<folder>)
	@$(RUN) python -m tests.support.chart_archives

.PHONY: charts-lock
charts-lock: dependencies ## pull them, and record missing checksums in infra/third_party/charts.lock
	@$(RUN) python -m tests.support.chart_archives --lock

# Needs only root, Debian and package registries. DRILL=<name> runs one drill, SUBSET=ci a shorter list.
# KEEP=1 leaves everything running. STACK=observability also deploys the monitoring stack, and runs its
# drills instead. CLOUD=aws, without root, runs on a real account what needs only a deployed stack: it
# asks first (or needs CONFIRM=<account>), and destroys everything at the end.
.PHONY: e2e
e2e: dependencies ## as root: deploy on a real Kubernetes on this machine and drill it (STACK= DRILL= KEEP=1 CLOUD=aws)
	@$(RUN) python -m e2e $(foreach drill,$(DRILL),--drill $(drill)) $(if $(SUBSET),--subset $(SUBSET)) \
		$(if $(filter-out 0,$(KEEP)),--keep) \
		$(if $(filter-out dev,$(STACK)),--stack $(STACK)) --cloud $(CLOUD)

.PHONY: e2e-parts
e2e-parts: dependencies ## as root: test each part of `make e2e` alone
	@$(RUN) pytest e2e/tests/machine

.PHONY: e2e-down
e2e-down: dependencies ## end what `make e2e KEEP=1` left running, or a killed run on AWS (CLOUD=aws)
	@$(RUN) python -m e2e down --cloud $(CLOUD)

.PHONY: bench
bench: dependencies ## measure against floors in the same run, write build/bench.json
	@$(RUN) python -m benchmarks

.PHONY: bench-size
bench-size: dependencies ## the same with a million alerts and ten million episodes (30 minutes, 10 GB)
	@$(RUN) python -m benchmarks.size
