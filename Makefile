# gatehouse: every target sets up what it needs, says what it installs, and may be run again.
SHELL := /bin/bash
BIN := .venv/bin
# One worker more than a small machine has processors, as many tests wait.
SIDE_BY_SIDE := -n 3 --dist loadgroup
QUICK := $(SIDE_BY_SIDE) -m "not demo and not slow and not system and not field and not image"

.PHONY: help setup setup-system setup-image demo test test-system test-field test-image check lint lint-roles types clean

help:  ## Show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 18

setup:  ## Install system packages, the virtual environment and the models
	@scripts/setup

demo: setup  ## A whole site at work on this machine (ONCE=1: each vehicle once, then a summary)
	@$(BIN)/gatehouse demo $(if $(ONCE),--once) $(if $(IMAGES),--images $(IMAGES))

test: setup-system setup-image lint lint-roles types  ## The whole suite; what watches the clock runs alone
	$(BIN)/pytest -q $(QUICK)
	$(BIN)/pytest -q $(SIDE_BY_SIDE) -m "slow and not demo and not system and not field and not image"
	$(BIN)/pytest -m demo
	$(MAKE) --no-print-directory -j2 guest image

# The image takes what processor the guest leaves, and says its lines when the guest's are not under way.
.PHONY: guest image
guest:
	$(BIN)/pytest -m "system or field"
image:
	@log=$$(mktemp); $(BIN)/pytest -m image >"$$log" 2>&1; code=$$?; cat "$$log"; rm "$$log"; exit $$code

setup-system: setup  ## And what the system test needs, when run as root
	@if [ "$$(id -u)" = 0 ]; then scripts/setup --system; fi

test-system: setup-system  ## A bare Debian guest becomes a gate appliance (root)
	$(BIN)/pytest -q -m system

test-field: setup-system  ## The acceptance against a provisioned guest, planted faults, the drills (root)
	$(BIN)/pytest -q -m field

setup-image: setup  ## And what the image test needs, when run as root
	@if [ "$$(id -u)" = 0 ]; then scripts/setup --image; fi

test-image: setup-system setup-image  ## The disk image, built twice and started, if changed since it passed (root; GATEHOUSE_IMAGE_TEST=1 forces it)
	$(BIN)/pytest -q tests/image

check: setup lint types  ## The everyday loop: everything but the demo and what is slow
	$(BIN)/pytest -q $(QUICK)

lint:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/yamllint --strict .

lint-roles:
	$(BIN)/ansible-lint -q provision.yml roles

types:
	$(BIN)/mypy

clean:  ## Remove what the demo and the tests left
	rm -rf var .pytest_cache .mypy_cache .ruff_cache
