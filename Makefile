# Thin on purpose: bootstrap.sh makes the Python environment, `python -m patchbay_local` does the work.
.PHONY: help up down clean status env emulate recover test bench latency nodes load compare faults plan lint lock lock-downloads bootstrap environment smoke restore-drill
.DEFAULT_GOAL := help
PATCHBAY := .venv/bin/python -m patchbay_local
COMPILE := .venv/bin/uv pip compile --quiet --python-version 3.11 --generate-hashes --no-header
# Further arguments, such as `make test ARGS="tests/unit -k config"` or `make up ARGS=--skip-proof`.
ARGS ?=
# The stack that `make bootstrap`, `emulate`, `plan`, `recover` and `smoke` are about.
STACK ?=
# The load that `make plan` plans for.
PROFILE ?=

help: ## Show the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

up: environment ## From a bare machine to a proven platform; safe to repeat
	@$(PATCHBAY) up $(ARGS)

down: environment ## Stop everything and put the machine back; builds are kept
	@$(PATCHBAY) down

clean: environment ## Remove builds and downloads, which `make down` keeps
	@$(PATCHBAY) clean

status: environment ## What runs, where, and the addresses to open
	@$(PATCHBAY) status

env: ## Shell variables for kubectl and pulumi: eval "$(make -s env)"
	@$(PATCHBAY) env

bootstrap: environment ## What an administrator runs once for an environment on AWS: STACK=production [ARGS="--dry-run --login"]
	@.venv/bin/python -m patchbay_operations.bootstrap --stack-file "Pulumi.$(STACK).yaml" $(ARGS)

emulate: environment ## A stack's whole AWS on an emulated account, checked: STACK=production
	@$(PATCHBAY) emulate --stack "$(STACK)" $(ARGS)

smoke: environment ## Real AWS: deploy, check, prove the scaling, destroy: STACK=dev ARGS="--budget 15"
	@.venv/bin/python -m patchbay_operations.smoke --stack-file "Pulumi.$(STACK).yaml" $(ARGS)

recover: environment ## After an update that was killed: STACK=production [ARGS=--emulated]
	@$(PATCHBAY) recover --stack "$(STACK)" $(ARGS)

restore-drill: environment ## A tenant's data, spoiled and restored to a point in time, on servers of its own
	@$(PATCHBAY) restore-drill

test: environment ## Static checks, then every test on the running environment
	@$(PATCHBAY) test $(ARGS)

bench: environment ## Throughput and latency of the running environment
	@$(PATCHBAY) bench $(ARGS)

latency: environment ## Time to the second pod, beside EKS's default HPA sync period
	@$(PATCHBAY) latency $(ARGS)

nodes: environment ## Load until pods fit on no node, and back: nodes come, nodes go, nothing is lost
	@$(PATCHBAY) nodes $(ARGS)

load: environment ## A day's load in short: ARGS="--profile black-friday", soak or steady
	@$(PATCHBAY) load $(ARGS)

compare: environment ## The same load in pairs: as it scales here, and with the tools' defaults
	@$(PATCHBAY) compare $(ARGS)

faults: environment ## What can go wrong, on purpose and under load; nothing may be lost
	@$(PATCHBAY) faults $(ARGS)

plan: environment ## Pods, nodes, waiting and cost of a load to come: STACK=production PROFILE=FILE ARGS="--cluster shared"
	@.venv/bin/python -m patchbay_operations.capacity "$(PROFILE)" --stack-file "Pulumi.$(STACK).yaml" $(ARGS)

lint: environment ## Types, style, shell scripts
	@$(PATCHBAY) lint

lock: ## Pin every Python dependency, with hashes and without index addresses
	@mkdir -p requirements
	$(COMPILE) --extra runtime --output-file requirements/runtime.txt pyproject.toml
	$(COMPILE) --extra autoscaler --output-file requirements/autoscaler.txt pyproject.toml
	$(COMPILE) --all-extras --output-file requirements/dev.txt pyproject.toml
	$(COMPILE) --output-file requirements/checkov.txt requirements/checkov.in
	$(COMPILE) --output-file requirements/ministack.txt requirements/ministack.in

lock-downloads: environment ## Pin the published checksums of what is downloaded, after a change of versions
	@$(PATCHBAY) lock-downloads

environment:
	@bash local/bootstrap.sh
