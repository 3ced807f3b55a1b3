PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Tests mostly wait (for leases, for processes): more of them than cores run at once.
WORKERS ?= 4

.PHONY: demo test test-chaos black-friday bench check security sbom licences test-system lock openapi clean
.DEFAULT_GOAL := help

help: ## what each target does
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(VENV)/.runtime: requirements.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.runtime
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

$(VENV)/.bench: requirements-bench.lock $(VENV)/.dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-bench.lock
	touch $@

demo: $(VENV)/.runtime ## an ERP's day against the sandbox, on SQLite, with both catalogue codecs
	$(BIN)/python -m app demo

test: $(VENV)/.dev ## every test that needs nothing but PyPI; PostgreSQL comes from a wheel
	$(BIN)/python -m pytest -m "not system and not chaos and not black_friday" --numprocesses $(WORKERS) --dist worksteal

test-chaos: $(VENV)/.dev ## minutes of kill -9, outages and full disks under load; CHAOS_SEED repeats a run's choices
	$(BIN)/python -m pytest -s -m "not black_friday" tests/chaos

black-friday: $(VENV)/.dev ## ten minutes: 5,000 orders at once, and everything breaks that can; ends with a table; ORDERS and SCALE
	$(BIN)/python -m pytest -s -m black_friday tests/chaos

bench: $(VENV)/.bench ## measure everything against its yardstick (docs/performance.md); ONLY=a,c and QUICK=1 pick
	ONLY="$(ONLY)" QUICK="$(QUICK)" $(BIN)/python -m bench

check: $(VENV)/.dev ## formatting, lint, types, import contract, unused dependencies
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry app

TOOLS := .tools
# What checks and lists, apart from what runs: each lock in an environment of its own.
$(TOOLS)/%/.installed: requirements-%.lock
	test -x $(TOOLS)/$*/bin/python || $(PYTHON) -m venv $(TOOLS)/$*
	$(TOOLS)/$*/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	touch $@

# A tool that is missing is an error, and never a pass; .checkov.yaml and [tool.bandit] say what is left and why.
security: $(TOOLS)/security/.installed $(TOOLS)/checkov/.installed ## bandit over app, hadolint and checkov over the image, checkov over k8s/base
	$(TOOLS)/security/bin/bandit --quiet --recursive --configfile pyproject.toml app supply_chain
	$(TOOLS)/security/bin/hadolint Dockerfile
	$(TOOLS)/checkov/bin/checkov --config-file .checkov.yaml --framework dockerfile --file Dockerfile
	@if command -v kubectl >/dev/null; then \
		kubectl kustomize k8s/base > $(TOOLS)/k8s.yaml && \
		$(TOOLS)/checkov/bin/checkov --config-file .checkov.yaml --framework kubernetes --file $(TOOLS)/k8s.yaml; \
	else echo "NOT CHECKED: k8s/base, for kubectl is missing here and no registry of ours has it"; fi

sbom: $(TOOLS)/security/.installed ## sbom.cdx.json: CycloneDX of requirements.lock, with hashes
	$(TOOLS)/security/bin/cyclonedx-py requirements requirements.lock --pyproject pyproject.toml --sv 1.6 --validate --output-reproducible -o sbom.cdx.json

licences: $(VENV)/.dev ## docs/licences.md anew; after `make lock`
	$(BIN)/python -m supply_chain.licences

test-system: $(VENV)/.dev ## real image, Prometheus and browser; needs root and Debian packages (installs them)
	tests/system/install.sh
	$(BIN)/python -m pytest -m system

lock: $(VENV)/.dev ## resolve the dependencies anew, with hashes
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --extra dev pyproject.toml -o requirements-dev.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --extra dev --extra bench --constraint requirements-dev.lock pyproject.toml -o requirements-bench.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --group security -o requirements-security.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --group checkov -o requirements-checkov.lock

openapi: $(VENV)/.dev ## export our OpenAPI to openapi/openapi.json
	$(BIN)/python -m app openapi > openapi/openapi.json

clean: ## remove what these targets made
	rm -rf $(VENV) $(TOOLS) sbom.cdx.json .demo .mypy_cache .ruff_cache .pytest_cache .hypothesis
