# Thin on purpose: bootstrap.sh makes the Python environment, `python -m patchbay_local` does the work.
.PHONY: help up down clean status env emulate recover test bench latency nodes load compare faults plan lint lock lock-downloads bootstrap
.DEFAULT_GOAL := help
PATCHBAY := .venv/bin/python -m patchbay_local
COMPILE := .venv/bin/uv pip compile --quiet --python-version 3.11 --generate-hashes --no-header
# Further arguments, such as `make test ARGS="tests/unit -k config"` or `make up ARGS=--skip-proof`.
ARGS ?=
# Whose AWS `make emulate` deploys, which stack `make recover` recovers, for which one `make plan` plans.
STACK ?=
# The load that `make plan` plans for.
PROFILE ?=

help: ## Show the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

up: bootstrap ## From a bare machine to a proven platform; safe to repeat
	@$(PATCHBAY) up $(ARGS)

down: bootstrap ## Stop everything and put the machine back; builds are kept
	@$(PATCHBAY) down

clean: bootstrap ## Remove builds and downloads, which `make down` keeps
	@$(PATCHBAY) clean

status: bootstrap ## What runs, where, and the addresses to open
	@$(PATCHBAY) status

env: ## Shell variables for kubectl and pulumi: eval "$(make -s env)"
	@$(PATCHBAY) env

emulate: bootstrap ## A stack's whole AWS on an emulated account, checked: STACK=production
	@$(PATCHBAY) emulate --stack "$(STACK)" $(ARGS)

recover: bootstrap ## After an update that was killed: STACK=production [ARGS=--emulated]
	@$(PATCHBAY) recover --stack "$(STACK)" $(ARGS)

test: bootstrap ## Static checks, then every test on the running environment
	@$(PATCHBAY) test $(ARGS)

bench: bootstrap ## Throughput and latency of the running environment
	@$(PATCHBAY) bench $(ARGS)

latency: bootstrap ## Time to the second pod, beside EKS's default HPA sync period
	@$(PATCHBAY) latency $(ARGS)

nodes: bootstrap ## Load until pods fit on no node, and back: nodes come, nodes go, nothing is lost
	@$(PATCHBAY) nodes $(ARGS)

load: bootstrap ## A day's load in short: ARGS="--profile black-friday", soak or steady
	@$(PATCHBAY) load $(ARGS)

compare: bootstrap ## The same load in pairs: as it scales here, and with the tools' defaults
	@$(PATCHBAY) compare $(ARGS)

faults: bootstrap ## What can go wrong, on purpose and under load; nothing may be lost
	@$(PATCHBAY) faults $(ARGS)

plan: bootstrap ## Pods, nodes, waiting and cost of a load to come: STACK=production PROFILE=FILE ARGS="--cluster shared"
	@.venv/bin/python -m patchbay_operations.capacity "$(PROFILE)" --stack-file "Pulumi.$(STACK).yaml" $(ARGS)

lint: bootstrap ## Types, style, shell scripts
	@$(PATCHBAY) lint

lock: ## Pin every Python dependency, with hashes and without index addresses
	@mkdir -p requirements
	$(COMPILE) --extra runtime --output-file requirements/runtime.txt pyproject.toml
	$(COMPILE) --extra autoscaler --output-file requirements/autoscaler.txt pyproject.toml
	$(COMPILE) --all-extras --output-file requirements/dev.txt pyproject.toml
	$(COMPILE) --output-file requirements/checkov.txt requirements/checkov.in

lock-downloads: bootstrap ## Pin the published checksums of what is downloaded, after a change of versions
	@$(PATCHBAY) lock-downloads

bootstrap:
	@bash local/bootstrap.sh
